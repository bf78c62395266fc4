"""Run one forward or backward pass of a layer in one direction on the compiled kernels, as plain functions.

Tensors are float32 on the CPU. Shapes: x is (T, B, I), or (N, I) with batch_sizes (T,) when packed, or (B, I) for one
step; states are (B, H), or for a sequence (1, B, H) as a stack of one layer has them; weight_ih (G*H, I), weight_hh
(G*H, H), biases (G*H,).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from elman import kernels
from elman.ops.cell import Cell
from elman.ops.reference import CELLS
from elman.ops.trace import Trace


class UnreadableError(RuntimeError):
    """A tensor has no memory, like the zeros of torch's derivatives and those of the older functionalization."""


NAMES: Final = ("x", "h_0", "c_0", "weight_ih", "weight_hh", "bias_ih", "bias_hh")  # the inputs that have a gradient
INPUTS: Final = len(NAMES)
Inputs = Sequence[Any]  # the seven of them, Tensor, or None for an absent c_0 and for absent biases
Options = tuple[Cell, bool, int]  # the cell, whether in reverse, and the steps of a segment or 0

# Where torch does not use OpenMP, as on macOS, the kernels have threads of their own.
kernels.use_openmp(str(Path(torch.__path__[0], "lib", "libtorch_cpu.so")))
if kernels.available():
    for known in CELLS.values():
        kernels.check_cell(known.name, known.number, len(known.gates), known.saved)


def fits(inputs: Inputs, batch_sizes: Tensor | None, cell: Cell) -> bool:
    """Return whether every tensor has the shape, type and device that the kernels read.

    Layers check x and the states, but a weight may be replaced by anything. Written out, it takes 2 microseconds.
    """
    x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh = inputs
    state, shape = h_0.shape, x.shape
    if len(shape) == 3 if batch_sizes is None else len(shape) == 2:
        fit = len(state) == 2 or (len(state) == 3 and state[0] == 1)
    else:
        fit = len(shape) == len(state) == 2 and batch_sizes is None  # one step
    if not fit:
        return False
    hidden, f32 = state[-1], torch.float32
    rows = len(cell.gates) * hidden
    return (
        (weight_ih.shape == (rows, shape[-1]) and weight_ih.dtype is f32 and weight_ih.is_cpu)
        and (weight_hh.shape == (rows, hidden) and weight_hh.dtype is f32 and weight_hh.is_cpu)
        and (x.dtype is f32 and x.is_cpu and h_0.dtype is f32 and h_0.is_cpu)
        and (c_0 is not None) is (len(cell.states) == 2)
        and (c_0 is None or (c_0.shape == state and c_0.dtype is f32 and c_0.is_cpu))
        and (bias_ih is None) is (bias_hh is None)
        and (bias_ih is None or (bias_ih.shape == (rows,) and bias_ih.dtype is f32 and bias_ih.is_cpu))
        and (bias_hh is None or (bias_hh.shape == (rows,) and bias_hh.dtype is f32 and bias_hh.is_cpu))
        and (
            shape[-2] == state[-2]
            if batch_sizes is None
            else batch_sizes.dim() == 1 and batch_sizes.dtype is torch.int64 and batch_sizes.is_cpu
        )
    )


def misfit(inputs: Inputs, batch_sizes: Tensor | None, cell: Cell) -> RuntimeError:
    """Say what does not fit, as an exception of the type that torch's own operations raise."""
    gates = "H" if len(cell.gates) == 1 else f"{len(cell.gates)}*H"
    x = "(T, B, I) or (B, I)" if batch_sizes is None else "(N, I)"
    state = ("(B, H) or (1, B, H)", "as h_0" if "c" in cell.states else "None")
    shapes = (x, *state, f"({gates}, I)", f"({gates}, H)", *[f"({gates},), or None for both"] * 2)
    expected = ", ".join(f"{name} {shape}" for name, shape in zip(NAMES, shapes, strict=True))
    got = ", ".join(f"{name} {describe(t)}" for name, t in zip(NAMES, inputs, strict=True))
    sizes = "" if batch_sizes is None else f"; batch_sizes (T,) in torch.int64, got {describe(batch_sizes)}"
    return RuntimeError(
        f"elman: {cell.name} expected {expected}, all float32 on the CPU{sizes}; got {got}. Reshape or convert"
    )


def describe(tensor: Tensor | None) -> str:
    """Describe a tensor in a message."""
    if tensor is None:
        return "None"
    kind = "" if tensor.dtype is torch.float32 else f" in {tensor.dtype}"
    return f"{tuple(tensor.shape)}{kind}" + ("" if tensor.is_cpu else f" on {tensor.device}")


