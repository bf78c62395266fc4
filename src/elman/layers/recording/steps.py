"""Show one layer in one direction over one call: time first, rows in the user's order, gates by name."""

from functools import cached_property

import torch
from torch import Tensor

from elman.errors import InputError
from elman.layers.recording.rows import Equation, Layout, Rows
from elman.layers.recording.shares import share
from elman.ops.trace import PARTS, Trace


class Steps:
    """Every step of one layer in one direction, over one call.

    Tensors are time-major whatever `batch_first` says: (T, B, H), with B = 1 for an input without a batch. A packed
    batch is padded: T is its longest sequence, B is in the user's order, and where `mask` is False all values are 0.
    Gradients are sums over all backward passes so far, as in `.grad`. Tensors share the layer's memory: change a copy.

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
    def h(self) -> Tensor:
        """The state after each step, (T, B, H), or (T, B, P) with a projection."""
        return self._padded("h")

    @property
    def c(self) -> Tensor:
        """The LSTM's cell after each step, (T, B, H)."""
        return self._padded("c")

    @property
    def h_0(self) -> Tensor:
        """The state before the first step, (B, H); in reverse, before step T - 1."""
        return self._ordered("h_0")

    @property
    def c_0(self) -> Tensor:
        """The LSTM's cell before the first step, (B, H)."""
        return self._ordered("c_0")

    @property
    def gates(self) -> dict[str, Tensor]:
        """The gates' values by name, each (T, B, H): LSTM i f g o, GRU r z n; an RNN has none."""
        if self._equation.cell.gates == ("a",):
            return {}
        return self._by_gate("gates")

    @property
    def gate_names(self) -> tuple[str, ...]:
        """The names that `dgates` has."""
        return self._equation.cell.gates

    @property
    def dh(self) -> Tensor:
        """dL/dh_t, total: through the output and through later steps, (T, B, H)."""
        return self._padded("dh")

    @property
    def dc(self) -> Tensor:
        """dL/dc_t, total, (T, B, H)."""
        return self._padded("dc")

    @property
    def dgates(self) -> dict[str, Tensor]:
        """The loss's derivative by each gate's pre-activation, each (T, B, H); the RNN's is called `a`.

        Of the GRU's n it is the derivative by the argument of its tanh.
        """
        return self._by_gate("dgates")

    @cached_property
    def mask(self) -> Tensor:
        """True where a sequence has a step, (T, B), bool."""
        sizes = self._layout.batch_sizes
        if sizes is None:
            return torch.ones(self._layout.steps, self._layout.batch, dtype=torch.bool)
        return self._in_order(self._live(sizes), 1)

    @property
    def lengths(self) -> Tensor:
        """The number of steps of each sequence, (B,)."""
        return self.mask.sum(0)

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
    def x(self) -> Tensor:
        """The layer's input, (T, B, I), kept for the shares."""
        return self._padded("x")

    @property
    def held(self) -> list[Tensor]:
        """All tensors that this keeps alive."""
        return self._rows.tensors

    def _live(self, batch_sizes: Tensor) -> Tensor:
        """The mask in the packed order."""
        return torch.arange(self._layout.batch)[None] < batch_sizes[:, None]

    def _padded(self, name: str) -> Tensor:
        rows = self._rows.get(name)
        if self._layout.batch_sizes is None:
            return rows
        live = self._live(self._layout.batch_sizes).to(rows.device)
        padded = rows.new_zeros(*live.shape, *rows.shape[1:])
        padded[live] = rows
        return self._in_order(padded, 1)

    def _ordered(self, name: str) -> Tensor:
        return self._in_order(self._rows.get(name), 0)

    def _in_order(self, tensor: Tensor, dim: int) -> Tensor:
        restore = self._layout.restore
        return tensor if restore is None else tensor.index_select(dim, restore.to(tensor.device))

    def _by_gate(self, name: str) -> dict[str, Tensor]:
        all_gates = self._padded(name)
        return {gate: all_gates[:, :, k] for k, gate in enumerate(self._equation.cell.gates)}
