"""What a recurrent module gives out, by step and row, however its batch is laid out; and the part of it at one step."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import RNNBase


@dataclass(frozen=True)
class Outputs:
    """A module's outputs, or the gradients of them.

    Attributes:
        y: (T, B, D*H), batch_first as the module gives it, or the packed steps (N, D*H); None where nothing reaches it.
        final: the final states, h and for an LSTM c, each (D*layers, B, H), or None.
        batch_sizes: of a packed batch, how many of its rows have each step, (T,); None of any other.
    """

    y: Tensor | None
    final: tuple[Tensor | None, ...]
    batch_sizes: Tensor | None = None


def by_step(y: Tensor, batch_sizes: Tensor | None, module: RNNBase) -> tuple[Tensor, Tensor]:
    """Return outputs by step and row, (T, B, D*H), packed rows in the packed order, and which steps there are, (T, B).

    Args:
        y: the outputs, or their gradients, as the module gives them.
        batch_sizes: of a packed batch, see `Outputs`.
        module: says whether the batch comes first.
    """
    if batch_sizes is not None:
        live = _live(batch_sizes, y.device)
        padded = y.new_zeros(*live.shape, y.shape[-1])
        padded[live] = y
        return padded, live
    steps = y[:, None] if y.dim() == 2 else y.transpose(0, 1) if module.batch_first else y
    return steps, torch.ones(steps.shape[:2], dtype=torch.bool, device=y.device)


def at_one_step(module: RNNBase, direct: Outputs, reverse: bool) -> Outputs | None:
    """The part of a gradient that enters at the last step of the walk; None where there is none.

    A gradient of the final state enters there by itself; else it is each row's last step whose output has one.
    """
    final = tuple(None if g is None else _of_direction(g, module, reverse) for g in direct.final)
    enters = any(g is not None and bool(g.any()) for g in final)
    if direct.y is None:
        return Outputs(None, final) if enters else None
    steps, live = by_step(direct.y, direct.batch_sizes, module)
    width = steps.shape[-1] // (2 if module.bidirectional else 1)
    there = live if enters else steps.narrow(-1, width if reverse else 0, width).any(-1)
    if not there.any():
        return Outputs(None, final) if enters else None
    ends = there if reverse else there.flip(0)
    first = ends & (ends.cumsum(0) == 1)
    kept = steps * (first if reverse else first.flip(0))[..., None]
    return Outputs(_laid_out(kept, direct.y, direct.batch_sizes, module), final)


def each(out: Outputs, change: Callable[[Tensor], Tensor | None]) -> Outputs:
    """Return what a function makes of every tensor of a module's outputs."""
    y = None if out.y is None else change(out.y)
    return Outputs(y, tuple(None if t is None else change(t) for t in out.final), out.batch_sizes)


def _laid_out(steps: Tensor, y: Tensor, batch_sizes: Tensor | None, module: RNNBase) -> Tensor:
    """What `by_step` made of outputs as they were."""
    if batch_sizes is not None:
        return steps[_live(batch_sizes, y.device)]
    return steps[:, 0] if y.dim() == 2 else steps.transpose(0, 1) if module.batch_first else steps


def _of_direction(grad: Tensor, module: RNNBase, reverse: bool) -> Tensor:
    if not module.bidirectional:
        return grad
    kept = torch.zeros_like(grad)
    kept[int(reverse) :: 2] = grad[int(reverse) :: 2]
    return kept


def _live(batch_sizes: Tensor, device: torch.device) -> Tensor:
    """Which steps a packed batch has, (T, B)."""
    return (torch.arange(int(batch_sizes[0]))[None] < batch_sizes[:, None]).to(device)
