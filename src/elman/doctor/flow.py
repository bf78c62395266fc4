"""Follow gradients back through one layer alone: the norm by lag of an arriving one, and the norm of Jacobian products.

J = ds_T/ds_{T-k} is the product of k steps' Jacobians at the states that the batch really reaches; s is the
state, h or for an LSTM (h, c). It is never built. Random directions v are sent back from the last state, all of them
in one backward pass, and since E|J' v|^2 = |J|_F^2 for directions with independent entries of variance 1, the mean of
|J' v|^2 over n, the size of the state, gives the gain: |J|_F / sqrt(n), the factor by which a gradient's norm changes
over k steps, as a root mean square over its directions. The spectral norm of J is between the gain and sqrt(n) times
it. With as many probes as the state has units the directions are a basis and the gain is exact.

The gradient by lag starts at one step, with the gradient that arrives there: the last step that the layer processes at
which one arrives; for a layer in reverse that is the first in time. Nothing is added on the way, so its norm by lag
agrees with the gains. Sequences that differ in length are each followed from their own last step.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import RNNBase
from torch.nn.utils.rnn import pack_padded_sequence

from elman.doctor.measure import Floats, Walk, norms, state_gradients, walked
from elman.doctor.probe import LIMIT
from elman.layers import GRU, LSTM, RNN, record

ROWS, PROBES = 4, 8
"""Rows of the batch, and random directions for each. The relative standard error of a gain is 1 / sqrt(2 * 32) = 0.13
at most, reached where one direction outweighs all others; directions that matter alike lower it."""
NOISE = 1e-6
"""A gradient arrives at a step where its norm is at least this fraction of the largest in the same row."""


@dataclass(frozen=True)
class Gains:
    """Hold the gain of a gradient over a number of steps of a layer.

    Attributes:
        gain: root mean square gain of a gradient over k steps, by k from 0, where it is 1, to T; shape (T + 1,).
        size: n, the numbers in a state.
    """

    gain: Floats
    size: int


def gains(module: RNNBase, layer: int, steps: Any, *, probes: int = PROBES, limit: int = LIMIT, seed: int = 0) -> Gains:
    """Measure one layer in one direction, from the last step that it processes.

    Args:
        module: the module with the weights.
        layer: the index of the layer.
        steps: that layer's record: its input and initial state.
        probes: directions for each row.
        limit: largest size of the record in bytes.
        seed: seed of the directions.
    """
    rows = _whole_rows(steps)
    single = alone(module, layer, steps.reverse)
    x = walked(steps.x, steps.reverse)[:, rows]
    first = [steps.h_0[rows], *([steps.c_0[rows]] if module.mode == "LSTM" else [])]
    widths = [part.shape[1] for part in first]
    directions = _directions(len(rows), sum(widths), probes, x, seed)
    count = directions.shape[1]
    state = tuple(part.repeat_interleave(count, 0)[None].requires_grad_() for part in first)
    with record(single, only=("gates", "h", "dh", "dc"), limit=limit) as rec:
        _, final = single(x.repeat_interleave(count, 1), state if len(state) == 2 else state[0])
    final = final if isinstance(final, tuple) else (final,)
    v = torch.split(directions.flatten(0, 1), widths, dim=1)
    at_start = torch.autograd.grad(final, state, [part[None] for part in v])
    back = norms(state_gradients(rec[0]))[::-1].copy()
    back[0] = norms((directions[None],))[0]  # the last state's gradient is the directions themselves
    last = norms((torch.cat(at_start, dim=-1),))
    return Gains(np.append(back, last) / back[0], sum(widths))


def alone(module: RNNBase, layer: int, reverse: bool) -> RNNBase:
    """Return one layer of a module in one direction as a forward layer whose weights require no gradient."""
    end = f"_l{layer}" + ("_reverse" if reverse else "")
    weights = {name: getattr(module, name + end).detach() for name in _names(module)}
    kind: Any = {"LSTM": LSTM, "GRU": GRU}.get(module.mode, RNN)
    options: dict[str, Any] = {"bias": module.bias, "device": "meta", "dtype": weights["weight_ih"].dtype}
    if module.mode == "LSTM":
        options["proj_size"] = module.proj_size
    elif module.mode == "GRU":
        options["reset_after"] = getattr(module, "reset_after", True)
    else:
        options["nonlinearity"] = "tanh" if module.mode == "RNN_TANH" else "relu"
    single: RNNBase = kind(weights["weight_ih"].shape[1], module.hidden_size, **options)
    single.load_state_dict({f"{name}_l0": weight for name, weight in weights.items()}, assign=True)
    return single.requires_grad_(False)


def _names(module: RNNBase) -> list[str]:
    projection = ["weight_hr"] if module.proj_size else []
    return ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if module.bias else []), *projection]


def _whole_rows(steps: Any) -> list[int]:
    """Return a few rows of the batch that have every step."""
    whole = torch.nonzero(steps.mask.all(0)).flatten()
    return [int(row) for row in whole[:ROWS]]


def _directions(rows: int, size: int, probes: int, like: Tensor, seed: int) -> Tensor:
    """Return directions (rows, probes, size), orthogonal within a row, as long as independent entries would be.

    Orthogonal directions keep entries of variance 1, and `size` of them are a basis.
    """
    generator = torch.Generator().manual_seed(seed)
    probes = min(probes, size)
    basis, _ = torch.linalg.qr(torch.randn(rows, size, probes, generator=generator, dtype=torch.float64))
    directions: Tensor = (basis.mT * size**0.5).to(like)
    return directions


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
