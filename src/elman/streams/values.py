"""Check the arrays and tensors that a stream takes and fills, and convert between them.

Every check is made before a step is taken, so that wrong input changes no state.
"""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.errors import InputError
from elman.quoting import quote

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[Any]
Values = TypeVar("Values", npt.NDArray[Any], Tensor)


def given(x: Any, shape: tuple[int, ...], symbols: bool, call: str) -> Numbers:
    """Return the input as an array, of any floating type, or of any whole numbers for symbols.

    Args:
        x: A NumPy array or a tensor.
        shape: Its expected shape; the first number of a block's shape is -1, which is any.
        symbols: Whether it is the numbers of symbols.
        call: The name of the method, for messages.

    Raises:
        InputError: It is something else, of another shape or of another type.
    """
    array = _array(x, "x", call)
    if array.dtype.kind not in ("iu" if symbols else "f"):
        kind, remedy = ("whole numbers of symbols", "int64") if symbols else ("floating numbers", "float32")
        raise InputError(
            f"{call}: expected x to be {kind}, got {x.dtype}. Convert it: "
            + (f"x.to(torch.{remedy})" if isinstance(x, Tensor) else f"x.astype(np.{remedy})")
        )
    if array.shape != shape and not _fits(array.shape, shape):
        raise InputError(
            f"{call}: expected x of shape {_shape(shape)}, got {_shape(array.shape)}. {_remedy(array, shape)}"
        )
    return array


def bad_symbol(x: Numbers, size: int, call: str) -> InputError:
    """Return the error for symbols of which one is not below `size`."""
    number = int(x[(x < 0) | (x >= size)].flat[0])
    return InputError(
        f"{call}: expected numbers of symbols from 0 to {size - 1}, got {number}. Nothing was changed; number symbols "
        "as the model was trained on them"
    )


def target(out: Any, shape: tuple[int, ...], call: str) -> Floats:
    """Return the memory of `out` as an array to write to.

    Raises:
        InputError: It is neither an array nor a tensor, of another shape or type, or may not be written to.
    """
    array = _array(out, "out", call)
    if array.shape != shape or out.dtype not in (np.float32, torch.float32):
        raise InputError(
            f"{call}: expected out to be float32 of shape {_shape(shape)}, got {out.dtype} of {_shape(array.shape)}. "
            "Make one of that type and shape"
        )
    if isinstance(out, Tensor):
        steps = zip(out.stride(), out.shape, strict=True)
        shared = any(stride == 0 and size > 1 for stride, size in steps) or out.is_neg()
        fixed = "one that requires a gradient" if out.requires_grad else "one whose elements share memory" * shared
    else:
        fixed = "" if out.flags.writeable else "one that is read-only"
    if fixed:
        raise InputError(f"{call}: expected an out to write to, got {fixed}. Make it with torch.empty or np.empty")
    return array


def written(out: Any) -> None:
    """Let autograd know that a tensor was written to."""
    if isinstance(out, Tensor) and not out.is_inference():
        torch.autograd.graph.increment_version(out)


def like(x: Any, y: Floats) -> Any:
    """Return `y` as a tensor if `x` is one."""
    return torch.from_numpy(y) if isinstance(x, Tensor) else y


def rows(given_rows: Any, batch: int) -> npt.NDArray[np.int64]:
    """Return the numbers of rows as an array.

    Raises:
        InputError: They are not whole numbers from 0 to `batch` - 1.
    """
    try:
        found = np.atleast_1d(np.asarray(given_rows))
    except (TypeError, ValueError, RuntimeError):
        found = np.empty(1, object)
    if found.size == 0 and found.ndim == 1:
        return np.empty(0, np.int64)
    if found.dtype.kind not in "iu" or found.ndim != 1 or ((found < 0) | (found >= batch)).any():
        raise InputError(
            f"Stream.reset: expected numbers of rows from 0 to {batch - 1}, got {quote(given_rows)}. "
            "Give a list of them, or none for all"
        )
    return np.require(found, np.int64, ["C", "A"])


def _array(x: Any, name: str, call: str) -> Numbers:
    if isinstance(x, np.ndarray):
        return np.asarray(x)
    if not isinstance(x, Tensor):
        raise InputError(
            f"{call}: expected {name} to be a NumPy array or a tensor, got {type(x).__name__}. "
            "Convert it with np.asarray or torch.as_tensor"
        )
    if not x.is_cpu or x.layout is not torch.strided:
        got = f"with the layout {x.layout}" if x.is_cpu else f"on {x.device}"
        raise InputError(
            f"{call}: expected {name} to be a dense tensor on the CPU, got one {got}. "
            "Convert it with .cpu() or .to_dense()"
        )
    if x.requires_grad or x.dtype is torch.bfloat16 or x.is_neg():
        x = (x.float() if x.dtype is torch.bfloat16 else x).detach().resolve_neg()
    array: Numbers = x.numpy()
    return array


def _fits(got: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(got) == len(shape) and all(a == b for a, b in zip(got, shape, strict=True) if b >= 0)


def _shape(shape: tuple[int, ...]) -> str:
    """Return a shape as Python writes it, with T for any number of steps."""
    inner = ", ".join("T" if size < 0 else str(size) for size in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def _remedy(array: Numbers, shape: tuple[int, ...]) -> str:
    if array.ndim != len(shape):
        return "Reshape it; a batch of one row has its dimension too"
    batch = 1 if shape[0] < 0 else 0
    if array.shape[batch] != shape[batch]:
        return "Give each row of the batch one, or make a stream of another batch"
    return "Give the features that the model was made for"
