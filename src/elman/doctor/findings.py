"""All that is measured of a model on a batch, before anything is made of it."""

from dataclasses import dataclass, field

from elman.doctor.first_nonfinite import FirstNonfinite
from elman.doctor.gates import Units
from elman.doctor.jacobian import Gains
from elman.doctor.measure import Floats, Key
from elman.doctor.spectrum import Spectrum

FORGOTTEN = 0.01
"""A gradient is forgotten where its norm is under this share of what it was at the loss."""


@dataclass(frozen=True)
class LayerFindings:
    """One recurrent layer in one direction.

    Attributes:
        key: its module, the number of the layer in it, "forward" or "reverse".
        name: what to call it: "recurrent layer 1", or with its direction.
        mode: its cell, as torch names it: "LSTM", "GRU", "RNN_TANH", "RNN_RELU".
        by_lag: norm of the gradient that arrives at one step of each row from outside the layer, the last of its walk,
            followed back through this layer alone; by lag, (T,) or shorter; empty where none arrives. Where rows differ
            in length, the change over k steps is that of the rows that have them.
        by_step: norm of the gradient of the whole loss by each state, (T,), by time; where rows have ended, scaled as
            if the others were the whole batch.
        spectra: of its recurrent matrices, by gate.
        gains: measured products of Jacobians; None where numbers are not finite.
        units: what its gates and units do.
        map: of the batch's first sequence, the gate that keeps its memory, f or z, or the state h of an RNN, (T, H),
            as long as it is itself.
        read_after: the steps that the layer has walked where the loss, or the layer above, takes an output of it for
            the last time; 0 where none is taken.
    """

    key: Key
    name: str
    mode: str
    by_lag: Floats
    by_step: Floats
    spectra: dict[str, Spectrum]
    gains: Gains | None
    units: Units
    map: Floats
    read_after: int

    @property
    def map_name(self) -> str:
        """What `map` shows."""
        return {"LSTM": "forget gate f", "GRU": "gate z"}.get(self.mode, "state h")

    @property
    def memory(self) -> int | None:
        """Steps back until the gradient is under 1 % of what it was at the loss; None where it never is."""
        return memory_of(self.by_lag)

    @property
    def factor(self) -> float | None:
        """By what factor a step back changes the gradient: the geometric mean from lag 1 to where it is forgotten."""
        return factor_of(self.by_lag)

    @property
    def growth(self) -> float | None:
        """The largest gradient at any lag, by what it was at the loss."""
        return float(self.by_lag.max() / self.by_lag[0]) if len(self.by_lag) else None


@dataclass(frozen=True)
class Findings:
    """A model on a batch.

    Attributes:
        layers: in the order of their calls, forward before reverse.
        steps: T, of the longest layer and row.
        batch: B.
        loss: of the batch.
        gradient_norm: the global norm over all parameters.
        loss_steps: share of the steps at which the loss takes an output of the last layer; 1 / T for the last alone.
        norms: the global gradient norm of this batch and of the others.
        clip: the norm that training clips at, if there is one.
        clipped_share: share of updates, or of `norms`, that are clipped; None where nothing is known of clipping.
        truncation: steps that training lets gradients reach back, if it cuts them.
        first_nonfinite: where a number that is not finite is born.
        fresh: whether every recurrent layer still has weights as torch initialises them.
        unfollowed: by module, why what it does through time was not examined, or not all of it.
    """

    layers: list[LayerFindings]
    steps: int
    batch: int
    loss: float
    gradient_norm: float
    loss_steps: float
    norms: list[float] = field(default_factory=list)
    clip: float | None = None
    clipped_share: float | None = None
    truncation: int | None = None
    first_nonfinite: FirstNonfinite | None = None
    fresh: bool = False
    unfollowed: dict[str, str] = field(default_factory=dict)

    @property
    def followed(self) -> bool:
        """Say whether a gradient was followed through time anywhere: over two steps of a layer or more."""
        return any(len(layer.by_step) > 1 and layer.read_after for layer in self.layers)

    @property
    def asked(self) -> int:
        """The steps that a gradient is asked to reach back: T, or where training cuts it off sooner, as far as that."""
        return min(self.steps, self.truncation or self.steps)


def memory_of(by_lag: Floats) -> int | None:
    """Return the first lag at which a gradient is forgotten, or None."""
    if not len(by_lag):
        return None
    under = (by_lag < FORGOTTEN * by_lag[0]).nonzero()[0]
    return int(under[0]) if len(under) else None


def factor_of(by_lag: Floats) -> float | None:
    """Return the geometric mean of the change of a gradient for a step back, or None for fewer than two lags."""
    if len(by_lag) < 2:
        return None
    end = memory_of(by_lag) or len(by_lag) - 1
    begin = 1 if end > 1 else 0
    return float((by_lag[end] / by_lag[begin]) ** (1 / (end - begin)))
