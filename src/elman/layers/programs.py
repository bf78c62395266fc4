"""Support programs that read a layer instead of running it: torch.fx's symbolic tracing and TorchScript.

torch.fx keeps torch.nn's layers as single nodes of a graph, because it knows their module's name. This module makes
such nodes for Elman's. TorchScript compiles Python source, and only torch.nn's layers are written for it.
"""

from typing import Any, NoReturn

from torch import Tensor, nn
from torch._C import _is_tracing
from torch.compiler import is_compiling
from torch.fx.proxy import Proxy, TraceError

from elman.errors import InputError


class Program(nn.Module):
    """The base of layers and cells."""

    def __prepare_scriptable__(self) -> NoReturn:
        """Refuse torch.jit.script, which asks every module of a model for this method."""
        raise InputError(
            f"{type(self).__name__}: expected a layer of torch.nn's, the only ones that torch.jit.script compiles. "
            "Call elman.release(model) first, or use torch.jit.trace or torch.export"
        )


def node(layer: nn.Module, *arguments: Any, **options: Any) -> Any:
    """Return a call of the layer as one node of the graph that torch.fx is making.

    Raises:
        TraceError: The layer is not part of the model that is traced, or is all of it.
    """
    while arguments[-1] is None:
        arguments = arguments[:-1]
    tracer = next(value for value in arguments if isinstance(value, Proxy)).tracer
    modules = getattr(tracer, "root", nn.Module()).named_modules()
    path = next((name for name, module in modules if module is layer), "")
    if not path:
        raise TraceError(
            f"{type(layer).__name__}: expected to be part of the model that torch.fx traces, as one node of its graph; "
            "symbolically traced variables cannot be used as inputs to control flow. Trace a model that has the layer"
        )
    given = {name: value for name, value in options.items() if value is not None}
    return tracer.create_proxy("call_module", path, arguments, given)


def is_traced() -> bool:
    """Say whether torch.jit.trace, or an exporter that uses it, traces this call."""
    return not is_compiling() and _is_tracing()


def check_unrolled(layer: nn.Module, batch_sizes: Tensor | None, reason: str) -> None:
    """Refuse a trace of the reference's loop if it could be replayed for other lengths without an error.

    Raises:
        InputError: torch.jit.trace has a packed batch, whose sizes would become constants; or torch.onnx.export.
    """
    if not is_traced():
        return
    from torch.onnx import is_in_onnx_export  # here, because its import takes 0.2 s

    if batch_sizes is not None or is_in_onnx_export():
        raise InputError(
            f"{type(layer).__name__}: a trace would hold the loop for this number of steps alone. The reference "
            f"backend was chosen because {reason}. Use torch.export, or a layer that torch.nn has too"
        )
