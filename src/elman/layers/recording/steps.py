"""Show one layer in one direction over one call: time first, rows in the user's order, gates by name."""

from abc import ABC, abstractmethod
from functools import cached_property

import torch
from torch import Tensor

from elman.errors import InputError
from elman.layers.recording.rows import Equation, Layout, Rows, share
from elman.ops.trace import PARTS, Trace


class Parts(ABC):
    """The parts of recorded steps by name, of one call or of several joined.

    Tensors are time-major whatever `batch_first` says: (T, B, H), with B = 1 for an input without a batch.
    """

    @property
    def h(self) -> Tensor:
        """The state after each step, (T, B, H), or (T, B, P) with a projection."""
        return self._part("h")

    @property
    def c(self) -> Tensor:
        """The LSTM's cell after each step, (T, B, H)."""
        return self._part("c")

    @property
    def h_0(self) -> Tensor:
        """The state before the first step, (B, H); in reverse, before step T - 1."""
        return self._initial("h_0")

    @property
    def c_0(self) -> Tensor:
        """The LSTM's cell before the first step, (B, H)."""
        return self._initial("c_0")

    @property
    def x(self) -> Tensor:
        """The layer's input, (T, B, I), kept for the shares."""
        return self._part("x")

    @property
    def gates(self) -> dict[str, Tensor]:
        """The gates' values by name, each (T, B, H): LSTM i f g o, GRU r z n; an RNN has none."""
        return {} if self.gate_names == ("a",) else self._by_gate("gates")

    @property
    def dh(self) -> Tensor:
        """dL/dh_t, total: through the output and through later steps, (T, B, H)."""
        return self._part("dh")

    @property
    def dc(self) -> Tensor:
        """dL/dc_t, total, (T, B, H)."""
        return self._part("dc")

    @property
    def dgates(self) -> dict[str, Tensor]:
        """The loss's derivative by each gate's pre-activation, each (T, B, H); the RNN's is called `a`.

        Of the GRU's n it is the derivative by the argument of its tanh.
        """
        return self._by_gate("dgates")

    @property
    def lengths(self) -> Tensor:
        """The number of steps of each sequence, (B,)."""
        return self.mask.sum(0)

    @property
    @abstractmethod
    def mask(self) -> Tensor:
        """True where a sequence has a step, (T, B), bool."""

    @property
    @abstractmethod
    def gate_names(self) -> tuple[str, ...]:
        """The names that `dgates` has."""

    @abstractmethod
    def _part(self, name: str) -> Tensor:
        """Return a part of every step, (T, B, ...)."""

    @abstractmethod
    def _initial(self, name: str) -> Tensor:
        """Return a part of the state before the first step, (B, H)."""

    def _by_gate(self, name: str) -> dict[str, Tensor]:
        all_gates = self._part(name)
        return {gate: all_gates[:, :, k] for k, gate in enumerate(self.gate_names)}


class Steps(Parts):
    """Every step of one layer in one direction, over one call.

    A packed batch is padded: T is its longest sequence, B is in the user's order, and where `mask` is False all values
    are 0. Gradients are sums over all backward passes so far, as in `.grad`. Tensors share the layer's memory: change a
    copy.

    Attributes:
        reverse: Whether the layer runs from the last step to the first. Step t is always the input's step t.
    """

    def __init__(self, trace: Trace, equation: Equation, layout: Layout, reverse: bool) -> None:
        self._rows, self._equation, self._layout = Rows(trace, equation, layout, reverse), equation, layout
        self.reverse = reverse

    def __repr__(self) -> str:
        kept = ", ".join(name for name in ("h_0", "c_0", *PARTS, "x") if name in self._rows)
        return f"<Steps: {kept}>"

    @property
    def gate_names(self) -> tuple[str, ...]:
        """The names that `dgates` has."""
        return self._equation.cell.gates

    @cached_property
    def mask(self) -> Tensor:
        """True where a sequence has a step, (T, B), bool."""
        sizes = self._layout.batch_sizes
        if sizes is None:
            return torch.ones(self._layout.steps, self._layout.batch, dtype=torch.bool)
        return self._in_order(self._live(sizes), 1)

    def share(self, name: str, t: int) -> Tensor:
        """Return the part that step t adds to a parameter's gradient; the shares of all steps sum to the gradient.

        Args:
            name: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`, or `weight_hr` of a projection.
            t: The step, 0 <= t < T.

        Returns:
            In the parameter's shape.

        Raises:
            InputError: There is no such parameter or step, a needed part was not kept, or no gradient has arrived yet.
        """
        if name not in self._equation.parameters:
            raise InputError(
                f"record: this layer has the parameters {', '.join(self._equation.parameters)}; got {name!r}"
            )
        if not 0 <= t < self._layout.steps:
            raise InputError(f"record: expected a step from 0 to {self._layout.steps - 1}, got {t}")
        return share(self._rows, name, t)

    @property
    def held(self) -> list[Tensor]:
        """All tensors that this keeps alive."""
        return self._rows.tensors

    def _live(self, batch_sizes: Tensor) -> Tensor:
        """The mask in the packed order."""
        return torch.arange(self._layout.batch)[None] < batch_sizes[:, None]

    def _part(self, name: str) -> Tensor:
        rows = self._rows.get(name)
        if self._layout.batch_sizes is None:
            return rows
        live = self._live(self._layout.batch_sizes).to(rows.device)
        padded = rows.new_zeros(*live.shape, *rows.shape[1:])
        padded[live] = rows
        return self._in_order(padded, 1)

    def _initial(self, name: str) -> Tensor:
        return self._in_order(self._rows.get(name), 0)

    def _in_order(self, tensor: Tensor, dim: int) -> Tensor:
        restore = self._layout.restore
        return tensor if restore is None else tensor.index_select(dim, restore.to(tensor.device))
