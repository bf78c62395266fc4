"""Find out whether something watches or rewrites torch's operations: a mode, a tracer, a tensor that is not plain.

An autograd function that fills memory through a pointer is invisible to all of these, so that they would record an
empty output. `native.py` then calls the registered operation, which they see. The questions are asked at every call;
together they take a third of a microsecond.
"""

from typing import Final

from torch import Tensor
from torch._C import _is_tracing, _len_torch_dispatch_stack, _len_torch_function_stack
from torch.nn import Parameter
from torch.overrides import _get_current_function_mode_stack
from torch.utils._device import DeviceContext

PLAIN: Final = frozenset({Tensor, Parameter, type(None)})


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
