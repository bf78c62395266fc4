"""The gradients of a native layer where they have to be differentiable themselves: through the reference."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from elman.ops.passes import INPUTS
from elman.ops.reference.gru import gru
from elman.ops.reference.lstm import lstm
from elman.ops.reference.rnn import rnn

_REFERENCE: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "rnn_tanh": partial(rnn, nonlinearity="tanh"),
    "rnn_relu": partial(rnn, nonlinearity="relu"),
    "lstm": lstm,
    "gru": gru,
    "gru_reset_before": partial(gru, reset_after=False),
}


def differentiable_backward(
    grads: Sequence[Tensor | None], arguments: tuple[Any, ...], wanted: Sequence[bool]
) -> list[Tensor | None]:
    """The gradients, themselves differentiable: through the reference, which is plain torch.

    They are taken by views of the inputs: one input may be another's source (a carried state comes from the weights) or
    the same tensor, and then its own gradient would hold the other's too.
    """
    views = [t if t is None else t.view_as(t) for t in arguments[:INPUTS]]
    x, h_0, c_0, *weights = views
    batch_sizes, cell, reverse, _ = arguments[INPUTS:]
    state = (h_0,) if c_0 is None else (h_0, c_0)
    outputs = _REFERENCE[cell](x, *state, *weights, batch_sizes, reverse)
    pairs = [(out, grad) for out, grad in zip(outputs, grads, strict=False) if grad is not None]
    inputs = [t for t, want in zip(views, wanted, strict=True) if want and t is not None]
    if not pairs or not inputs:
        return [None] * INPUTS
    outputs, grads = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(outputs, inputs, grads, create_graph=True, allow_unused=True))
    return [next(found) if want else None for want in wanted]
