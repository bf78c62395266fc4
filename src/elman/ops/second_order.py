"""Compute gradients of a native layer that are differentiable themselves, through the reference."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.ops.passes import INPUTS, Inputs, Options
from elman.ops.reference import recurrence


def differentiable_backward(
    grads: Sequence[Tensor | None],
    arguments: Inputs,
    batch_sizes: Tensor | None,
    options: Options,
    wanted: Sequence[bool],
) -> list[Tensor | None]:
    """Return the gradients, themselves differentiable: through the reference, which is plain torch.

    They are taken by views of the inputs: one input may be the source of another (a carried state depends on the
    weights) or the same tensor, and its own gradient would then include that of the other.
    """
    views: list[Any] = [t if t is None else t.view_as(t) for t in arguments]
    x, h_0, c_0, *weights = views
    cell, reverse, _ = options
    outputs = recurrence(cell, x, (h_0,) if c_0 is None else (h_0, c_0), weights, batch_sizes, reverse)
    pairs = [(out, grad) for out, grad in zip(outputs, grads, strict=False) if grad is not None]
    inputs = [t for t, want in zip(views, wanted, strict=True) if want and t is not None]
    if not pairs or not inputs:
        return [None] * INPUTS
    outputs, grads = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(outputs, inputs, grads, create_graph=True, allow_unused=True))
    return [next(found) if want else None for want in wanted]
