"""Run the reference over a sequence, as a whole or segment by segment.

Segment by segment, torch saves no tensors of a step for the backward pass but recomputes them, one segment at a time.
The graph of the operations is the same, the final stacking of all outputs too, and so are all bits.
"""

from itertools import chain

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from elman.ops.cell import Cell, Parameters, State, Step
from elman.ops.reference.loop import finish, resize, unroll
from elman.ops.reference.traced import follow
from elman.ops.trace import Trace


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
        state = resize(state, initial, part.shape[1] if sizes is None else int(sizes[0]), finished)
        found = checkpoint(walk, part, sizes, *state, use_reentrant=False, preserve_rng_state=False)
        outputs.append(found[: -len(initial)])
        state = found[-len(initial) :]
    h = list(chain(*(reversed(outputs) if reverse else outputs)))
    return torch.stack(h) if batch_sizes is None else torch.cat(h), *finish(state, finished)


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
