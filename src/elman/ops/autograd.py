"""Save the tensors of the native operation for its backward pass, and compute gradients of its gradients.

The output y is among what is saved, although the user may change it in place: an activation, a dropout or a mask in
place after a layer is common, and torch.nn's RNN and GRU allow it. A copy of y would cost time and memory in every
call. So y itself is saved, and if it was changed before the backward pass it is recomputed, with the same bits.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C._autograd import _top_saved_tensors_default_hooks

from elman.ops.cell import Parameters
from elman.ops.passes import INPUTS, Inputs, Options, is_step
from elman.ops.reference import recurrence

_Y = -3  # y, the gates and the cells are saved last


def save(ctx: Any, inputs: Sequence[Tensor | None], y: Tensor, gates: Tensor | None, cells: Tensor | None) -> None:
    """Save the inputs and results of a forward pass in the context of its autograd function.

    torch counts the changes of a tensor (`_version`) and compares the number when it unpacks; under hooks, as those of
    `torch.utils.checkpoint`, it does not. Then an alias of y without memory, which shares its counter, is kept too.
    """
    ctx.save_for_backward(*inputs, y, gates, cells)
    ctx.y_changed = False
    ctx.counter = None
    if _top_saved_tensors_default_hooks(False) is not None and not torch.compiler.is_compiling():
        ctx.counter = y.detach()
        ctx.counter.data = y.new_empty(0)
        ctx.version = ctx.counter._version


def unpack(ctx: Any) -> tuple[Any, ...]:
    """Return what `save` saved; `ctx.y_changed` then says whether y must be recomputed.

    Raises:
        RuntimeError: Another tensor than y was changed in place, or the graph was freed: torch's own errors.
    """
    if ctx.counter is not None:
        ctx.y_changed = ctx.counter._version != ctx.version
    elif not ctx.y_changed:
        try:
            return ctx.saved_tensors  # type: ignore[no-any-return]
        except RuntimeError:  # if y is the cause, hooks have torch unpack it all the same
            ctx._raw_saved_tensors[_Y].register_hooks(_same, _same)
            ctx.y_changed = True
    return ctx.saved_tensors  # type: ignore[no-any-return]


def _same(tensor: Tensor) -> Tensor:
    return tensor


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
    state = (h_0,) if c_0 is None else (h_0, c_0)
    outputs: Sequence[Tensor]
    if is_step(x, batch_sizes):
        _, *outputs = recurrence(cell, x.unsqueeze(0), state, Parameters(*weights))
        grads = (grads[0], grads[2])
    else:
        outputs = recurrence(cell, x, state, Parameters(*weights), batch_sizes, reverse)
    pairs = [(out, grad) for out, grad in zip(outputs, grads, strict=False) if grad is not None]
    inputs = [t for t, want in zip(views, wanted, strict=True) if want and t is not None]
    if not pairs or not inputs:
        return [None] * INPUTS
    outputs, grads = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(outputs, inputs, grads, create_graph=True, allow_unused=True))
    return [next(found) if want else None for want in wanted]
