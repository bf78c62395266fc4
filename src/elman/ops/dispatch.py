"""Choose the backend that runs a layer, and give the reason.

    native      Elman's kernels        float32 on the CPU
    torch       torch's own kernels    every other type and device, projections, autocast, torch.func, ONNX
    reference   plain torch            no kernels in this installation, an equation that torch has not, vmap and
                                       forward-mode derivatives, an LSTM under autocast on a processor where torch's
                                       fails, and while recording whatever would be torch's

`use_backend("reference")` or the environment variable ELMAN_BACKEND (read once, at import) force one.

An autograd function that fills memory through a pointer is invisible to a mode, a tracer or a tensor subclass, which
would record an empty output. `native.py` asks `watched` and `plain` at every call, and then calls the registered
operation, which they see; together they take a third of a microsecond.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import torch
from torch import Tensor, is_autocast_enabled
from torch._C import (
    _are_functorch_transforms_active,
    _is_tracing,
    _len_torch_dispatch_stack,
    _len_torch_function_stack,
)
from torch._C._functorch import TransformType, get_interpreter_stack
from torch.autograd import forward_ad
from torch.compiler import is_compiling
from torch.nn import Parameter
from torch.overrides import _get_current_function_mode_stack
from torch.utils._device import DeviceContext

from elman import kernels
from elman.errors import InputError

BACKENDS: Final = ("native", "reference", "torch")
PLAIN: Final = frozenset({Tensor, Parameter, type(None)})
_CPU: Final = torch.device("cpu")
_NO_KERNELS: Final = None if kernels.available() else kernels.why_not()
# Under autocast torch hands every LSTM to oneDNN, which fails where the processor does not compute in that type.
_FAILING_LSTM: Final = frozenset(
    dtype
    for dtype, supported in (
        (torch.bfloat16, "_is_mkldnn_bf16_supported"),
        (torch.float16, "_is_mkldnn_fp16_supported"),
    )
    if torch._C._has_mkldnn and not getattr(torch.ops.mkldnn, supported)()
)


class Backend(str):
    """The name of a backend, 'native', 'reference' or 'torch', with the reason why it was chosen.

    Attributes:
        reason: A sentence.
    """

    __slots__ = ("reason",)
    reason: str

    def __new__(cls, name: str, reason: str) -> "Backend":
        """Make the string `name` that carries its `reason`."""
        backend = super().__new__(cls, name)
        backend.reason = reason
        return backend

    def __repr__(self) -> str:
        return f"<{self}: {self.reason}>"


class Choice(NamedTuple):
    """A backend's name and the reason for it, as plain strings, which torch.compile can trace."""

    name: str
    reason: str


_NATIVE: Final = Choice("native", "float32 on the CPU runs on Elman's own kernels")


def choose(
    dtype: torch.dtype,
    device: torch.device,
    *,
    projection: bool = False,
    missing_in_torch: str = "",
    recorded: bool = False,
    lstm: bool = False,
) -> Choice:
    """Choose the backend for a call.

    Args:
        dtype: The type of the input.
        device: Where the input is.
        projection: The layer has a `proj_size`.
        missing_in_torch: The words for an equation that torch.nn does not have (`Cell.missing_in_torch`).
        recorded: Every step is recorded, which torch's kernels do not show.
        lstm: The call is for whole sequences of an LSTM.

    Returns:
        The name and the reason.

    Raises:
        InputError: A backend is forced that cannot do this.
    """
    obstacle = _native_obstacle(dtype, device, projection) or (_record_obstacle() if recorded else None)
    if _forced is not None:
        return _check_forced(_forced, obstacle or _NO_KERNELS, missing_in_torch, recorded)
    if obstacle is None and _NO_KERNELS is None:
        return _NATIVE
    if obstacle is None:
        return Choice("reference", f"Elman's kernels are not available: {_NO_KERNELS}")
    why_not_torch = _torch_obstacle(missing_in_torch, recorded, lstm, device)
    return Choice("reference", f"{obstacle}, and {why_not_torch}") if why_not_torch else Choice("torch", obstacle)


def _native_obstacle(dtype: torch.dtype, device: torch.device, projection: bool) -> str | None:
    """Say why Elman's kernels do not cover this, or None if they do."""
    if device != _CPU and device.type != "cpu":  # in this order: the type is a new string at each call, 2 microseconds
        return f"Elman's kernels run on the CPU, and this is on {device.type}"
    compiling = is_compiling()
    seen = compiling or _is_tracing() or _are_functorch_transforms_active() or forward_ad._current_level >= 0
    program = _program_obstacle(compiling) if seen or is_autocast_enabled("cpu") else None
    if program is not None:
        return program
    if dtype != torch.float32:
        return f"Elman's kernels are float32, and this is {dtype}"
    if projection:
        return "Elman's kernels have no projection (proj_size)"
    return None


