"""Hold the recorded numbers of one layer in one direction over one call, as the layer's kernels wrote them."""

from typing import NamedTuple

import torch
from torch import Tensor

from elman.errors import InputError
from elman.ops.cell import Cell
from elman.ops.trace import Trace


class Equation(NamedTuple):
    """The parts of a layer's equation that a record needs.

    Attributes:
        cell: The equation; the only gate of the RNN is `a`, its pre-activation.
        parameters: Their names without the layer's number, `weight_ih` first.
    """

    cell: Cell
    parameters: tuple[str, ...]


class Layout(NamedTuple):
    """The layout of the rows of a call.

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


class Rows:
    """The rows of every step, without padding and in the order of a packed batch."""

    def __init__(self, trace: Trace, equation: Equation, layout: Layout, reverse: bool) -> None:
        self._trace, self._equation, self._layout = trace, equation, layout
        self.reverse = reverse

    def __contains__(self, name: str) -> bool:
        return name in self._trace

    @property
    def cell(self) -> Cell:
        """The equation."""
        return self._equation.cell

    @property
    def tensors(self) -> list[Tensor]:
        """All recorded tensors."""
        return self._trace.tensors

    def get(self, name: str) -> Tensor:
        """Return one part of all steps.

        Raises:
            InputError: the layer has no such part, it was not kept, or no gradient has reached this call yet.
        """
        if name in self._trace:
            return self._trace[name]
        if name in ("c", "c_0", "dc") and "c" not in self._equation.cell.states:
            raise InputError(f"record: {name} is an LSTM's, and this layer has the gates {self._equation.cell.gates}")
        part = {"x": "dgates", "h_0": "h", "c_0": "c"}.get(name, name)
        if part not in self._trace.keep:
            raise InputError(f"record: {part} was not kept; name it in only=[...]")
        raise InputError(
            f"record: no {name} yet, because no gradient has reached this call; call backward() on a loss made from it"
        )

    def step(self, name: str, t: int) -> Tensor:
        """Return one part of step t, without padding and in the order of a packed batch."""
        if self._layout.batch_sizes is None:
            return self.get(name)[t]
        begin = int(self._layout.batch_sizes[:t].sum())
        return self.get(name)[begin : begin + int(self._layout.batch_sizes[t])]

    def before(self, t: int) -> Tensor:
        """Return the state h before step t: that after the step before, or `h_0` in rows that begin at t."""
        earlier, first = (t + 1, self._layout.steps - 1) if self.reverse else (t - 1, 0)
        count, h_0 = len(self.step("h", t)), self.get("h_0")
        if t == first:
            return h_0[:count]
        before = self.step("h", earlier)[:count]
        return torch.cat((before, h_0[len(before) : count]))
