"""Turn a module into the parts of a stream, or say in one line why it cannot take one step at a time.

A network is read as its parts in order: a `torch.nn.Sequential`, or a module with the method `stream_layers`, which
returns them. Weights are read by attribute, so that parametrized ones are those that the module would use now.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.weight_norm import WeightNorm

from elman.errors import InputError
from elman.layers.cells import Cell
from elman.layers.recurrent import Recurrent
from elman.ops import cell as ops
from elman.ops import reference as cells
from elman.quoting import listed
from elman.streams.part import Part

STREAMABLE = (
    "embedding (first), RNN, GRU, LSTM and their cells, LayerNorm, Linear, Dropout, Tanh, ReLU, Sigmoid and Softmax"
)


@runtime_checkable
class Streamable(Protocol):
    """A network that can take one step at a time."""

    def stream_layers(self) -> Sequence[nn.Module | Part]:
        """Return the parts of the network in the order in which it applies them.

        Raises:
            InputError: This network cannot take one step at a time; the message says why and what to do.
        """


def plan(model: Any) -> list[Part]:
    """Return the parts of a model, each with its sizes and a copy of its weights in float32.

    Raises:
        InputError: The model, or a part of it, cannot take one step at a time, or the widths of two parts do not fit.
    """
    if not isinstance(model, nn.Module):
        hint = "Use model.stream()" if hasattr(model, "stream") else f"Give a torch.nn.Sequential of {STREAMABLE}"
        raise InputError(f"elman.Stream: expected a torch.nn.Module, got {type(model).__name__}. {hint}")
    with torch.no_grad():
        return _fit(list(_parts(model, "", ())))


def _fit(parts: list[Part]) -> list[Part]:
    """Return the parts with every width known; an activation takes that of the part before or, as the first, after."""
    width = next((part.inputs for part in parts if part.inputs is not None), None)
    if width is None:
        raise InputError(f"elman.Stream: expected a network of {STREAMABLE}, got none that has a width. Add a layer")
    for k, part in enumerate(parts):
        if k and part.kind == "embedding":
            raise InputError(
                f"elman.Stream: expected {part.name} to be the first part, got {parts[k - 1].name} before it. "
                "Embeddings read symbols; make a stream of the parts from it on"
            )
        inputs = width if part.inputs is None else part.inputs
        outputs = width if part.outputs is None else part.outputs
        if k and inputs != width:
            raise InputError(
                f"elman.Stream: expected {part.name} to take the {width} features of {parts[k - 1].name}, "
                f"got a width of {inputs}. Change the size of one of them"
            )
        parts[k] = replace(part, inputs=inputs, outputs=outputs)
        width = outputs
    return parts


def _parts(module: Any, path: str, outer: tuple[Any, ...]) -> Iterator[Part]:
    """Yield the parts of a module.

    Args:
        module: A module, or a part that a network made itself.
        path: Where it is in the model, for messages; empty for the model.
        outer: The modules that it is part of.
    """
    if isinstance(module, Part):
        yield module
        return
    if any(module is other for other in outer):
        raise _refusal(module, path, "contains itself", "Let stream_layers return the parts, not the network")
    if isinstance(module, Streamable) or _is(module, nn.Sequential):
        inner = module.stream_layers() if isinstance(module, Streamable) else list(module)
        for k, one in enumerate(inner):
            yield from _parts(one, f"{path}.{k}" if path else f"{k}", (*outer, module))
        return
    for kind, reader in _READERS:
        if _is(module, kind):
            yield from reader(module, path)
            return
    if type(module).__name__ == "EmbeddingBag":
        raise _refusal(module, path, "adds up several symbols, and a stream reads one a step", "Use an Embedding")
    raise _refusal(
        module,
        path,
        "is not known to take one step at a time",
        f"Use {STREAMABLE}, or give the network a method stream_layers() that returns such parts in order",
    )


def _is(module: Any, kind: type[nn.Module]) -> bool:
    """Return whether a module is of a kind, and computes what that kind does: a forward of its own may do anything."""
    own = "forward" in getattr(module, "__dict__", {})
    return isinstance(module, kind) and type(module).forward is kind.forward and not own


def _refusal(module: Any, path: str, why: str, remedy: str) -> InputError:
    where = f" (part {path} of the model)" if path else ""
    return InputError(f"elman.Stream: {type(module).__name__}{where} {why}. {remedy}")


def _nothing(module: nn.Module, path: str) -> Iterator[Part]:
    """Yield no part: in evaluation these return their input."""
    return iter(())


def _layers(module: Any, path: str) -> Iterator[Part]:
    """Yield each of the stacked layers."""
    if module.bidirectional:
        raise _refusal(
            module,
            path,
            "is bidirectional: its reverse direction begins at the last step, which a stream does not have yet",
            "Train it with bidirectional=False",
        )
    for k in range(module.num_layers):
        inputs = module.input_size if k == 0 else module.proj_size or module.hidden_size
        yield _recurrent(module, path, inputs, f"_l{k}")


def _cell(module: Any, path: str) -> Iterator[Part]:
    yield _recurrent(module, path, module.input_size, "")


def _recurrent(module: Any, path: str, inputs: int, suffix: str) -> Part:
    equation, projected = _equation(module, path), getattr(module, "proj_size", 0)

    def weight(name: str, present: bool = True) -> Tensor | None:
        return _weight(module, path, name + suffix) if present else None

    return Part(
        type(module).__name__,
        "recurrent",
        inputs,
        projected or module.hidden_size,
        module.hidden_size,
        states=len(equation.states),
        cell=equation.number,
        weight_ih=weight("weight_ih"),
        weight_hh=weight("weight_hh"),
        bias_ih=weight("bias_ih", module.bias),
        bias_hh=weight("bias_hh", module.bias),
        weight_hr=weight("weight_hr", projected > 0),
    )


def _equation(module: Any, path: str) -> ops.Cell:
    if isinstance(module, nn.RNNCell) and module.nonlinearity not in ("tanh", "relu"):
        raise _refusal(module, path, f"has the nonlinearity {module.nonlinearity!r}", "Use 'tanh' or 'relu'")
    if isinstance(module, Recurrent | Cell):
        return module.cell
    if isinstance(module, nn.LSTM | nn.LSTMCell):
        return cells.LSTM
    if isinstance(module, nn.GRU | nn.GRUCell):
        return cells.GRU
    return cells.RNN_RELU if module.nonlinearity == "relu" else cells.RNN_TANH


def _embedding(module: nn.Embedding, path: str) -> Iterator[Part]:
    weight = cast(Tensor, _weight(module, path, "weight"))
    if module.max_norm is not None:  # the module shortens the rows that it reads, when it reads them
        weight = weight.renorm(module.norm_type, 0, module.max_norm)
    yield Part("Embedding", "embedding", module.num_embeddings, module.embedding_dim, weight_ih=weight)


def _linear(module: nn.Linear, path: str) -> Iterator[Part]:
    weight, bias = (_weight(module, path, name, optional=True) for name in ("weight", "bias"))
    yield Part("Linear", "linear", module.in_features, module.out_features, weight_ih=weight, bias_ih=bias)


def _layer_norm(module: nn.LayerNorm, path: str) -> Iterator[Part]:
    if len(module.normalized_shape) != 1:
        shape = listed(module.normalized_shape)
        raise _refusal(module, path, f"normalizes several dimensions, ({shape})", "Use one over the features alone")
    (width,) = module.normalized_shape
    weight, bias = (_weight(module, path, name, optional=True) for name in ("weight", "bias"))
    yield Part("LayerNorm", "layer_norm", width, width, weight_ih=weight, bias_ih=bias, eps=module.eps)


def _activation(kind: str) -> Callable[[nn.Module, str], Iterator[Part]]:
    return lambda module, path: iter([Part(type(module).__name__, kind)])


def _softmax(module: nn.Softmax, path: str) -> Iterator[Part]:
    if module.dim != -1:
        raise _refusal(module, path, f"is over dimension {module.dim}", "Use Softmax(dim=-1), over the features")
    yield Part("Softmax", "softmax")


def _weight(module: nn.Module, path: str, name: str, optional: bool = False) -> Tensor | None:
    """Return a weight as contiguous float32 on the CPU, or None for an absent one that is optional."""
    weight = _read(module, name)
    if weight is None and optional:
        return None
    if is_lazy(weight) or weight.is_meta:
        raise _refusal(module, path, f"has no numbers in its {name} yet", "Load or initialize the weights first")
    if not weight.is_floating_point():
        raise _refusal(module, path, f"has a {name} of {weight.dtype}", "Use weights of a floating type")
    return cast(Tensor, weight).detach().to("cpu", torch.float32).contiguous()


def _read(module: nn.Module, name: str) -> Any:
    """Read a weight by attribute; the old form of weight normalization computes it before each call of the module."""
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm) and hook.name == name:
            return hook.compute_weight(module)
    return getattr(module, name)


_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout, nn.Identity)
_READERS: list[tuple[type[Any], Callable[[Any, str], Iterator[Part]]]] = [
    *((kind, _nothing) for kind in _DROPOUTS),
    *((kind, _layers) for kind in (Recurrent, nn.RNN, nn.GRU, nn.LSTM)),
    *((kind, _cell) for kind in (Cell, nn.RNNCell, nn.GRUCell, nn.LSTMCell)),
    (nn.Embedding, _embedding),
    (nn.Linear, _linear),
    (nn.LayerNorm, _layer_norm),
    *((kind, _activation(name)) for kind, name in ((nn.Tanh, "tanh"), (nn.ReLU, "relu"), (nn.Sigmoid, "sigmoid"))),
    (nn.Softmax, _softmax),
]