def _program_obstacle(compiling: bool) -> str | None:
    """Say why Elman's kernels do not cover the state of the program, for any layer; None if they do."""
    if is_autocast_enabled("cpu"):
        return "autocast is on, and Elman's kernels are float32"
    if not compiling and (_are_functorch_transforms_active() or forward_ad._current_level >= 0):
        return "a torch.func transform is at work, and Elman's kernels know only plain differentiation"
    from torch.onnx import is_in_onnx_export  # here, because its import takes 0.2 s

    if is_in_onnx_export():
        return "torch.onnx is exporting, and ONNX has the layers that torch has"
    return None


def _torch_obstacle(missing_in_torch: str, recorded: bool, lstm: bool, device: torch.device) -> str | None:
    """Say why torch's kernels do not cover this, or None if they do."""
    if missing_in_torch:
        return f"torch has no {missing_in_torch}"
    if recorded:
        return "torch's kernels show no step to a record"
    if _is_beyond_torch():
        return "torch's kernels know neither vmap nor forward-mode derivatives"
    if lstm and is_autocast_enabled("cpu") and device.type == "cpu":  # in this order: the type is a new string
        dtype = torch.get_autocast_dtype("cpu")
        if dtype in _FAILING_LSTM:
            return f"torch's LSTM fails in {dtype} on this processor"
    return None


def _record_obstacle() -> str | None:
    """Say why Elman's kernels cannot be recorded now: no mode or tracer sees the gradients they write into a record."""
    return (
        "a dispatch mode or tracer is active, which a record of Elman's kernels is hidden from" if watched() else None
    )


def _is_beyond_torch() -> bool:
    """Return whether a transform is active that torch's recurrent kernels do not support."""
    if is_compiling():
        return False
    levels = {level.key() for level in get_interpreter_stack() or ()}
    return forward_ad._current_level >= 0 or not levels.isdisjoint({TransformType.Vmap, TransformType.Jvp})


class _Forced(NamedTuple):
    name: str
    by: str


def _check_forced(forced: _Forced, obstacle: str | None, missing_in_torch: str, recorded: bool) -> Choice:
    if forced.name == "native" and obstacle is not None:
        raise InputError(
            f"{forced.by} asks for the native backend, which cannot run here: {obstacle}. "
            "Change the input, or force no backend"
        )
    if forced.name == "torch" and missing_in_torch:
        raise InputError(
            f"{forced.by} asks for the torch backend, which has no {missing_in_torch}. "
            "Force no backend, or make a layer that torch.nn has"
        )
    if forced.name == "torch" and recorded:
        raise InputError(
            f"{forced.by} asks for the torch backend, whose kernels show no step to a record. "
            "Force 'reference', or no backend, while recording"
        )
    return Choice(forced.name, f"forced by {forced.by}")


def _force(name: str, by: str) -> _Forced:
    if name not in BACKENDS:
        raise InputError(f"{by}: expected one of {', '.join(BACKENDS)}; got {name!r}")
    return _Forced(name, by)


def _from_environment() -> _Forced | None:
    name = os.environ.get("ELMAN_BACKEND")
    return _force(name, "ELMAN_BACKEND") if name else None


_forced: _Forced | None = _from_environment()


@contextmanager
def use_backend(name: str | None) -> Iterator[None]:
    """Run every layer on one backend within a `with`; in the whole process, all threads.

    Args:
        name: 'native', 'reference' or 'torch', or None to force none (whatever ELMAN_BACKEND says).

    Raises:
        InputError: There is no such backend. A layer that cannot run on it raises InputError when it is called.

    Example:
        >>> layer = elman.LSTM(3, 4)
        >>> with use_backend("reference"):
        ...     layer.backend
        <reference: forced by use_backend('reference')>
    """
    global _forced  # noqa: PLW0603  one setting of the process, guarded by torch.compile
    before, _forced = _forced, None if name is None else _force(name, f"use_backend({name!r})")
    try:
        yield
    finally:
        _forced = before


def watched() -> bool:
    """Return whether a tracer, a dispatch mode or a function mode is active in this thread."""
    return bool(_len_torch_dispatch_stack() or _is_tracing() or (_len_torch_function_stack() and _function_mode()))


def plain(a: Tensor | None, b: Tensor | None, c: Tensor | None, d: Tensor | None = None) -> bool:
    """Return whether every tensor is of torch's own class, or absent: subclasses have a dispatch of their own."""
    return type(a) in PLAIN and type(b) in PLAIN and type(c) in PLAIN and type(d) in PLAIN


def _function_mode() -> bool:
    """Return whether a function mode is active other than `torch.device`, which only places new tensors."""
    modes = _get_current_function_mode_stack()  # type: ignore[no-untyped-call]
    return any(not isinstance(mode, DeviceContext) for mode in modes)