def _pointer(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _rows(tensor: Tensor) -> tuple[Tensor, int, int]:
    """Return the tensor with its strides over steps and rows; the values of a row are made contiguous.

    A view that torch has yet to negate, the imaginary part of a conjugate, has strides of two.
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
    """Return T, B, I, H and N."""
    shape, state = x.shape, h_0.shape
    batch, hidden, width = state[-2], state[-1], shape[-1]
    if batch_sizes is not None:
        return batch_sizes.shape[0], batch, width, hidden, shape[0]
    steps = shape[0] if len(shape) == 3 else 1
    return steps, batch, width, hidden, steps * batch


def cells_shape(x: Tensor, h_0: Tensor, batch_sizes: Tensor | None, segment: int) -> tuple[int, ...]:
    """Return the shape of the saved c of the LSTM: of every step, or with segments of each checkpoint between two."""
    if not segment:
        return (*x.shape[:-1], h_0.shape[-1])
    steps = _sizes(x, h_0, batch_sizes)[0]
    return (max(steps - 1, 0) // segment, *h_0.shape[-2:])


def is_step(x: Tensor, batch_sizes: Tensor | None) -> bool:
    """Return whether x is one step, (B, I), whose output y is also the last h."""
    return batch_sizes is None and x.dim() == 2


def computed(wanted: Sequence[bool]) -> tuple[bool, ...]:
    """Return which of the seven gradients are computed where `wanted` are: those of both biases are one sum."""
    biases = wanted[5] or wanted[6]
    return *wanted[:5], biases, biases


def forward(
    inputs: Inputs, batch_sizes: Tensor | None, options: Options, *, keep: bool
) -> tuple[Tensor, Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Run one layer over a sequence, or over one step.

    `keep` saves what the backward pass needs; with a segment only the state at segment boundaries is saved.

    Returns:
        y; h_n, or None for one step (B, I), where y is the last h; for the LSTM c_n; then, if kept, the gates of every
        step, or None with segments, and for the LSTM c of every step, or with segments at the checkpoints.

    Raises:
        RuntimeError: A tensor has another shape, type or device than the kernels read.
    """
    cell, reverse, segment = options
    if not fits(inputs, batch_sizes, cell):
        raise misfit(inputs, batch_sizes, cell)
    if segment < 0:
        raise RuntimeError(f"elman: expected segment to be 0 or a number of steps, got {segment}")
    x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh = inputs
    segment = segment if keep else 0
    x, x_step, x_row = _rows(x)
    h_0, weight_ih, weight_hh = h_0.contiguous(), weight_ih.contiguous(), weight_hh.contiguous()
    x_at, h_0_at = x.data_ptr(), h_0.data_ptr()
    if (not x_at and x.numel()) or (not h_0_at and h_0.numel()):
        raise UnreadableError(
            f"elman: {cell.name} expected tensors with memory. Add a zero to them, which makes a copy that has it"
        )
    sizes, saved = _sizes(x, h_0, batch_sizes), cell.saved
    h_n = c_n = gates = cells = None
    batch_sizes_at = c_0_at = bias_ih_at = bias_hh_at = h_n_at = c_n_at = gates_at = cells_at = 0
    if batch_sizes is not None:
        batch_sizes = batch_sizes.contiguous()
        batch_sizes_at = batch_sizes.data_ptr()
    if bias_ih is not None:
        bias_ih, bias_hh = bias_ih.contiguous(), bias_hh.contiguous()
        bias_ih_at, bias_hh_at = bias_ih.data_ptr(), bias_hh.data_ptr()
    if is_step(x, batch_sizes):
        y = torch.empty_like(h_0)
    else:
        y, h_n = x.new_empty(*x.shape[:-1], sizes[3]), torch.empty_like(h_0)
        h_n_at = h_n.data_ptr()
    if c_0 is not None:
        c_0 = c_0.contiguous()
        c_n = torch.empty_like(c_0)
        c_0_at, c_n_at = c_0.data_ptr(), c_n.data_ptr()
    if keep:
        if saved and not segment:
            gates = x.new_empty(*x.shape[:-1], saved, sizes[3])
            gates_at = gates.data_ptr()
        if c_0 is not None:
            cells = x.new_empty(cells_shape(x, h_0, batch_sizes, segment))
            cells_at = cells.data_ptr()
    # fmt: off
    kernels.run((
        cell.number, 0, reverse, torch.get_num_threads(), *sizes, batch_sizes_at, x_at, x_step, x_row,
        h_0_at, c_0_at, weight_ih.data_ptr(), weight_hh.data_ptr(), bias_ih_at, bias_hh_at,
        y.data_ptr(), h_n_at, c_n_at, gates_at, 0 if segment else cells_at, segment, cells_at if segment else 0,
    ))
    # fmt: on
    return y, h_n, c_n, gates, cells


def backward(
    grads: Sequence[Tensor | None],
    inputs: Inputs,
    batch_sizes: Tensor | None,
    options: Options,
    saved: tuple[Tensor, Tensor | None, Tensor | None],
    wanted: Sequence[bool],
    trace: Trace | None = None,
) -> list[Tensor | None]:
    """Compute the gradients of the seven inputs.

    Args:
        grads: The gradients of y, h_n and c_n, or None for zeros.
        inputs: The inputs of the forward pass.
        batch_sizes: The same.
        options: The same.
        saved: y, gates and cells as `forward` returned them: with segments no gates, and c at the checkpoints.
        wanted: Which of the seven to compute.
        trace: Filled in with the gradients of every step, if there is one.

    Returns:
        One for each input; None for an input that is None, and where none is wanted.
    """
    (cell, reverse, segment), (y, gates, cells) = options, saved
    x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh = inputs
    grad_y, grad_h_n, grad_c_n = grads
    x, x_step, x_row = _rows(x)
    grad_y, grad_y_step, grad_y_row = (None, 0, 0) if grad_y is None else _rows(grad_y)
    grad_h_n, grad_c_n = contiguous(grad_h_n), contiguous(grad_c_n)
    h_0, c_0, batch_sizes = h_0.contiguous(), contiguous(c_0), contiguous(batch_sizes)
    weight_ih, weight_hh = weight_ih.contiguous(), weight_hh.contiguous()
    bias_ih, bias_hh = contiguous(bias_ih), contiguous(bias_hh)
    out = [
        torch.empty_like(tensor, memory_format=torch.contiguous_format) if need and tensor is not None else None
        for tensor, need in zip((x, h_0, c_0, weight_ih, weight_hh, bias_ih, bias_hh), computed(wanted), strict=True)
    ]
    sizes, checkpoints = _sizes(x, h_0, batch_sizes), None
    if segment:
        _, batch, _, hidden, rows = sizes
        rows = min(segment * batch, rows)
        gates, checkpoints = x.new_empty((rows, cell.saved, hidden)), cells
        cells = None if checkpoints is None else x.new_empty((rows, hidden))
    recorded = {} if trace is None else _to_record(trace, y, cell)
    # fmt: off
    kernels.run((
        cell.number, 1, reverse, torch.get_num_threads(), *sizes, _pointer(batch_sizes), x.data_ptr(), x_step, x_row,
        h_0.data_ptr(), _pointer(c_0), weight_ih.data_ptr(), weight_hh.data_ptr(), _pointer(bias_ih), _pointer(bias_hh),
        y.data_ptr(), 0, 0, _pointer(gates), _pointer(cells), segment, _pointer(checkpoints),
        _pointer(grad_y), _pointer(grad_h_n), _pointer(grad_c_n), grad_y_step, grad_y_row, *map(_pointer, out),
        *(_pointer(recorded.get(part)) for part in ("dh", "dc", "dgates")),
    ))
    # fmt: on
    if trace is not None:
        trace.add(recorded)
    return out


_RNN_SLOPES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "rnn_tanh": lambda dh, h: dh * (1 - h * h),
    "rnn_relu": lambda dh, h: dh.masked_fill(h <= 0, 0),
}


def _to_record(trace: Trace, y: Tensor, cell: Cell) -> dict[str, Tensor]:
    """Allocate the gradients that a trace keeps of a backward pass.

    The `dgates` of the RNN follow from `dh` and `h`: writing both took 11 % of a pass at (64, 128, 128, 256), one 6 %.
    """
    shapes = {f"d{state}": y.shape for state in cell.states}
    shapes["dgates"] = torch.Size((*y.shape[:-1], len(cell.gates), y.shape[-1]))
    if cell.name in _RNN_SLOPES and {"h", "dh", "dgates"} <= trace.keep:
        del shapes["dgates"]
        trace.derive("dgates", lambda kept: _RNN_SLOPES[cell.name](kept["dh"], kept["h"]).unsqueeze(-2))
    return {name: y.new_empty(shape) for name, shape in shapes.items() if name in trace.keep}
