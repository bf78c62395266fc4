"""torch.nn's recurrent modules become Elman's where they stand, and back.

Only the class of a module changes, as torch's parametrizations change it: the module, its parameters, hooks and flags
stay the same objects, wherever they are shared or held on to.
"""

from torch import nn

from elman.errors import InputError
from elman.layers.cells import GRUCell, LSTMCell, RNNCell
from elman.layers.gru import GRU
from elman.layers.lstm import LSTM
from elman.layers.rnn import RNN

_OURS: dict[type[nn.Module], type[nn.Module]] = {
    nn.RNN: RNN,
    nn.GRU: GRU,
    nn.LSTM: LSTM,
    nn.RNNCell: RNNCell,
    nn.GRUCell: GRUCell,
    nn.LSTMCell: LSTMCell,
}
_THEIRS = {ours: theirs for theirs, ours in _OURS.items()}


class Replaced(list[str]):
    """The names of the modules that were replaced, "" for the model itself.

    Attributes:
        left: The names of recurrent modules that were left alone, and why.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left: dict[str, str] = {}


def adopt(model: nn.Module) -> Replaced:
    """Make every torch.nn RNN, GRU and LSTM in a model Elman's, and every RNNCell, GRUCell and LSTMCell, in place.

    Modules stay the objects that they are, with their parameters, hooks, flags and names; an optimiser goes on with
    them. `isinstance(layer, torch.nn.LSTM)` is false afterwards. Modules of another class that extends torch's, a
    parametrized one among them, are left alone.

    Args:
        model: A model, or a recurrent module itself.

    Returns:
        The names of those replaced; `.left` has the names of those that were not, with the reason.

    Raises:
        InputError: The model has no recurrent module.

    Example:
        >>> model = torch.nn.ModuleDict({"encoder": torch.nn.GRU(3, 4), "head": torch.nn.Linear(4, 2)})
        >>> adopt(model), type(model["encoder"])
        (['encoder'], <class 'elman.layers.gru.GRU'>)
    """
    return _replace(model, _OURS, "elman.adopt")


def release(model: nn.Module) -> Replaced:
    """The way back: make every recurrent module of Elman's in a model torch.nn's, in place.

    Args:
        model: A model, or a recurrent module itself.

    Returns:
        The names of those replaced; `.left` has the names of those that were not, with the reason: torch has no GRU
        that resets before the product.

    Raises:
        InputError: The model has no recurrent module, or one is being recorded.
    """
    return _replace(model, _THEIRS, "elman.release")


def _replace(model: nn.Module, classes: dict[type[nn.Module], type[nn.Module]], who: str) -> Replaced:
    replaced, seen = Replaced(), False
    for name, module in model.named_modules():
        if not isinstance(module, nn.RNNBase | nn.RNNCellBase):
            continue
        seen = True
        reason = _obstacle(module, classes)
        if reason:
            replaced.left[name] = reason
        else:
            _become(module, classes[type(module)])
            replaced.append(name)
    if not seen:
        raise InputError(f"{who}: expected a model with an RNN, GRU or LSTM; {type(model).__name__} has none")
    return replaced


def _obstacle(module: nn.Module, classes: dict[type[nn.Module], type[nn.Module]]) -> str | None:
    kind = type(module)
    if kind in classes.values():
        return f"it is {kind.__module__}.{kind.__name__} already"
    if kind not in classes:
        return f"{kind.__name__} extends a recurrent module, and may compute something else"
    if not getattr(module, "reset_after", True):
        return "torch has no GRU that resets before the product"
    if getattr(module, "recorder", None) is not None:
        return "it is being recorded; leave the record's block first"
    return None


def _become(module: nn.Module, kind: type[nn.Module]) -> None:
    module.__class__ = kind
    if kind in (GRU, GRUCell):
        vars(module).update(reset_after=True, torch_has_it=True)
    elif kind in (nn.GRU, nn.GRUCell):
        del vars(module)["reset_after"], vars(module)["torch_has_it"]
