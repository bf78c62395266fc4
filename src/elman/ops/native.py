"""The native recurrence: what `ops.rnn`, `ops.gru` and `ops.lstm` call. Shapes are those of `passes.py`.

Eager calls go straight to an autograd function, because the dispatcher's way there and back takes 35 microseconds, as
long as the kernel itself at B = 1. Where torch.compile, a tracer, a mode or a tensor subclass has to see the call, it
reaches the same two functions through the operation in `registered.py`.
"""

from typing import Any

import torch
from torch import Tensor
from torch._C import _is_tracing

from elman.errors import InputError
from elman.ops import passes
from elman.ops.observers import plain, watched
from elman.ops.registered import gradients, operation
from elman.ops.saved import save, unpack
from elman.ops.second_order import differentiable_backward
from elman.ops.trace import Trace, check_first_order


def recurrence(
    x: Tensor,
    h_0: Tensor,
    c_0: Tensor | None,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    batch_sizes: Tensor | None,
    cell: str,
    reverse: bool,
    segment: int = 0,
    trace: Trace | None = None,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run one layer in one direction; in eager mode, a `trace` is filled in.

    With a `segment` the backward pass runs that many steps at a time forward again, and until then nothing is kept but
    y and, for the LSTM, the c between two segments. Results and gradients have the same bits.

    Returns:
        y, (T, B, H) or (N, H) as x; h_n, shaped as h_0; for the LSTM c_n, else None.
    """
    inputs = (x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh)
    keep = torch.is_grad_enabled() and (
        weight_hh.requires_grad or any(t is not None and t.requires_grad for t in inputs)
    )
    compiling = torch.compiler.is_compiling()
    if trace is not None or not (compiling or watched() or not plain(x, h_0, weight_ih, weight_hh)):
        try:
            if keep or trace is not None:
                found: tuple[Tensor, Tensor, Tensor | None] = _Recurrence.apply(  # type: ignore[no-untyped-call]
                    *inputs, batch_sizes, (cell, reverse, segment), trace
                )
                return found
            y, h_n, c_n, _, _ = passes.forward(*inputs, batch_sizes, cell, reverse, segment, keep=False)
            return y, h_n, c_n
        except passes.UnreadableError:  # torch's dispatcher gives such a tensor memory
            if trace is not None:
                raise
    if not compiling:
        keep = keep or _is_tracing()  # what is traced may be replayed with gradients or without
    y, h_n, c_n, _, _ = operation(*inputs, batch_sizes, cell, reverse, segment, keep)
    return y, h_n, (c_n if c_0 is not None else None)


class _Recurrence(torch.autograd.Function):
    """The eager way."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, Tensor, Tensor | None]:
        *tensors, options, trace = arguments
        y, h_n, c_n, gates, cells = passes.forward(*tensors, *options, keep=True)
        save(ctx, tensors, y, gates, cells)
        ctx.options, ctx.trace = options, trace
        ctx.set_materialize_grads(False)
        if trace is not None:
            x, h_0, c_0, *_ = tensors
            h_0, c_0 = h_0.view(h_0.shape[-2:]), None if c_0 is None else c_0.view(h_0.shape[-2:])
            trace.put({"x": x, "h_0": h_0, "c_0": c_0, "h": y, "c": cells, "gates": gates})
        return y, h_n, c_n

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        *tensors, y, gates, cells = unpack(ctx)
        wanted, trace = ctx.needs_input_grad[: passes.INPUTS], ctx.trace
        if trace is not None:
            check_first_order()
        if torch.is_grad_enabled():
            return *differentiable_backward(grads, (*tensors, *ctx.options), wanted), None, None, None
        if watched() or not plain(*grads):
            if trace is not None:
                raise InputError(
                    "record: expected a backward pass that no dispatch mode or tracer watches, because the record's "
                    "gradients are hidden from it. Leave the mode, or the record's block, for that pass"
                )
            y = operation(*tensors, *ctx.options, False)[0] if ctx.y_changed else y
            return *gradients(grads, (*tensors, *ctx.options), (y, gates, cells), wanted), None, None, None
        if ctx.y_changed:
            y, *_ = passes.forward(*tensors, *ctx.options, keep=False)
            if trace is not None:
                trace.put({"h": y})
        kept = {"y": y, "gates": gates, "cells": cells}
        found = passes.backward(*grads, *tensors, *ctx.options, **kept, wanted=wanted, trace=trace)
        return *found, None, None, None
