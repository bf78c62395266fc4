"""Run a layer on the native backend, as an autograd function or as the registered operation.

An eager call uses an autograd function, because torch's dispatcher takes 35 microseconds for both passes, as long as
the kernel itself at B = 1. Where torch.compile, a tracer, a mode or a tensor subclass has to see the call, it reaches
the same two functions of `passes.py` through the operation in `registered.py`.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._C import _is_tracing

from elman.errors import InputError
from elman.ops import passes
from elman.ops.autograd import differentiable_backward, save, unpack
from elman.ops.cell import Cell, State
from elman.ops.dispatch import plain, watched
from elman.ops.registered import gradients, operation
from elman.ops.trace import Trace, check_first_order


def recurrence(
    cell: Cell,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Any],
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    segment: int = 0,
    trace: Trace | None = None,
) -> State:
    """Run one layer in one direction; `elman.ops.run.run` describes the arguments and results.

    With a `segment` nothing is saved for the backward pass but y and, for the LSTM, the c between two segments.
    """
    h_0, c_0 = state if len(state) == 2 else (state[0], None)
    weight_ih, weight_hh, _, _ = weights
    inputs = (x, h_0, c_0, *weights)
    keep = torch.is_grad_enabled() and (
        weight_hh.requires_grad or any(t is not None and t.requires_grad for t in inputs)
    )
    compiling = torch.compiler.is_compiling()
    if trace is not None or not (compiling or watched() or not plain(x, h_0, weight_ih, weight_hh)):
        options = (cell, reverse, segment)
        try:
            if keep or trace is not None:
                y, h_n, c_n = _apply(*inputs, batch_sizes, options, trace)
            else:
                y, h_n, c_n, _, _ = passes.forward(inputs, batch_sizes, options, keep=False)
            return _present(y, h_n, c_n)
        except passes.UnreadableError:  # torch's dispatcher gives such a tensor memory
            if trace is not None:
                raise
    if not compiling:
        keep = keep or _is_tracing()  # what is traced may be replayed with gradients or without
    y, h_n, c_n, _, _ = operation(*inputs, batch_sizes, cell.name, reverse, segment, keep)
    return _present(y, None if passes.is_step(x, batch_sizes) else h_n, None if c_0 is None else c_n)


def _present(y: Tensor, h_n: Tensor | None, c_n: Tensor | None) -> State:
    if h_n is None:
        return (y,) if c_n is None else (y, c_n)
    return (y, h_n) if c_n is None else (y, h_n, c_n)


class _Recurrence(torch.autograd.Function):
    """The eager way."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, Tensor | None, Tensor | None]:
        *tensors, options, trace = arguments
        *inputs, batch_sizes = tensors
        y, h_n, c_n, gates, cells = passes.forward(inputs, batch_sizes, options, keep=True)
        save(ctx, tensors, y, gates, cells)
        ctx.options, ctx.trace = options, trace
        ctx.set_materialize_grads(False)
        if trace is not None:
            x, h_0, c_0, *_ = inputs
            h_0, c_0 = h_0.view(h_0.shape[-2:]), None if c_0 is None else c_0.view(h_0.shape[-2:])
            trace.put({"x": x, "h_0": h_0, "c_0": c_0, "h": y, "c": cells, "gates": gates})
        return y, h_n, c_n

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        *inputs, batch_sizes, y, gates, cells = unpack(ctx)
        wanted, trace, options = ctx.needs_input_grad[: passes.INPUTS], ctx.trace, ctx.options
        if trace is not None:
            check_first_order()
        if torch.is_grad_enabled():
            return *differentiable_backward(grads, inputs, batch_sizes, options, wanted), None, None, None
        if watched() or not plain(*grads):
            if trace is not None:
                raise InputError(
                    "record: expected a backward pass that no dispatch mode or tracer watches, because the record's "
                    "gradients are hidden from it. Leave the mode, or the record's block, for that pass"
                )
            arguments = (*inputs, batch_sizes, options[0].name, *options[1:])
            y = operation(*arguments, False)[0] if ctx.y_changed else y
            return *gradients(grads, arguments, (y, gates, cells), wanted), None, None, None
        if ctx.y_changed:
            y, *_ = passes.forward(inputs, batch_sizes, options, keep=False)
            if trace is not None:
                trace.put({"h": y})
        found = passes.backward(grads, inputs, batch_sizes, options, (y, gates, cells), wanted, trace)
        return *found, None, None, None


# `Function.apply` looks for torch.func transforms first, which takes 3 microseconds; under them `elman.ops.dispatch`
# chooses another backend.
_apply: Any = super(torch.autograd.Function, _Recurrence).apply
