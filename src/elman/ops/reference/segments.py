"""The reference's results over a sequence, whole or segment by segment.

Segment by segment, torch keeps no step's tensors for the way back but computes them again, one segment at a time. The
graph of the operations is the same, the stacking of all outputs at its end too, and so are all bits.
"""

from itertools import chain

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from elman.ops.reference.loop import Parameters, State, Step, finish, resize, unroll
from elman.ops.trace import Trace


def results(
    step: Step,
    x: Tensor,
    initial: State,
    parameters: Parameters,
    batch_sizes: Tensor | None,
    reverse: bool,
    trace: Trace | None,
    segment: int,
) -> tuple[Tensor, ...]:
    """Walk `step` over a sequence, `segment` steps at a time, or all of them, filling in the trace, if it is 0.

    Returns:
        y, (T, B, H) or (N, H) as x, and the parts of the final state, each (B, H), or (1, B, H) like `initial`'s.
    """
    if initial[0].dim() == 3:
        state = tuple(s_0.squeeze(0) for s_0 in initial)
        y, *final = results(step, x, state, parameters, batch_sizes, reverse, trace, segment)
        return y, *(torch.stack([s_n]) for s_n in final)  # a copy: the user may change it, and tanh has saved its own
    if not segment or x.shape[0] == 0:
        done = unroll(step, x, initial, parameters, batch_sizes, reverse, trace)
        return done.y, *done.final

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
    """The segments' inputs and batch sizes in the order in which they are walked; the last may be shorter."""
    steps = (x if batch_sizes is None else batch_sizes).shape[0]
    lengths = [min(segment, steps - first) for first in range(0, steps, segment)]
    in_time = lengths[::-1] if reverse else lengths
    if batch_sizes is None:
        parts: list[tuple[Tensor, Tensor | None]] = [(part, None) for part in torch.split(x, in_time)]
    else:
        sizes = torch.split(batch_sizes, in_time)
        parts = list(zip(torch.split(x, [int(part.sum()) for part in sizes]), sizes, strict=True))
    return parts[::-1] if reverse else parts
