"""Run one layer in one direction: one function for every cell and both of Elman's backends."""

from collections.abc import Sequence

from torch import Tensor

from elman.ops import native
from elman.ops.cell import Cell, Parameters, State
from elman.ops.reference import recurrence
from elman.ops.trace import Trace


def run(
    cell: Cell,
    backend: str,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor | None],
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    segment: int = 0,
    trace: Trace | None = None,
) -> State:
    """Run one layer in one direction over a sequence.

    Args:
        cell: The equation.
        backend: "native" (float32 on the CPU) or "reference".
        x: The input, (T, B, I), or (B, I) for one step, or the rows of a packed batch, (N, I).
        state: The state before the first step, each part (B, H); for a sequence also (1, B, H), as a stack of one layer
            has it.
        weights: weight_ih (G*H, I), weight_hh (G*H, H), bias_ih and bias_hh (G*H,) or None for both; for the reference
            perhaps more, in the order of `Parameters`.
        batch_sizes: None, or for a packed batch the number of rows of each step, (T,) int64.
        reverse: Go from the last step to the first.
        segment: Number of steps that the backward pass recomputes at a time; 0 saves what it needs of every step.
            Results and gradients have the same bits.
        trace: Filled in with the values and later the gradients of every step, if there is one.

    Returns:
        y, (T, B, H) or (N, H), but not for one step (B, I), where it is the final h; then each part of the final state,
        shaped as in `state`.
    """
    if backend == "native":
        segment = segment if cell.saved else 0  # there is nothing to recompute
        return native.recurrence(cell, x, state, weights, batch_sizes, reverse, segment, trace)
    parameters = Parameters(*weights)  # type: ignore[arg-type]
    if batch_sizes is None and x.dim() == 2:
        return recurrence(cell, x.unsqueeze(0), tuple(state), parameters)[1:]
    return recurrence(cell, x, tuple(state), parameters, batch_sizes, reverse, segment, trace)
