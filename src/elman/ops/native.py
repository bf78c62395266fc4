"""The native recurrence: one layer, one direction, over the compiled kernels, as an operation torch knows.

`recurrence` is what `ops.rnn`, `ops.gru` and `ops.lstm` call. Tensors are float32 on the CPU. Shapes: x is (T, B, I),
or (N, I) with batch_sizes (T,) when packed; states are (B, H), or (1, B, H) as a stack of one layer has them;
weight_ih (G*H, I), weight_hh (G*H, H), biases (G*H,).

Eager calls go straight to an autograd function, because the dispatcher's way there and back takes 35 microseconds, as
long as the kernel itself at B = 1; under torch.compile, torch.export and fake tensors the same two functions are
reached through `torch.ops.elman.recurrence`, which has a fake and a backward.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from elman import kernels
from elman.ops.reference.gru import gru
from elman.ops.reference.lstm import lstm
from elman.ops.reference.rnn import rnn
from elman.ops.trace import Trace, check_first_order


class _Cell(NamedTuple):
    """What `kernels/elman.h` and `kernels/cells.h` say of a cell."""

    number: int
    gates: int
    saved: int  # vectors of H that it keeps a step for its backward pass


_CELLS = {
    "rnn_tanh": _Cell(0, gates=1, saved=0),
    "rnn_relu": _Cell(1, gates=1, saved=0),
    "lstm": _Cell(2, gates=4, saved=4),
    "gru": _Cell(3, gates=3, saved=4),
    "gru_reset_before": _Cell(4, gates=3, saved=3),
}
_INPUTS = 7  # x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh: what has a gradient
_TENSORS = _INPUTS + 1  # and batch_sizes

# Where torch runs on no OpenMP, as on macOS, the kernels have threads of their own.
kernels.borrow_threads(str(Path(torch.__path__[0], "lib", "libtorch_cpu.so")))

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
    keep = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in inputs)
    if trace is None and (torch.compiler.is_compiling() or type(x) is not Tensor):
        y, h_n, c_n, _, _ = torch.ops.elman.recurrence(*inputs, batch_sizes, cell, reverse, segment, keep)
        return y, h_n, (c_n if c_0 is not None else None)
    if keep or trace is not None:
        found: tuple[Tensor, Tensor, Tensor | None] = _Recurrence.apply(  # type: ignore[no-untyped-call]
            *inputs, batch_sizes, (cell, reverse, segment), trace
        )
        return found
    y, h_n, c_n, _, _ = _forward(*inputs, batch_sizes, cell, reverse, segment, keep=False)
    return y, h_n, c_n


def _fits(
    x: Tensor,
    h_0: Tensor,
    c_0: Tensor | None,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    batch_sizes: Tensor | None,
    cell: str,
) -> bool:
    """Whether every tensor has the shape, type and place by which the kernels read it.

    Layers check x and the states, but anybody may replace a weight. Written out, it takes 2 microseconds.
    """
    state = h_0.shape
    if cell not in _CELLS or len(state) not in (2, 3) or x.dim() != (3 if batch_sizes is None else 2):
        return False
    batch, hidden = state[-2:]
    rows = _CELLS[cell].gates * hidden
    f32 = torch.float32
    return (
        (weight_ih.shape == (rows, x.shape[-1]) and weight_ih.dtype is f32 and weight_ih.is_cpu)
        and (weight_hh.shape == (rows, hidden) and weight_hh.dtype is f32 and weight_hh.is_cpu)
        and (len(state) == 2 or state[0] == 1)
        and (x.dtype is f32 and x.is_cpu and h_0.dtype is f32 and h_0.is_cpu)
        and (c_0 is not None) is (cell == "lstm")
        and (c_0 is None or (c_0.shape == state and c_0.dtype is f32 and c_0.is_cpu))
        and (bias_ih is None) is (bias_hh is None)
        and (bias_ih is None or (bias_ih.shape == (rows,) and bias_ih.dtype is f32 and bias_ih.is_cpu))
        and (bias_hh is None or (bias_hh.shape == (rows,) and bias_hh.dtype is f32 and bias_hh.is_cpu))
        and (
            x.shape[1] == batch
            if batch_sizes is None
            else batch_sizes.dim() == 1 and batch_sizes.dtype is torch.int64 and batch_sizes.is_cpu
        )
    )


def _misfit(arguments: Sequence[Tensor | None], batch_sizes: Tensor | None, cell: str) -> RuntimeError:
    """What does not fit, as an exception of the type that torch's own operations raise."""
    if cell not in _CELLS:
        return RuntimeError(f"elman: expected cell to be one of {', '.join(_CELLS)}, got {cell!r}")
    gates = {1: "H", 3: "3*H", 4: "4*H"}[_CELLS[cell].gates]
    x = "(T, B, I)" if batch_sizes is None else "(N, I)"
    state = ("(B, H) or (1, B, H)", "as h_0" if cell == "lstm" else "None")
    shapes = (x, *state, f"({gates}, I)", f"({gates}, H)", *[f"({gates},), or None for both"] * 2)
    names = ("x", "h_0", "c_0", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
    expected = ", ".join(f"{name} {shape}" for name, shape in zip(names, shapes, strict=True))
    came = ", ".join(f"{name} {_describe(t)}" for name, t in zip(names, arguments, strict=True))
    sizes = "" if batch_sizes is None else f"; batch_sizes (T,) in torch.int64, got {_describe(batch_sizes)}"
    return RuntimeError(
        f"elman: {cell} expected {expected}, all float32 on the CPU{sizes}; got {came}. Reshape or convert"
    )


def _describe(tensor: Tensor | None) -> str:
    if tensor is None:
        return "None"
    kind = "" if tensor.dtype is torch.float32 else f" in {tensor.dtype}"
    return f"{tuple(tensor.shape)}{kind}" + ("" if tensor.is_cpu else f" on {tensor.device}")


def _pointer(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _rows(tensor: Tensor) -> tuple[Tensor, int, int]:
    """The tensor with its strides over steps and rows: rows may stand anywhere, the values of a row together."""
    strides = tensor.stride()
    if strides[-1] != 1 and tensor.shape[-1] > 1:
        tensor = tensor.contiguous()
        strides = tensor.stride()
    return (tensor, strides[0], strides[1]) if len(strides) == 3 else (tensor, 0, strides[0])


def _contiguous(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.contiguous()


def _sizes(x: Tensor, h_0: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int, int, int]:
    batch, hidden = h_0.shape[-2:]
    if batch_sizes is None:
        return x.shape[0], batch, x.shape[-1], hidden, x.shape[0] * batch
    return batch_sizes.shape[0], batch, x.shape[-1], hidden, x.shape[0]


def _cells_shape(x: Tensor, h_0: Tensor, batch_sizes: Tensor | None, segment: int) -> tuple[int, ...]:
    """Of the LSTM's kept c: that of every step, or, with segments, of each border between two."""
    if not segment:
        return (*x.shape[:-1], h_0.shape[-1])
    steps = (x if batch_sizes is None else batch_sizes).shape[0]
    return (max(steps - 1, 0) // segment, *h_0.shape[-2:])


def _forward(
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
    segment: int,
    *,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None]:
    if not _fits(x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh, batch_sizes, cell):
        raise _misfit((x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh), batch_sizes, cell)
    if segment < 0:
        raise RuntimeError(f"elman: expected segment to be 0 or a number of steps, got {segment}")
    number, _, saved = _CELLS[cell]
    segment = segment if keep else 0
    x, *strides = _rows(x)
    h_0, batch_sizes = h_0.contiguous(), _contiguous(batch_sizes)
    weight_ih, weight_hh = weight_ih.contiguous(), weight_hh.contiguous()
    bias_ih, bias_hh = _contiguous(bias_ih), _contiguous(bias_hh)
    sizes = _sizes(x, h_0, batch_sizes)
    rows, hidden = x.shape[:-1], sizes[3]
    y, h_n = x.new_empty(*rows, hidden), torch.empty_like(h_0)
    gates = x.new_empty(*rows, saved, hidden) if keep and saved and not segment else None
    c_n = cells = None
    if c_0 is not None:
        c_0 = c_0.contiguous()
        c_n, cells = torch.empty_like(c_0), x.new_empty(*_cells_shape(x, h_0, batch_sizes, segment)) if keep else None
    kernels.run(
        *(number, 0, reverse, torch.get_num_threads(), *sizes, _pointer(batch_sizes), x.data_ptr(), *strides),
        *(h_0.data_ptr(), _pointer(c_0), weight_ih.data_ptr(), weight_hh.data_ptr()),
        *(_pointer(bias_ih), _pointer(bias_hh)),
        *(y.data_ptr(), h_n.data_ptr(), _pointer(c_n), _pointer(gates)),
        *((0, segment, _pointer(cells)) if segment else (_pointer(cells), 0, 0)),
        *(0,) * 15,
    )
    return y, h_n, c_n, gates, cells


def _backward(
    grad_y: Tensor | None,
    grad_h_n: Tensor | None,
    grad_c_n: Tensor | None,
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
    segment: int,
    *,
    y: Tensor,
    gates: Tensor | None,
    cells: Tensor | None,
    wanted: Sequence[bool],
    trace: Trace | None = None,
) -> list[Tensor | None]:
    """Gradients of the seven inputs; None for an input that is None, and where none is wanted.

    `gates` and `cells` are as `_forward` gave them: with segments, none, and c at the borders.
    """
    (x, *strides), (grad_y, *grad_y_strides) = _rows(x), (None, 0, 0) if grad_y is None else _rows(grad_y)
    grad_h_n, grad_c_n = _contiguous(grad_h_n), _contiguous(grad_c_n)
    h_0, c_0, batch_sizes = h_0.contiguous(), _contiguous(c_0), _contiguous(batch_sizes)
    weight_ih, weight_hh = weight_ih.contiguous(), weight_hh.contiguous()
    bias_ih, bias_hh = _contiguous(bias_ih), _contiguous(bias_hh)
    biases = wanted[5] or wanted[6]  # both come from one sum
    needed = (*wanted[:5], biases, biases)
    out = [
        torch.empty_like(tensor, memory_format=torch.contiguous_format) if need and tensor is not None else None
        for tensor, need in zip((x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh), needed, strict=True)
    ]
    sizes, borders = _sizes(x, h_0, batch_sizes), None
    if segment:
        rows, hidden = min(segment * sizes[1], sizes[4]), sizes[3]
        gates, borders = x.new_empty((rows, _CELLS[cell].saved, hidden)), cells
        cells = None if borders is None else x.new_empty((rows, hidden))
    recorded = {} if trace is None else _to_record(trace, y, cell)
    kernels.run(
        *(_CELLS[cell].number, 1, reverse, torch.get_num_threads(), *sizes, _pointer(batch_sizes)),
        *(x.data_ptr(), *strides, h_0.data_ptr(), _pointer(c_0), weight_ih.data_ptr(), weight_hh.data_ptr()),
        *(_pointer(bias_ih), _pointer(bias_hh), y.data_ptr(), 0, 0, _pointer(gates), _pointer(cells)),
        *(segment, _pointer(borders)),
        *(_pointer(grad_y), _pointer(grad_h_n), _pointer(grad_c_n)),
        *grad_y_strides,
        *(_pointer(tensor) for tensor in out),
        *(_pointer(recorded.get(name)) for name in ("dh", "dc", "dgates")),
    )
    if trace is not None:
        trace.add(recorded)
    return out


_RNN_SLOPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "rnn_tanh": lambda dh, h: dh * (1 - h * h),
    "rnn_relu": lambda dh, h: dh.masked_fill(h <= 0, 0),
}


def _to_record(trace: Trace, y: Tensor, cell: str) -> dict[str, Tensor]:
    """Memory for what a record wants of a backward pass.

    The RNN's `dgates` follow from `dh` and `h`: writing both took 11 % of a pass at (64, 128, 128, 256), one 6 %.
    """
    shapes = {"dh": y.shape, "dgates": (*y.shape[:-1], _CELLS[cell].gates, y.shape[-1])}
    if cell == "lstm":
        shapes["dc"] = y.shape
    if cell in _RNN_SLOPES and {"h", "dh", "dgates"} <= trace.keep:
        del shapes["dgates"]
        trace.derive("dgates", lambda kept: _RNN_SLOPES[cell](kept["dh"], kept["h"]).unsqueeze(-2))
    return {name: y.new_empty(shape) for name, shape in shapes.items() if name in trace.keep}


class _Recurrence(torch.autograd.Function):
    """The eager way."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> tuple[Tensor, Tensor, Tensor | None]:
        *tensors, options, trace = arguments
        y, h_n, c_n, gates, cells = _forward(*tensors, *options, keep=True)
        ctx.save_for_backward(*tensors, y, gates, cells)
        ctx.options, ctx.trace = options, trace
        ctx.set_materialize_grads(False)
        if trace is not None:
            x, h_0, c_0, *_ = tensors
            h_0, c_0 = h_0.view(h_0.shape[-2:]), None if c_0 is None else c_0.view(h_0.shape[-2:])
            trace.put({"x": x, "h_0": h_0, "c_0": c_0, "h": y, "c": cells, "gates": gates})
        return y, h_n, c_n

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, ...]:
        *tensors, y, gates, cells = ctx.saved_tensors
        wanted, trace = ctx.needs_input_grad[:_INPUTS], ctx.trace
        if trace is not None:
            check_first_order()
        if torch.is_grad_enabled():
            found = _differentiable_backward(grads, (*tensors, *ctx.options), wanted)
        else:
            kept = {"y": y, "gates": gates, "cells": cells}
            found = _backward(*grads, *tensors, *ctx.options, **kept, wanted=wanted, trace=trace)
        return *found, None, None, None


_REFERENCE: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "rnn_tanh": partial(rnn, nonlinearity="tanh"),
    "rnn_relu": partial(rnn, nonlinearity="relu"),
    "lstm": lstm,
    "gru": gru,
    "gru_reset_before": partial(gru, reset_after=False),
}


def _differentiable_backward(
    grads: Sequence[Tensor | None], arguments: tuple[Any, ...], wanted: Sequence[bool]
) -> list[Tensor | None]:
    """The gradients, themselves differentiable: through the reference, which is plain torch.

    They are taken by views of the inputs: one input may be another's source (a carried state comes from the weights) or
    the same tensor, and then its own gradient would hold the other's too.
    """
    views = [t if t is None else t.view_as(t) for t in arguments[:_INPUTS]]
    x, h_0, c_0, *weights = views
    batch_sizes, cell, reverse, _ = arguments[_INPUTS:]
    state = (h_0,) if c_0 is None else (h_0, c_0)
    outputs = _REFERENCE[cell](x, *state, *weights, batch_sizes, reverse)
    pairs = [(out, grad) for out, grad in zip(outputs, grads, strict=False) if grad is not None]
    inputs = [t for t, want in zip(views, wanted, strict=True) if want and t is not None]
    if not pairs or not inputs:
        return [None] * _INPUTS
    outputs, grads = zip(*pairs, strict=True)
    found = iter(torch.autograd.grad(outputs, inputs, grads, create_graph=True, allow_unused=True))
    return [next(found) if want else None for want in wanted]


# The same two functions as an operation of torch's: absent tensors come out empty, because a schema has no optional
# results.


def _full(tensors: Sequence[Tensor | None], like: Tensor) -> tuple[Tensor, ...]:
    return tuple(like.new_empty(0) if tensor is None else tensor for tensor in tensors)


def _absent(tensor: Tensor) -> Tensor | None:
    return None if tensor.dim() == 1 and tensor.shape[0] == 0 else tensor


def _op(*arguments: Any) -> tuple[Tensor, ...]:
    *given, keep = arguments
    return _full(_forward(*given, keep=keep), arguments[0])


def _op_backward(*arguments: Any) -> tuple[Tensor, ...]:
    *given, y, gates, cells, wanted = arguments
    grads, inputs, (batch_sizes, cell, _, segment) = given[:3], given[3 : 3 + _INPUTS], given[3 + _INPUTS :]
    if not _fits(*given[3 : 5 + _INPUTS]):
        raise _misfit(inputs, batch_sizes, cell)
    y_shape, saved = (*inputs[0].shape[:-1], inputs[1].shape[-1]), _CELLS[cell].saved
    shapes = {
        "grad_y": (grads[0], y_shape),
        "grad_h_n": (grads[1], inputs[1].shape),
        "grad_c_n": (grads[2], inputs[1].shape),
        "y": (y, y_shape),
        "gates": (gates if saved and not segment else None, (*y_shape[:-1], saved, y_shape[-1])),
        "cells": (cells if cell == "lstm" else None, _cells_shape(inputs[0], inputs[1], batch_sizes, segment)),
    }
    for name, (tensor, shape) in shapes.items():
        if tensor is not None and (tensor.shape != shape or tensor.dtype != torch.float32 or not tensor.is_cpu):
            raise RuntimeError(f"elman: {cell} expected {name} {shape}, float32 on the CPU; got {_describe(tensor)}")
    if len(wanted) != _INPUTS:
        raise RuntimeError(f"elman: expected wanted to be {_INPUTS} truth values, got {len(wanted)}")
    gates, cells = _contiguous(_absent(gates)), _contiguous(_absent(cells))
    return _full(_backward(*given, y=y.contiguous(), gates=gates, cells=cells, wanted=wanted), arguments[3])


def _fake(x: Tensor, h_0: Tensor, c_0: Tensor | None, *rest: Any) -> tuple[Tensor, ...]:
    *_, batch_sizes, cell, _, segment, keep = rest
    saved, rows, hidden = _CELLS[cell].saved, x.shape[:-1], h_0.shape[-1]
    y, h_n = x.new_empty((*rows, hidden)), h_0.new_empty(h_0.shape)
    gates = x.new_empty((*rows, saved, hidden)) if keep and saved and not segment else None
    c_n = None if c_0 is None else c_0.new_empty(c_0.shape)
    cells = x.new_empty(_cells_shape(x, h_0, batch_sizes, segment)) if keep and c_0 is not None else None
    return _full((y, h_n, c_n, gates, cells), x)


def _fake_backward(*arguments: Any) -> tuple[Tensor, ...]:
    inputs, wanted = arguments[3 : 3 + _INPUTS], arguments[-1]
    biases = wanted[5] or wanted[6]
    needed = (*wanted[:5], biases, biases)
    return _full(
        [t.new_empty(t.shape) if need and t is not None else None for t, need in zip(inputs, needed, strict=True)],
        inputs[0],
    )


def _set_up_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    y, _, _, gates, cells = output
    ctx.save_for_backward(*inputs[:_TENSORS], y, gates, cells)
    ctx.options = inputs[_TENSORS:-1]
    ctx.set_materialize_grads(False)


def _autograd(ctx: Any, grad_y: Tensor | None, grad_h_n: Tensor | None, grad_c_n: Tensor | None, *_: Any) -> Any:
    *given, y, gates, cells = ctx.saved_tensors
    wanted = list(ctx.needs_input_grad[:_INPUTS])
    grad_c_n = None if given[2] is None else grad_c_n
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        found = _differentiable_backward((grad_y, grad_h_n, grad_c_n), (*given, *ctx.options), wanted)
    else:
        results = torch.ops.elman.recurrence_backward(
            grad_y, grad_h_n, grad_c_n, *given, *ctx.options, y, gates, cells, wanted
        )
        found = [t if want and g is not None else None for t, want, g in zip(results, wanted, given, strict=False)]
    return *found, None, None, None, None, None


_library.impl("recurrence", _op, "CPU")
_library.impl("recurrence_backward", _op_backward, "CPU")
torch.library.register_fake("elman::recurrence", _fake, lib=_library)
torch.library.register_fake("elman::recurrence_backward", _fake_backward, lib=_library)
torch.library.register_autograd("elman::recurrence", _autograd, setup_context=_set_up_context, lib=_library)
