"""Check the arguments of a layer or cell: torch's exception types, with the expected value, the one got, and a remedy.

`recurrent.py` and `cells.py` call these first; afterwards every shape is right. A message contains torch's own sentence
where there is one, so that code that matches on torch's messages still works.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from elman.errors import InputError


def tensor(layer: Module, value: Any, what: str) -> None:
    """Raise AttributeError, as torch does, if the value is no tensor."""
    if not isinstance(value, Tensor):
        raise AttributeError(
            f"{_name(layer)}: expected {what} to be a tensor, but {type(value).__name__!r} object has no attribute "
            "'dim'. Convert it with torch.as_tensor"
        )


def dimensions(
    layer: Module, x: Any, allowed: tuple[int, ...], error: type[Exception] = ValueError, what: str = "input"
) -> None:
    """Raise `error` if `x` is a tensor of another number of dimensions, AttributeError if it is none."""
    tensor(layer, x, what)
    if x.dim() not in allowed:
        expected = " or ".join(f"{n}D" for n in allowed)
        raise error(
            f"{_name(layer)}: Expected {what} to be {expected}, got {x.dim()}D tensor instead. "
            f"Its shape is {list(x.shape)}; reshape it"
        )


def state_dimensions(layer: Module, state: Sequence[Tensor], x: Tensor) -> None:
    """Raise RuntimeError unless the state has a batch dimension exactly if the input has one."""
    if any(s.dim() != x.dim() for s in state):
        kind = "batched" if x.dim() == 3 else "unbatched"
        got = ", ".join(f"{s.dim()}-D" for s in state)
        raise RuntimeError(
            f"{_name(layer)}: For {kind} {x.dim()}-D input, hx should also be {x.dim()}-D but got {got} tensor. "
            f"Its shape is {[list(s.shape) for s in state]}; add or remove the batch dimension with hx.unsqueeze(1) or "
            "hx.squeeze(1)"
        )


def pair(layer: Module, hx: Any, *, whole: bool = False) -> tuple[Tensor, Tensor]:
    """Return the (h_0, c_0) of an LSTM.

    Torch reads the parts of `hx` one by one, except with a packed batch in its own order, where its function takes the
    `whole` of it and raises TypeError if it is no pair of tensors, RuntimeError for more or fewer.

    Raises:
        TypeError: `hx` has no parts, such as a number.
        AttributeError: A part is not a tensor.
        IndexError: There are fewer than two parts, of a tuple or, by mistake, of a tensor.
        KeyError: `hx` is a mapping.
        RuntimeError: There are more than two.
    """
    if whole:
        if not isinstance(hx, tuple | list) or not all(isinstance(part, Tensor) for part in hx):
            kinds = f" of {_kinds(hx)}" if isinstance(hx, tuple | list) else ""
            raise TypeError(
                f"{_name(layer)}: expected hx to be a tuple of two tensors (h_0, c_0), got a {type(hx).__name__}"
                f"{kinds}. Pass both states"
            )
        if len(hx) < 2:
            raise RuntimeError(f"{_name(layer)}: lstm expects two hidden states, (h_0, c_0), got {len(hx)}")
    h_0, c_0 = (_part(layer, hx, k) for k in (0, 1))
    if not isinstance(hx, Tensor) and len(hx) > 2:
        raise RuntimeError(f"{_name(layer)}: lstm expects two hidden states, (h_0, c_0), got {len(hx)}")
    return h_0, c_0


def _kinds(parts: Sequence[Any]) -> str:
    return ", ".join(type(part).__name__ for part in parts[:3])


def _part(layer: Module, hx: Any, k: int) -> Tensor:
    try:
        part = hx[k]
    except (IndexError, KeyError, TypeError) as error:
        raise type(error)(
            f"{_name(layer)}: expected hx to be a tuple of two tensors (h_0, c_0), got a {type(hx).__name__} without "
            f"an hx[{k}]. Pass both states"
        ) from None
    tensor(layer, part, f"hx[{k}]")
    return part  # type: ignore[no-any-return]


def length(layer: Module, x: Tensor) -> None:
    """Raise RuntimeError for a sequence of no steps, (0, B, I)."""
    if x.shape[0] == 0:
        raise RuntimeError(
            f"{_name(layer)}: Expected sequence length to be larger than 0 in RNN, got an input of T = 0 steps. "
            "Leave empty sequences out"
        )


def segment(layer: Module, checkpoint_every: Any, steps: int) -> int:
    """Return the number of steps in a segment for `checkpoint_every` in a sequence of `steps`; 0 for None.

    Raises:
        ValueError: It is neither None, nor an int above 0, nor "sqrt".
        TypeError: It is a tensor, because h_0 and c_0 were passed as two arguments.
    """
    if checkpoint_every is None:
        return 0
    if isinstance(checkpoint_every, Tensor):
        raise TypeError(
            f"{_name(layer)}: expected input and hx, and checkpoint_every as a number of steps or 'sqrt'; got a tensor "
            "for the last. Pass the states of an LSTM as one tuple, (h_0, c_0)"
        )
    if checkpoint_every == "sqrt":
        return math.ceil(math.sqrt(steps))  # math.isqrt is not known to torch.compile
    if not isinstance(checkpoint_every, int) or isinstance(checkpoint_every, bool) or checkpoint_every < 1:
        raise ValueError(
            f"{_name(layer)}: expected checkpoint_every to be a number of steps from 1 on, 'sqrt' or None, "
            f"got {checkpoint_every!r}. 'sqrt' needs the least memory"
        )
    return min(checkpoint_every, steps)


def no_segments(layer: Module, reason: str) -> InputError:
    """Return the error of the torch backend for `checkpoint_every`."""
    return InputError(
        f"{_name(layer)}: checkpoint_every runs on the native and the reference backend, not on torch's own kernels, "
        f"chosen because {reason}. Use float32 on the CPU, or elman.ops.dispatch.use_backend('reference')"
    )


def recorded_segments(layer: Module) -> InputError:
    """Return the error of a layer that is being recorded for `checkpoint_every`."""
    return InputError(
        f"{_name(layer)}: a record keeps every step, and checkpoint_every asks to keep none. Leave out one of the two"
    )


def same_kind(layer: Module, x: Tensor, weight: Tensor, error: type[Exception]) -> None:
    """Check that the input has the weights' type, unless autocast converts both, and their device.

    Raises:
        error: Another type; torch's layers raise ValueError, its cells RuntimeError.
        RuntimeError: Another device.
    """
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        raise error(
            f"{_name(layer)}: RNN input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}). "
            f"Convert input: input.to({weight.dtype}), or convert model: model.to({x.dtype})"
        )
    if x.device != weight.device:
        raise RuntimeError(
            f"{_name(layer)}: Input and parameter tensors are not at the same device, found input tensor at "
            f"{x.device} and parameter tensor at {weight.device}. Move one: input.to(...) or model.to(...)"
        )


def width(layer: Module, x: Tensor, input_size: int) -> None:
    """Raise RuntimeError if the last dimension of the input is not `input_size`."""
    if x.shape[-1] != input_size:
        raise RuntimeError(
            f"{_name(layer)}: input.size(-1) must be equal to input_size. Expected {input_size}, got {x.shape[-1]}. "
            f"Reshape the input, or make the layer with input_size={x.shape[-1]}"
        )


def state(layer: Module, s: Tensor, expected: Sequence[int], x: Tensor, what: str) -> None:
    """Raise RuntimeError for a state of another shape than expected, or another type or device than the input."""
    if s.shape != expected:
        raise RuntimeError(
            f"{_name(layer)}: Expected {what} size {tuple(expected)}, got {list(s.shape)}. "
            "Give a state of that size, or none for zeros"
        )
    if s.device != x.device or (s.dtype != x.dtype and not torch.is_autocast_enabled(x.device.type)):
        raise RuntimeError(
            f"{_name(layer)}: Input and hidden tensors must have the same dtype and device. Expected {what} in "
            f"{x.dtype} on {x.device}, got {s.dtype} on {s.device}. Convert it with .to(input)"
        )


def _name(layer: Module) -> str:
    return type(layer).__name__
