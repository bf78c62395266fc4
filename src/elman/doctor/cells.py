"""Run single-step cells as layers of one step while a network is examined: a loop over a cell is a loop over a layer.

The layer holds the cell's own parameters, and is a child module of the cell within the block, so that a record and the
hooks find it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn import RNNBase

from elman.layers import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell
from elman.layers.cells import Cell

_LAYERS: dict[type[Cell], type[RNNBase]] = {RNNCell: RNN, GRUCell: GRU, LSTMCell: LSTM}
_CHILD = "as_layer"


@contextmanager
def cells_as_layers(network: nn.Module) -> Iterator[None]:
    """Let Elman's cells run as layers that are called with one step; cells with another `forward` are left alone."""
    cells = [module for module in network.modules() if _own_step(module)]
    try:
        for cell in cells:
            layer = _layer_of(cell)
            cell.add_module(_CHILD, layer)
            cell.forward = _stepping(cell, layer)
        yield
    finally:
        for cell in cells:
            vars(cell).pop("forward", None)
            cell._modules.pop(_CHILD, None)


def runs_as_layer(module: nn.Module) -> bool:
    """Say whether a module is a cell that runs as a layer now."""
    return _CHILD in module._modules and isinstance(module, Cell)


def plain_name(name: str) -> str:
    """Return the name of a module, without the layer that replaces a cell."""
    return "" if name == _CHILD else name.removesuffix(f".{_CHILD}")


def _own_step(module: nn.Module) -> bool:
    return isinstance(module, Cell) and any(type(module).forward is kind.forward for kind in _LAYERS)


def _layer_of(cell: Any) -> RNNBase:
    kind = next(kind for kind in _LAYERS if isinstance(cell, kind))
    options: dict[str, Any] = {"bias": cell.bias, "device": "meta", "dtype": cell.weight_ih.dtype}
    if kind is GRUCell:
        options["reset_after"] = cell.reset_after
    elif kind is RNNCell:
        options["nonlinearity"] = cell.nonlinearity
    layer = _LAYERS[kind](cell.input_size, cell.hidden_size, **options)
    for name in list(layer._parameters):
        delattr(layer, name)
    _share(cell, layer)
    return layer


def _share(cell: nn.Module, layer: RNNBase) -> None:
    """Give the layer the cell's weights as they are now: a parametrized one is computed anew at each call."""
    for name in layer._all_weights[0]:
        setattr(layer, name, getattr(cell, name.removesuffix("_l0")))


def _stepping(cell: nn.Module, layer: RNNBase) -> Callable[..., Any]:
    def forward(input: Tensor, hx: Any = None) -> Any:  # noqa: A002  torch's name
        _share(cell, layer)
        if hx is not None:
            hx = tuple(part[None] for part in hx) if layer.mode == "LSTM" else hx[None]
        _, state = layer(input[None], hx)
        return tuple(part[0] for part in state) if layer.mode == "LSTM" else state[0]

    return forward
