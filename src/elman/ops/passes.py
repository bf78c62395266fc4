"""One pass forward and one pass back of a layer in one direction on the compiled kernels, as plain functions.

Tensors are float32 on the CPU. Shapes: x is (T, B, I), or (N, I) with batch_sizes (T,) when packed; states are (B, H),
or (1, B, H) as a stack of one layer has them; weight_ih (G*H, I), weight_hh (G*H, H), biases (G*H,).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from elman import kernels
from elman.ops.trace import Trace


class _Cell(NamedTuple):
    """What `kernels/elman.h` and `kernels/cells.h` say of a cell."""

    number: int
    gates: int
    saved: int  # vectors of H that it keeps a step for its backward pass


CELLS = {
    "rnn_tanh": _Cell(0, gates=1, saved=0),
    "rnn_relu": _Cell(1, gates=1, saved=0),
    "lstm": _Cell(2, gates=4, saved=4),
    "gru": _Cell(3, gates=3, saved=4),
    "gru_reset_before": _Cell(4, gates=3, saved=3),
}


class UnreadableError(RuntimeError):
    """A tensor has no memory, as zeros that torch's derivatives make, and the older functionalization's."""


INPUTS = 7  # x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh: what has a gradient

# Where torch runs on no OpenMP, as on macOS, the kernels have threads of their own.
kernels.use_openmp(str(Path(torch.__path__[0], "lib", "libtorch_cpu.so")))


def fits(
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
    if cell not in CELLS or len(state) not in (2, 3) or x.dim() != (3 if batch_sizes is None else 2):
        return False
    batch, hidden = state[-2:]
    rows = CELLS[cell].gates * hidden
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


def misfit(arguments: Sequence[Tensor | None], batch_sizes: Tensor | None, cell: str) -> RuntimeError:
    """What does not fit, as an exception of the type that torch's own operations raise."""
    if cell not in CELLS:
        return RuntimeError(f"elman: expected cell to be one of {', '.join(CELLS)}, got {cell!r}")
    gates = {1: "H", 3: "3*H", 4: "4*H"}[CELLS[cell].gates]
    x = "(T, B, I)" if batch_sizes is None else "(N, I)"
    state = ("(B, H) or (1, B, H)", "as h_0" if cell == "lstm" else "None")
    shapes = (x, *state, f"({gates}, I)", f"({gates}, H)", *[f"({gates},), or None for both"] * 2)
    names = ("x", "h_0", "c_0", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
    expected = ", ".join(f"{name} {shape}" for name, shape in zip(names, shapes, strict=True))
    came = ", ".join(f"{name} {describe(t)}" for name, t in zip(names, arguments, strict=True))
    sizes = "" if batch_sizes is None else f"; batch_sizes (T,) in torch.int64, got {describe(batch_sizes)}"
    return RuntimeError(
        f"elman: {cell} expected {expected}, all float32 on the CPU{sizes}; got {came}. Reshape or convert"
    )


def describe(tensor: Tensor | None) -> str:
    """Say what came, for a message."""
    if tensor is None:
        return "None"
    kind = "" if tensor.dtype is torch.float32 else f" in {tensor.dtype}"
    return f"{tuple(tensor.shape)}{kind}" + ("" if tensor.is_cpu else f" on {tensor.device}")


def _pointer(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _rows(tensor: Tensor) -> tuple[Tensor, int, int]:
    """Return the tensor with its strides over steps and rows: rows may be anywhere, the values of a row together.

    A view that torch has still to negate, the imaginary part of a conjugate, has strides of two.
    """
    strides = tensor.stride()
    if strides[-1] != 1:
        tensor = tensor.resolve_neg()
        if tensor.shape[-1] > 1:
            tensor = tensor.contiguous()
        strides = tensor.stride()
    return (tensor, strides[0], strides[1]) if len(strides) == 3 else (tensor, 0, strides[0])


def contiguous(tensor: Tensor | None) -> Tensor | None:
    """Return the tensor in one block of memory, None for None."""
    return None if tensor is None else tensor.contiguous()


def _sizes(x: Tensor, h_0: Tensor, batch_sizes: Tensor | None) -> tuple[int, int, int, int, int]:
    batch, hidden = h_0.shape[-2:]
    if batch_sizes is None:
        return x.shape[0], batch, x.shape[-1], hidden, x.shape[0] * batch
    return batch_sizes.shape[0], batch, x.shape[-1], hidden, x.shape[0]


def cells_shape(x: Tensor, h_0: Tensor, batch_sizes: Tensor | None, segment: int) -> tuple[int, ...]:
    """Of the LSTM's kept c: that of every step, or, with segments, of each border between two."""
    if not segment:
        return (*x.shape[:-1], h_0.shape[-1])
    steps = (x if batch_sizes is None else batch_sizes).shape[0]
    return (max(steps - 1, 0) // segment, *h_0.shape[-2:])


def computed(wanted: Sequence[bool]) -> tuple[bool, ...]:
    """Which of the seven gradients are computed where those are wanted: both biases' come from one sum."""
    biases = wanted[5] or wanted[6]
    return *wanted[:5], biases, biases


def forward(
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
    """Run a layer over a sequence; with `keep`, for a way back to come, or so many steps of it at a time (`segment`).

    Returns:
        y, h_n and, for the LSTM, c_n; then, if kept, what the way back needs: the gates of every step, and the LSTM's c
        of every step, or with segments of each border alone.

    Raises:
        RuntimeError: something has another shape, type or place than the kernels read.
    """
    if not fits(x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh, batch_sizes, cell):
        raise misfit((x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh), batch_sizes, cell)
    if segment < 0:
        raise RuntimeError(f"elman: expected segment to be 0 or a number of steps, got {segment}")
    number, _, saved = CELLS[cell]
    segment = segment if keep else 0
    x, *strides = _rows(x)
    h_0, batch_sizes = h_0.contiguous(), contiguous(batch_sizes)
    x_at, h_0_at = x.data_ptr(), h_0.data_ptr()
    if (not x_at and x.numel()) or (not h_0_at and h_0.numel()):
        raise UnreadableError(
            f"elman: {cell} expected tensors with memory. Add a zero to them, which makes a copy that has it"
        )
    weight_ih, weight_hh = weight_ih.contiguous(), weight_hh.contiguous()
    bias_ih, bias_hh = contiguous(bias_ih), contiguous(bias_hh)
    sizes = _sizes(x, h_0, batch_sizes)
    rows, hidden = x.shape[:-1], sizes[3]
    y, h_n = x.new_empty(*rows, hidden), torch.empty_like(h_0)
    gates = x.new_empty(*rows, saved, hidden) if keep and saved and not segment else None
    c_n = cells = None
    if c_0 is not None:
        c_0 = c_0.contiguous()
        c_n, cells = torch.empty_like(c_0), x.new_empty(*cells_shape(x, h_0, batch_sizes, segment)) if keep else None
    kernels.run(
        *(number, 0, reverse, torch.get_num_threads(), *sizes, _pointer(batch_sizes), x_at, *strides),
        *(h_0_at, _pointer(c_0), weight_ih.data_ptr(), weight_hh.data_ptr()),
        *(_pointer(bias_ih), _pointer(bias_hh)),
        *(y.data_ptr(), h_n.data_ptr(), _pointer(c_n), _pointer(gates)),
        *((0, segment, _pointer(cells)) if segment else (_pointer(cells), 0, 0)),
        *(0,) * 15,
    )
    return y, h_n, c_n, gates, cells


def backward(
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

    `gates` and `cells` are as `forward` gave them: with segments, none, and c at the borders.
    """
    (x, *strides), (grad_y, *grad_y_strides) = _rows(x), (None, 0, 0) if grad_y is None else _rows(grad_y)
    grad_h_n, grad_c_n = contiguous(grad_h_n), contiguous(grad_c_n)
    h_0, c_0, batch_sizes = h_0.contiguous(), contiguous(c_0), contiguous(batch_sizes)
    weight_ih, weight_hh = weight_ih.contiguous(), weight_hh.contiguous()
    bias_ih, bias_hh = contiguous(bias_ih), contiguous(bias_hh)
    out = [
        torch.empty_like(tensor, memory_format=torch.contiguous_format) if need and tensor is not None else None
        for tensor, need in zip((x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh), computed(wanted), strict=True)
    ]
    sizes, borders = _sizes(x, h_0, batch_sizes), None
    if segment:
        rows, hidden = min(segment * sizes[1], sizes[4]), sizes[3]
        gates, borders = x.new_empty((rows, CELLS[cell].saved, hidden)), cells
        cells = None if borders is None else x.new_empty((rows, hidden))
    recorded = {} if trace is None else _to_record(trace, y, cell)
    kernels.run(
        *(CELLS[cell].number, 1, reverse, torch.get_num_threads(), *sizes, _pointer(batch_sizes)),
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
    shapes = {"dh": y.shape, "dgates": (*y.shape[:-1], CELLS[cell].gates, y.shape[-1])}
    if cell == "lstm":
        shapes["dc"] = y.shape
    if cell in _RNN_SLOPES and {"h", "dh", "dgates"} <= trace.keep:
        del shapes["dgates"]
        trace.derive("dgates", lambda kept: _RNN_SLOPES[cell](kept["dh"], kept["h"]).unsqueeze(-2))
    return {name: y.new_empty(shape) for name, shape in shapes.items() if name in trace.keep}
