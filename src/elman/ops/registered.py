"""Register the native recurrence with torch as `torch.ops.elman.recurrence`, with a fake and a backward.

torch.compile, torch.export, tracers, modes and tensor subclasses see this one. Absent results are empty tensors,
because a schema has no optional results.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import register_flop_formula

from elman.ops.autograd import differentiable_backward, save, unpack
from elman.ops.cell import Cell
from elman.ops.passes import (
    INPUTS,
    backward,
    cells_shape,
    computed,
    contiguous,
    describe,
    fits,
    forward,
    is_step,
    misfit,
)
from elman.ops.reference import CELLS

_TENSORS = INPUTS + 1  # and batch_sizes

_library: Any = torch.library.Library("elman", "DEF")  # type: ignore[no-untyped-call]
_INPUT_SCHEMA = (
    "Tensor x, Tensor h_0, Tensor? c_0, Tensor weight_ih, Tensor weight_hh, Tensor? bias_ih, Tensor? bias_hh, "
    "Tensor? batch_sizes, str cell, bool reverse, SymInt segment"
)
_library.define(
    f"recurrence({_INPUT_SCHEMA}, bool keep) -> (Tensor y, Tensor h_n, Tensor c_n, Tensor gates, Tensor cells)"
)
_library.define(
    "recurrence_backward(Tensor? grad_y, Tensor? grad_h_n, Tensor? grad_c_n, "
    f"{_INPUT_SCHEMA}, Tensor y, Tensor gates, Tensor cells, bool[] wanted) "
    "-> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)"
)


def _full(tensors: Sequence[Tensor | None], like: Tensor) -> tuple[Tensor, ...]:
    return tuple(like.new_empty(0) if tensor is None else tensor for tensor in tensors)


def _absent(tensor: Tensor) -> Tensor | None:
    return None if tensor.dim() == 1 and tensor.shape[0] == 0 else tensor


def _cell(name: str) -> Cell:
    if name not in CELLS:
        raise RuntimeError(f"elman: expected cell to be one of {', '.join(CELLS)}, got {name!r}")
    return CELLS[name]


def _op(*arguments: Any) -> tuple[Tensor, ...]:
    *inputs, batch_sizes, name, reverse, segment, keep = arguments
    return _full(forward(inputs, batch_sizes, (_cell(name), reverse, segment), keep=keep), arguments[0])


def _op_backward(*arguments: Any) -> tuple[Tensor, ...]:
    *given, y, gates, cells, wanted = arguments
    grads, inputs, (batch_sizes, name, reverse, segment) = given[:3], given[3 : 3 + INPUTS], given[3 + INPUTS :]
    cell = _cell(name)
    if not fits(inputs, batch_sizes, cell):
        raise misfit(inputs, batch_sizes, cell)
    y_shape, saved = (*inputs[0].shape[:-1], inputs[1].shape[-1]), cell.saved
    shapes = {
        "grad_y": (grads[0], y_shape),
        "grad_h_n": (grads[1], inputs[1].shape),
        "grad_c_n": (grads[2], inputs[1].shape),
        "y": (y, y_shape),
        "gates": (gates if saved and not segment else None, (*y_shape[:-1], saved, y_shape[-1])),
        "cells": (cells if "c" in cell.states else None, cells_shape(inputs[0], inputs[1], batch_sizes, segment)),
    }
    for part, (tensor, shape) in shapes.items():
        if tensor is not None and (tensor.shape != shape or tensor.dtype != torch.float32 or not tensor.is_cpu):
            raise RuntimeError(f"elman: {name} expected {part} {shape}, float32 on the CPU; got {describe(tensor)}")
    if len(wanted) != INPUTS:
        raise RuntimeError(f"elman: expected wanted to be {INPUTS} truth values, got {len(wanted)}")
    gates, cells = contiguous(_absent(gates)), contiguous(_absent(cells))
    found = backward(grads, inputs, batch_sizes, (cell, reverse, segment), (y.contiguous(), gates, cells), wanted)
    return _full(found, arguments[3])


def _fake(x: Tensor, h_0: Tensor, c_0: Tensor | None, *rest: Any) -> tuple[Tensor, ...]:
    *_, batch_sizes, cell, _, segment, keep = rest
    saved, rows, hidden = CELLS[cell].saved, x.shape[:-1], h_0.shape[-1]
    y, h_n = x.new_empty((*rows, hidden)), None if is_step(x, batch_sizes) else h_0.new_empty(h_0.shape)
    gates = x.new_empty((*rows, saved, hidden)) if keep and saved and not segment else None
    c_n = None if c_0 is None else c_0.new_empty(c_0.shape)
    cells = x.new_empty(cells_shape(x, h_0, batch_sizes, segment)) if keep and c_0 is not None else None
    return _full((y, h_n, c_n, gates, cells), x)


def _fake_backward(*arguments: Any) -> tuple[Tensor, ...]:
    inputs, wanted = arguments[3 : 3 + INPUTS], arguments[-1]
    needed = zip(inputs, computed(wanted), strict=True)
    return _full(
        [t.new_empty(t.shape) if need and t is not None else None for t, need in needed],
        inputs[0],
    )


def _set_up_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    y, _, _, gates, cells = output
    save(ctx, inputs[:_TENSORS], y, gates, cells)
    *ctx.options, ctx.kept = inputs[_TENSORS:]
    ctx.set_materialize_grads(False)


def _autograd(ctx: Any, grad_y: Tensor | None, grad_h_n: Tensor | None, grad_c_n: Tensor | None, *_: Any) -> Any:
    *given, y, gates, cells = unpack(ctx)
    wanted = list(ctx.needs_input_grad[:INPUTS])
    step = is_step(given[0], given[INPUTS])
    grads = (grad_y, None if step else grad_h_n, None if given[2] is None else grad_c_n)
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        *inputs, batch_sizes = given
        name, reverse, segment = ctx.options
        found = differentiable_backward(grads, inputs, batch_sizes, (_cell(name), reverse, segment), wanted)
    else:
        if ctx.y_changed or not ctx.kept:
            y, _, _, gates, cells = operation(*given, *ctx.options, True)
        found = gradients(grads, (*given, *ctx.options), (y, gates, cells), wanted)
    return *found, None, None, None, None, None


def gradients(
    grads: Sequence[Tensor | None],
    arguments: Sequence[Any],
    kept: Sequence[Tensor | None],
    wanted: Sequence[bool],
) -> list[Tensor | None]:
    """Call the registered backward pass.

    Args:
        grads: The gradients of y, h_n and c_n.
        arguments: Those of `torch.ops.elman.recurrence`, from x to segment.
        kept: y, gates and cells, as the forward pass returned them.
        wanted: Which of the seven gradients to return.
    """
    full = _full(kept, arguments[0])
    results = torch.ops.elman.recurrence_backward(*grads, *arguments, *full, list(wanted))
    given = arguments[:INPUTS]
    return [t if want and g is not None else None for t, want, g in zip(results, wanted, given, strict=True)]


_library.impl("recurrence", _op, "CPU")
_library.impl("recurrence_backward", _op_backward, "CPU")
torch.library.register_fake("elman::recurrence", _fake, lib=_library)
torch.library.register_fake("elman::recurrence_backward", _fake_backward, lib=_library)
torch.library.register_autograd("elman::recurrence", _autograd, setup_context=_set_up_context, lib=_library)

operation: Any = torch.ops.elman.recurrence
"""`recurrence` of `native.py`, with a flag for saving what the backward pass needs in place of a trace."""


@register_flop_formula(operation)
def _flops(
    x: torch.Size, h_0: torch.Size, c_0: Any, weight_ih: torch.Size, weight_hh: torch.Size, *_: Any, **_out: Any
) -> int:
    """Count the products with both weights at every row, a multiplication and an addition each, as torch does."""
    return 2 * x[:-1].numel() * (weight_ih.numel() + weight_hh.numel())


@register_flop_formula(torch.ops.elman.recurrence_backward)
def _backward_flops(*arguments: Any, **_out: Any) -> int:
    x, h_0, _, weight_ih, weight_hh, *_ = arguments[3 : 3 + INPUTS]
    segment, wanted = arguments[6 + INPUTS], arguments[-1]
    rows, batch = x[:-1].numel(), h_0[-2]
    recomputed = rows * (weight_ih.numel() + weight_hh.numel()) if segment else 0
    by_input = rows * weight_ih.numel() * (wanted[0] + wanted[3])
    by_state = (rows - (0 if wanted[1] else batch)) * weight_hh.numel() + rows * weight_hh.numel() * wanted[4]
    return int(2 * (recomputed + by_input + by_state))
