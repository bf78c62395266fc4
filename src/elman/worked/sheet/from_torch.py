"""Write the worksheet of a small torch module: its weights, an input, and the further fields.

Takes `RNN`, `LSTM` or `GRU` of Elman or of `torch.nn`, or any module that holds exactly one of them and at most one
Linear.
"""

from typing import Any

import torch
from torch import nn

from elman.errors import InputError
from elman.worked.sheet.worksheet import Worksheet, read_sheet

_CELLS = {"RNN": "rnn", "LSTM": "lstm", "GRU": "gru"}


def worksheet_of(module: nn.Module, inputs: Any, **more: Any) -> Worksheet:
    """Write the worksheet of a module for one sequence (T, I), or a batch of one.

    Args:
        module: the recurrent module, alone or with one Linear.
        inputs: a tensor or array (T, I).
        more: fields of the worksheet; `target` or `targets` go to the example. Without a Linear, the output is `none`.
    """
    layer, linear = _only(module, tuple(_CELLS)), _linear(module)
    cell = next(kind for name, kind in _CELLS.items() if _is(layer, name))
    example = {"inputs": _vectors(inputs, layer)} | {key: more.pop(key) for key in ("target", "targets") if key in more}
    sheet: dict[str, Any] = {
        "title": f"{type(layer).__name__}({layer.input_size}, {layer.hidden_size})",
        "cell": cell,
        "layout": "pytorch",
        "bidirectional": layer.bidirectional,
        "layers": layer.num_layers,
        "parameters": _weights(layer) | _output(linear),
        "examples": [example],
    }
    if cell == "rnn":
        sheet["activation"] = getattr(layer, "nonlinearity", "tanh")
    if linear is None:
        sheet["output"] = {"kind": "none", "at": "every" if layer.bidirectional else "last"}
    return read_sheet(sheet | more, type(module).__name__)


def _is(module: nn.Module, name: str) -> bool:
    return any(base.__name__ == name for base in type(module).__mro__)


def _only(module: nn.Module, names: tuple[str, ...]) -> Any:
    found = [part for part in module.modules() if any(_is(part, name) for name in names)]
    if len(found) != 1:
        raise InputError(
            f"worksheet: expected a module with one RNN, LSTM or GRU, got {len(found)} in {type(module).__name__}"
        )
    return found[0]


def _linear(module: nn.Module) -> nn.Linear | None:
    found = [part for part in module.modules() if isinstance(part, nn.Linear)]
    if len(found) > 1:
        raise InputError(f"worksheet: expected at most one Linear, got {len(found)} in {type(module).__name__}")
    return found[0] if found else None


def _vectors(inputs: Any, layer: Any) -> Any:
    try:
        array = torch.as_tensor(inputs).detach().cpu().double()
    except (TypeError, ValueError, RuntimeError) as error:  # what torch raises for words, None and ragged rows
        raise InputError(f"inputs: expected a tensor or array of numbers (T, {layer.input_size}): {error}") from None
    if array.ndim == 3 and 1 in array.shape[:2]:
        array = array.squeeze(0 if array.shape[0] == 1 else 1)
    if array.ndim != 2 or array.shape[1] != layer.input_size:
        raise InputError(f"inputs: expected shape (T, {layer.input_size}), one sequence, got {tuple(array.shape)}")
    return array.numpy()


def _weights(layer: Any) -> dict[str, Any]:
    """Return parameters by PyTorch's names; zeros for the biases of a layer that has none."""
    weights = {name: p.detach().cpu().double().numpy() for name, p in layer.named_parameters()}
    if any(name.startswith("weight_hr") for name in weights):
        raise InputError("worksheet: an LSTM with a projection (proj_size) is not worked")
    for name in list(weights):
        if name.startswith("weight_"):
            weights.setdefault(name.replace("weight", "bias"), weights[name][:, 0] * 0)
    return weights


def _output(linear: nn.Linear | None) -> dict[str, Any]:
    if linear is None:
        return {}
    bias = torch.zeros(linear.out_features) if linear.bias is None else linear.bias
    return {"W_hy": linear.weight.detach().cpu().double().numpy(), "b_y": bias.detach().cpu().double().numpy()}
