"""One layer in one direction over one call, as a reader wants it: time first, the user's order, names for the gates."""

from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from elman.errors import InputError
from elman.layers.recording import shares
from elman.ops.cell import Cell
from elman.ops.trace import PARTS, Trace


class Equation(NamedTuple):
    """What a layer computes, as far as a record must know.

    Attributes:
        cell: The equation; the only gate of the RNN is `a`, its pre-activation.
        parameters: Their names without the layer's number, `weight_ih` first.
    """

    cell: Cell
    parameters: tuple[str, ...]


class Layout(NamedTuple):
    """How the rows of a call stand.

    Attributes:
        steps: T.
        batch: B.
        batch_sizes: The rows of each step of a packed batch, (T,), or None.
        restore: The user's order of a packed batch, (B,), or None where it is the packed one.
    """

    steps: int
    batch: int
    batch_sizes: Tensor | None = None
    restore: Tensor | None = None


class Steps:
    """Every step of one layer in one direction, over one call.

    Tensors are time-major whatever `batch_first` says: (T, B, H), with B = 1 for an input without a batch. A packed
    batch is padded: T is its longest sequence, B stands in the user's order, and where `mask` is False all is 0.
    Gradients are the sums over all backward passes so far, as in `.grad`. All share the layer's memory: change a copy.

    Attributes:
        reverse: Whether the layer goes from the last step to the first. Step t is the input's step t all the same.
    """

    def __init__(self, trace: Trace, equation: Equation, layout: Layout, reverse: bool) -> None:
        self._trace, self._equation, self._layout = trace, equation, layout
        self.reverse = reverse

    def __repr__(self) -> str:
        kept = ", ".join(name for name in ("h_0", "c_0", *PARTS, "x") if name in self._trace)
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
        """dL/dh_t, all that h_t does to the loss, through the output and through later steps, (T, B, H)."""
        return self._padded("dh")

    @property
    def dc(self) -> Tensor:
        """dL/dc_t, likewise, (T, B, H)."""
        return self._padded("dc")

    @property
    def dgates(self) -> dict[str, Tensor]:
        """The loss's derivative by each gate's pre-activation, each (T, B, H); the RNN's is called `a`.

        Of the GRU's n it is the derivative by the argument of its tanh.
        """
        return self._by_gate("dgates")

    @cached_property
    def mask(self) -> Tensor:
        """Which steps there are, (T, B), bool."""
        sizes = self._layout.batch_sizes
        if sizes is None:
            return torch.ones(self._layout.steps, self._layout.batch, dtype=torch.bool)
        return self._in_order(self._live(sizes), 1)

    @property
    def lengths(self) -> Tensor:
        """The number of steps of each sequence, (B,)."""
        return self.mask.sum(0)

    def share(self, name: str, t: int) -> Tensor:
        """What step t adds to a parameter's gradient; over all steps the shares sum to the whole.

        Args:
            name: `weight_ih`, `weight_hh`, `bias_ih`, `bias_hh`, or `weight_hr` of a projection.
            t: The step, 0 <= t < T.

        Returns:
            In the parameter's shape.

        Raises:
            InputError: There is no such parameter or step, or what it takes was not kept, or no gradient has come yet.
        """
        if name not in self._equation.parameters:
            raise InputError(
                f"record: this layer has the parameters {', '.join(self._equation.parameters)}; got {name!r}"
            )
        if not 0 <= t < self._layout.steps:
            raise InputError(f"record: expected a step from 0 to {self._layout.steps - 1}, got {t}")
        return shares.share(self, name, t, self._equation.cell)

    @property
    def x(self) -> Tensor:
        """The layer's input, (T, B, I), kept for the shares."""
        return self._padded("x")

    def rows(self, name: str, t: int) -> Tensor:
        """One part of step t, without padding and in the order in which a packed batch stands."""
        if self._layout.batch_sizes is None:
            return self._get(name)[t]
        begin = int(self._layout.batch_sizes[:t].sum())
        return self._get(name)[begin : begin + int(self._layout.batch_sizes[t])]

    def rows_before(self, t: int) -> Tensor:
        """The state h that the rows of step t started from: the step's before, or, in rows that begin, `h_0`."""
        earlier, first = (t + 1, self._layout.steps - 1) if self.reverse else (t - 1, 0)
        count, h_0 = len(self.rows("h", t)), self._get("h_0")
        if t == first:
            return h_0[:count]
        before = self.rows("h", earlier)[:count]
        return torch.cat((before, h_0[len(before) : count]))

    @property
    def held(self) -> list[Tensor]:
        """Every tensor that this keeps alive."""
        return self._trace.tensors

    def _live(self, batch_sizes: Tensor) -> Tensor:
        """The mask in the packed order."""
        return torch.arange(self._layout.batch)[None] < batch_sizes[:, None]

    def _get(self, name: str) -> Tensor:
        if name in self._trace:
            return self._trace[name]
        if name in ("c", "c_0", "dc") and "c" not in self._equation.cell.states:
            raise InputError(f"record: {name} is an LSTM's, and this layer has the gates {self._equation.cell.gates}")
        part = {"x": "dgates", "h_0": "h", "c_0": "c"}.get(name, name)
        if part not in self._trace.keep:
            raise InputError(f"record: {part} was not kept; name it in only=[...]")
        raise InputError(
            f"record: no {name} yet, because no gradient has come to this call; call backward() on a loss made from it"
        )

    def _padded(self, name: str) -> Tensor:
        rows = self._get(name)
        if self._layout.batch_sizes is None:
            return rows
        live = self._live(self._layout.batch_sizes).to(rows.device)
        padded = rows.new_zeros(*live.shape, *rows.shape[1:])
        padded[live] = rows
        return self._in_order(padded, 1)

    def _ordered(self, name: str) -> Tensor:
        return self._in_order(self._get(name), 0)

    def _in_order(self, tensor: Tensor, dim: int) -> Tensor:
        restore = self._layout.restore
        return tensor if restore is None else tensor.index_select(dim, restore.to(tensor.device))

    def _by_gate(self, name: str) -> dict[str, Tensor]:
        all_gates = self._padded(name)
        return {gate: all_gates[:, :, k] for k, gate in enumerate(self._equation.cell.gates)}
