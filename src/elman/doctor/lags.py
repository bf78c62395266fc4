"""Measure a gradient by lag: follow the gradient that arrives at one step of a layer back through this layer alone.

Nothing is added on the way, so its norm by lag shows the layer's own Jacobians and agrees with `jacobian.py`. The step
is the last one that the layer processes at which a gradient arrives; for a layer in reverse that is the first in time.
Sequences that differ in length are each followed from their own last step.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

from elman.doctor.jacobian import alone
from elman.doctor.measure import Floats, Walk, state_gradients, walked
from elman.layers import record

NOISE = 1e-6
"""A gradient arrives at a step where its norm is at least this fraction of the largest in the same row."""


def lag_curve(walk: Walk, layer: int, limit: int) -> Floats:
    """Return the norm by lag of the gradient that arrives at one step, (T,) or shorter; empty where none arrives.

    The state is h, or for an LSTM h and c together; the norm is over batch and units. Rows that begin later than others
    drop out on the way: the change over k steps is that of the rows that have them.
    """
    sizes = walk.arriving
    live = walked(walk.steps.mask, walk.steps.reverse).to(sizes.device)
    there = live & (sizes > NOISE**2 * sizes.amax(0))
    rows = torch.nonzero(there.any(0)).flatten()
    if not len(rows):
        return np.empty(0)
    first = live.int().argmax(0)[rows]
    last = len(live) - 1 - there.flip(0).int().argmax(0)[rows]
    lengths = last - first + 1
    # The relative weights of the rows are unchanged; the scale keeps small gradients from underflowing.
    at_loss, scale = sizes[last, rows], float(sizes[last, rows].amax().sqrt())
    squares = _followed(walk, alone(walk.module, layer, walk.steps.reverse), rows, (first, last), scale, limit)
    squares[lengths - 1, torch.arange(len(rows))] = at_loss / scale**2
    return _by_lag(*(np.asarray(part.cpu()) for part in (squares, lengths))) * scale


def _followed(walk: Walk, single: Any, rows: Tensor, ends: tuple[Tensor, Tensor], scale: float, limit: int) -> Tensor:
    """Return squared norms by state, (T, rows), of the gradient that starts at each row's end, divided by `scale`."""
    steps, (first, last) = walk.steps, ends
    lengths = last - first + 1
    at = (first + torch.arange(int(lengths.max()), device=first.device)[:, None]).clamp(max=len(steps.mask) - 1)
    x = pack_padded_sequence(walked(steps.x, steps.reverse)[at, rows], lengths.cpu(), enforce_sorted=False)
    arrived = [walked(part, steps.reverse)[last, rows].double() / scale for part in walk.arrived]
    begin = [steps.h_0[rows], *([steps.c_0[rows]] if len(arrived) > 1 else [])]
    state = tuple(part[None].detach().clone().requires_grad_() for part in begin)
    with record(single, only=("gates", "h", "dh", "dc"), limit=limit) as rec:
        _, final = single(x, state if len(state) > 1 else state[0])
    final = final if isinstance(final, tuple) else (final,)
    torch.autograd.grad(final, state, [part[None].to(begin[0]) for part in arrived])
    parts = [part.double().square().sum(2) for part in state_gradients(rec[0])]
    return torch.stack(parts).sum(0)


def _by_lag(squares: Floats, lengths: npt.NDArray[np.int64]) -> Floats:
    """Return the norm from each row's last step back to its first, as if the rows that have a lag were all."""
    rows = np.arange(len(lengths))
    at = lengths - 1 - np.arange(lengths.max())[:, None]
    reached, at_loss = at >= 0, squares[lengths - 1, rows]
    found = np.where(reached, squares[at, rows], 0).sum(1)
    return np.asarray(np.sqrt(at_loss.sum() * (found / (reached * at_loss).sum(1))))
