"""The time loop, written once for every cell: dense or packed, forward in time or in reverse, whole or in segments.

The equation of a cell is `step(x, state, parameters) -> (state, gates)`; `unroll` repeats it over a sequence, and
`recurrence` runs a layer by it. The reference backend and the second derivatives of the native one use this loop.

Segment by segment, torch saves no tensors of a step for the backward pass but recomputes them, one segment at a time.
The graph of the operations is the same, the final stacking of all outputs too, and so are all bits.

Dimension key: T time, B batch, I input size, H hidden size, G gates, N rows of a packed batch (the sum of its batch
sizes).
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from elman.ops.cell import Cell, Gates, Parameters, State, Step
from elman.ops.reference.traced import follow
from elman.ops.trace import Trace


class Unrolled(NamedTuple):
    """The results of the loop; the lists are in time order in both directions.

    Attributes:
        y: The output h of every step, (T, B, H), or (N, H) for a packed batch.
        final: The state after the last step computed, each part (B, H).
        states: The state after each step, each part (B_t, H).
        gates: The gates of each step by name, each (B_t, H).
    """

    y: Tensor
    final: State
    states: list[State]
    gates: list[Gates]


def recurrence(
    cell: Cell,
    x: Tensor,
    initial: State,
    parameters: Parameters,
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    segment: int = 0,
    trace: Trace | None = None,
) -> State:
    """Run one layer in one direction over a sequence; `elman.ops.run.run` describes the arguments and results.

    With a `segment` no trace is filled in.
    """
    if initial[0].dim() == 3:
        squeezed = tuple(s_0.squeeze(0) for s_0 in initial)
        y, *final = recurrence(cell, x, squeezed, parameters, batch_sizes, reverse, segment, trace)
        return y, *(torch.stack([s_n]) for s_n in final)  # a copy: the user may change it, and tanh has saved its own
    if segment and x.shape[0] > 0:
        return _in_segments(cell.step, x, initial, parameters, batch_sizes, reverse, segment)
    done = unroll(cell.step, x, initial, parameters, batch_sizes, reverse)
    if trace is not None:
        follow(trace, cell, x, initial, done.y, done.states, done.gates)
    return done.y, *done.final


def unroll(
    step: Step,
    x: Tensor,
    initial: State,
    parameters: Parameters,
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
) -> Unrolled:
    """Repeat `step` over a sequence; a packed batch costs only the rows that are live at each step.

    Args:
        step: The cell's equation.
        x: The input, (T, B, I), or the rows of a packed batch, (N, I). T and B may be 0.
        initial: The state before the first step, each part (B, H).
        parameters: The cell's parameters.
        batch_sizes: None for a dense sequence, or the number of live rows of each step, (T,), never growing.
        reverse: Go from the last step to the first.

    Returns:
        The outputs, the final state, and the states and gates of every step.
    """
    inputs = x.unbind(0) if batch_sizes is None else torch.split(x, batch_sizes.tolist())
    state = initial
    if reverse and batch_sizes is not None and inputs:
        state = tuple(s_0[:0] for s_0 in initial)  # a row starts at its last step
    states: list[State] = []
    gates: list[Gates] = []
    finished: list[State] = []
    for x_t in reversed(inputs) if reverse else inputs:
        state = _resize(state, initial, x_t.shape[0], finished)
        state, gates_t = step(x_t, state, parameters)
        states.append(state)
        gates.append(gates_t)
    if reverse:
        states.reverse()
        gates.reverse()
    return Unrolled(_outputs(states, initial, batch_sizes), _finish(state, finished), states, gates)


def _resize(state: State, initial: State, rows: int, finished: list[State]) -> State:
    """Return the state of the rows that are live in this step.

    The rows of a packed batch end one after the other, the last row first: forward in time the state shrinks, and the
    rows that ended are appended to `finished`; in reverse it grows by rows of the initial state.
    """
    live = state[0].shape[0]
    if rows < live:
        finished.append(tuple(s[rows:] for s in state))
        return tuple(s[:rows] for s in state)
    if rows > live:
        return tuple(torch.cat((s, s_0[live:rows])) for s, s_0 in zip(state, initial, strict=True))
    return state


def _outputs(states: Sequence[State], initial: State, batch_sizes: Tensor | None) -> Tensor:
    h_0 = initial[0]
    if not states:
        return h_0.new_zeros((0, *h_0.shape) if batch_sizes is None else (0, h_0.shape[-1]))
    h = [state[0] for state in states]
    return torch.stack(h) if batch_sizes is None else torch.cat(h)


def _finish(state: State, finished: Sequence[State]) -> State:
    """Return the final state of all rows: those live in the last step, then those in `finished`."""
    if not finished:
        return state
    return tuple(torch.cat(parts) for parts in zip(state, *reversed(finished), strict=True))


def _in_segments(
    step: Step,
    x: Tensor,
    initial: State,
    parameters: Parameters,
    batch_sizes: Tensor | None,
    reverse: bool,
    segment: int,
) -> State:
    def walk(x: Tensor, batch_sizes: Tensor | None, *before: Tensor) -> tuple[Tensor, ...]:
        done = unroll(step, x, before, parameters, batch_sizes, reverse)
        return *(state[0] for state in done.states), *done.final

    state = tuple(s_0[:0] for s_0 in initial) if reverse and batch_sizes is not None else initial
    outputs: list[tuple[Tensor, ...]] = []
    finished: list[State] = []
    for part, sizes in _parts(x, batch_sizes, segment, reverse):
        state = _resize(state, initial, part.shape[1] if sizes is None else int(sizes[0]), finished)
        found = checkpoint(walk, part, sizes, *state, use_reentrant=False, preserve_rng_state=False)
        outputs.append(found[: -len(initial)])
        state = found[-len(initial) :]
    h = list(chain(*(reversed(outputs) if reverse else outputs)))
    return torch.stack(h) if batch_sizes is None else torch.cat(h), *_finish(state, finished)


def _parts(x: Tensor, batch_sizes: Tensor | None, segment: int, reverse: bool) -> list[tuple[Tensor, Tensor | None]]:
    """Return the inputs and batch sizes of the segments in the order of computation; the last may be shorter."""
    steps = (x if batch_sizes is None else batch_sizes).shape[0]
    lengths = [min(segment, steps - first) for first in range(0, steps, segment)]
    in_time = lengths[::-1] if reverse else lengths
    if batch_sizes is None:
        parts: list[tuple[Tensor, Tensor | None]] = [(part, None) for part in torch.split(x, in_time)]
    else:
        sizes = torch.split(batch_sizes, in_time)
        parts = list(zip(torch.split(x, [int(part.sum()) for part in sizes]), sizes, strict=True))
    return parts[::-1] if reverse else parts
