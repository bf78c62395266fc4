"""Hold all numbers that are measured of a model on a batch."""

from dataclasses import dataclass, field

from elman.doctor.first_nonfinite import FirstNonfinite
from elman.doctor.flow import Gains
from elman.doctor.gates import Units
from elman.doctor.measure import Floats, Key
from elman.doctor.weights import Spectrum

FORGOTTEN = 0.01
"""A gradient has vanished where its norm is less than this fraction of its norm at the loss."""


@dataclass(frozen=True)
class LayerFindings:
    """Hold one recurrent layer in one direction.

    Attributes:
        key: its module, the number of the layer in it, "forward" or "reverse".
        name: its name in the report: "recurrent layer 1", or with its direction.
        mode: its cell, as torch names it: "LSTM", "GRU", "RNN_TANH", "RNN_RELU".
        by_lag: norm by lag of the gradient that arrives from outside the layer at one step of each row, the last such
            step that the layer processes, followed back through this layer alone, (T,) or shorter; empty where none
            arrives. Where rows differ in length, the change over k steps is that of the rows that have them.
        by_step: norm of the gradient of the whole loss by each state, (T,), in time order; where rows have ended,
            scaled as if the others were the whole batch.
        spectra: spectra of its recurrent matrices, by gate.
        gains: measured products of Jacobians; None where numbers are not finite.
        units: statistics of its gates and units.
        map: the gate that keeps the memory, f or z, or the state h of an RNN, over the batch's first sequence, (T, H).
        read_after: the number of steps that the layer has processed when the loss, or the layer above, uses an output
            of it for the last time; 0 where none is used.
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
        """Return the name of the values in `map`."""
        return {"LSTM": "forget gate f", "GRU": "gate z"}.get(self.mode, "state h")

    @property
    def memory(self) -> int | None:
        """Return steps back until the gradient is less than 1 % of its norm at the loss; None where it never is."""
        return memory_of(self.by_lag)

    @property
    def factor(self) -> float | None:
        """Return the change of the gradient per step back: the geometric mean from lag 1 until it has vanished."""
        return factor_of(self.by_lag)

    @property
    def growth(self) -> float | None:
        """Return the largest gradient norm at any lag, divided by that at the loss."""
        return float(self.by_lag.max() / self.by_lag[0]) if len(self.by_lag) else None


@dataclass(frozen=True)
class Findings:
    """Hold the findings of a model on a batch.

    Attributes:
        layers: findings of each layer in the order of the calls, forward before reverse.
        steps: T, of the longest layer and row.
        batch: B.
        loss: the loss of the batch.
        gradient_norm: the global norm over all parameters.
        loss_steps: fraction of the steps at which the loss uses an output of the last layer; 1 / T for the last alone.
        norms: the global gradient norm of this batch and of the others.
        clip: the global gradient norm at which training clips, or None.
        clipped_share: fraction of updates, or of `norms`, that are clipped; None if unknown.
        truncation: the number of steps that training backpropagates through; None for all.
        first_nonfinite: the place of the first number that is not finite, or None.
        fresh: whether every recurrent layer still has initial weights of torch's.
        unfollowed: modules that were not examined through time, or not in whole, with the reason.
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
        """Return how many steps a gradient has to reach back: T, or training's truncation if that is shorter."""
        return min(self.steps, self.truncation or self.steps)


def memory_of(by_lag: Floats) -> int | None:
    """Return the first lag at which a gradient has vanished, or None."""
    if not len(by_lag):
        return None
    under = (by_lag < FORGOTTEN * by_lag[0]).nonzero()[0]
    return int(under[0]) if len(under) else None


def factor_of(by_lag: Floats) -> float | None:
    """Return the geometric mean of the change of a gradient per step back, or None for fewer than two lags."""
    if len(by_lag) < 2:
        return None
    end = memory_of(by_lag) or len(by_lag) - 1
    begin = 1 if end > 1 else 0
    return float((by_lag[end] / by_lag[begin]) ** (1 / (end - begin)))
