"""Find the gradient that arrives at each state of a layer from outside it, from the loss or from the layer above.

It leaves out the gradient that a later state of the same layer sends back. So it shows the steps at which the loss uses
the layer, and the step from which its gradient is to be followed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import RNNBase

from elman.doctor.calls import Called, by_step
from elman.errors import InputError

Arrived = tuple[Tensor, ...]
"""Gradients by h and for an LSTM by c, each (T, B, H), in time order."""
Gradient = Callable[[Tensor], Tensor | None]
"""The gradient of the whole loss by a tensor of its graph, or None."""


def arrivals(
    module: RNNBase, calls: Sequence[Called], gradient: Gradient, steps: dict[tuple[int, str], Any]
) -> dict[tuple[int, str], Arrived]:
    """Return the gradient that arrives at every layer and direction of a module, over one sequence of its calls.

    Args:
        module: the recurrent module.
        calls: a sequence, see `calls.sequences`.
        gradient: the gradient of the loss by outputs, final states and copies of given states.
        steps: the module's record, by layer and direction.
    """
    outputs, finals = _direct(module, calls, gradient)
    directions = ("forward", "reverse") if module.bidirectional else ("forward",)
    above, found = torch.cat(outputs), {}
    for layer in reversed(range(module.num_layers)):
        for k, (direction, part) in enumerate(zip(directions, above.chunk(len(directions), -1), strict=True)):
            at_ends = [[end[layer * len(directions) + k] for end in final] for final in finals]
            found[layer, direction] = _with_ends(part, at_ends, steps[layer, direction], outputs)
        if layer:
            parts = [_by_input(module, layer, direction, steps[layer, direction]) for direction in directions]
            above = torch.stack(parts).sum(0)
    return found


def _direct(module: RNNBase, calls: Sequence[Called], gradient: Gradient) -> tuple[list[Tensor], list[list[Tensor]]]:
    """Return each call's gradient by its outputs and final states, without the part that the next call sends back."""
    outputs = [by_step(_or_zeros(gradient(call.y), call.y), call, module).clone() for call in calls]
    finals = [[_or_zeros(gradient(part), part) for part in call.final] for call in calls]
    for k, call in enumerate(calls[1:]):
        for part, (copy, (_, which)) in enumerate(zip(call.copies, call.continues, strict=True)):
            handed_back = _or_zeros(gradient(copy), copy)
            if which is None:
                outputs[k][-1] -= handed_back.reshape(outputs[k][-1].shape)
            else:
                finals[k][part] = finals[k][part] - handed_back.reshape(finals[k][part].shape)
    return outputs, [[part[:, None] if part.dim() == 2 else part for part in final] for final in finals]


def _with_ends(part: Tensor, at_ends: list[list[Tensor]], steps: Any, outputs: list[Tensor]) -> Arrived:
    """Add the gradient by final states to that by outputs (T, B, H), at the last step that each row walks."""
    found = [part.clone(), *(part.new_zeros(*part.shape[:2], end.shape[-1]) for end in at_ends[0][1:])]
    mask, rows, begin = steps.mask, torch.arange(part.shape[1]), 0
    for ends, output in zip(at_ends, outputs, strict=True):
        lengths = mask[begin : begin + len(output)].sum(0)
        last = begin + (torch.zeros_like(lengths) if steps.reverse else lengths - 1)
        for total, end in zip(found, ends, strict=True):
            total[last, rows] += end
        begin += len(output)
    return tuple(found)


def _by_input(module: RNNBase, layer: int, direction: str, steps: Any) -> Tensor:
    """Return the gradient by a layer's input, which is the output of the layer below."""
    weight: Tensor = getattr(module, f"weight_ih_l{layer}" + ("_reverse" if direction == "reverse" else "")).detach()
    try:
        sums: Tensor = torch.cat(list(steps.dgates.values()), dim=-1)
    except InputError:  # no gradient reached it
        below: Tensor = weight.new_zeros(*steps.h.shape[:2], weight.shape[1])
    else:
        below = sums @ weight
    return below


def _or_zeros(gradient: Tensor | None, like: Tensor) -> Tensor:
    return torch.zeros_like(like) if gradient is None else gradient
