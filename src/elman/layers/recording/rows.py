"""Hold the recorded numbers of one layer in one direction over one call, and split a weight's gradient into steps.

The numbers are as the layer's kernels wrote them. The rows of a step may be in any order for its share in a gradient,
the product of the gradient of the pre-activations with their inputs: it is a sum over them.
"""

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


def share(rows: Rows, name: str, t: int) -> Tensor:
    """Return the part that step t adds to the gradient of `name`; `Steps.share` has the contract."""
    if name == "weight_ih":
        return rows.step("dgates", t).flatten(1).T @ rows.step("x", t)
    if name == "bias_ih":
        return rows.step("dgates", t).flatten(1).sum(0)
    if name == "bias_hh":
        return _hidden_sums(rows, t).flatten(1).sum(0)
    if name == "weight_hh":
        sums, before = _hidden_sums(rows, t), rows.before(t)
        if rows.cell.reset != "before":
            return sums.flatten(1).T @ before
        reset = rows.step("gates", t)[:, 0] * before
        return torch.cat((sums[:, :-1].flatten(1).T @ before, sums[:, -1].T @ reset))
    output_gate = rows.step("gates", t)[:, 3]
    return rows.step("dh", t).T @ (output_gate * rows.step("c", t).tanh())  # weight_hr


def _hidden_sums(rows: Rows, t: int) -> Tensor:
    """Return the gradient of W_hh h_{t-1} + b_hh, (B, G, H); a reset gate after the product scales the last part."""
    sums = rows.step("dgates", t)
    if rows.cell.reset != "after":
        return sums
    *others, last = sums.unbind(1)
    return torch.stack((*others, last * rows.step("gates", t)[:, 0]), 1)
