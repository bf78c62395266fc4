"""Make torch.nn's recurrent modules Elman's in place, and back.

Only the class of a module changes, as torch's parametrizations change it: the module, its parameters, hooks and flags
stay the same objects, even if they are shared. A parametrized module has a class that torch derives from the original
one; it gets a class derived from Elman's in the same way.
"""

import warnings

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

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


_ALREADY = "already"
_QUANTIZED = ("torch.ao.nn.", "torch.nn.quantized", "torch.nn.quantizable")


class Replaced(list[str]):
    """The names of the modules that were replaced, "" for the model itself.

    Attributes:
        left: The names of recurrent modules that were left alone, with the reason.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left: dict[str, str] = {}

    def __repr__(self) -> str:
        return super().__repr__() + (f" left: {self.left}" if self.left else "")


def adopt(model: nn.Module) -> Replaced:
    """Make every torch.nn RNN, GRU and LSTM in a model Elman's, and every RNNCell, GRUCell and LSTMCell, in place.

    Modules stay the same objects, with their parameters, parametrizations (such as weight normalization), hooks, flags
    and names, so an optimiser remains valid. `isinstance(layer, torch.nn.LSTM)` is false afterwards. Modules of a class
    derived from torch's, quantized ones and TorchScript are left alone, and a warning names each with the reason.

    Args:
        model: A model, or a recurrent module itself.

    Returns:
        The names of those replaced; `.left` has the names of those that were not, with the reason.

    Raises:
        InputError: The model is no torch module, or has no recurrent module.

    Example:
        >>> model = torch.nn.ModuleDict({"encoder": torch.nn.GRU(3, 4), "head": torch.nn.Linear(4, 2)})
        >>> adopt(model), type(model["encoder"])
        (['encoder'], <class 'elman.layers.gru.GRU'>)
    """
    replaced = adopt_silently(model)
    left = {name: reason for name, reason in replaced.left.items() if not reason.endswith(_ALREADY)}
    if left:
        said = "; ".join(f"{name or 'the model itself'}: {reason}" for name, reason in left.items())
        warnings.warn(f"elman.adopt left {len(left)} of the recurrent modules alone: {said}", UserWarning, stacklevel=2)
    return replaced


def adopt_silently(model: nn.Module) -> Replaced:
    """Do the same as `adopt` without the warning, for a caller that reads `.left`."""
    return _replace(model, _OURS, "elman.adopt")


def release(model: nn.Module) -> Replaced:
    """Undo `adopt`: make every recurrent module of Elman's in a model torch.nn's, in place.

    Args:
        model: A model, or a recurrent module itself.

    Returns:
        The names of those replaced; `.left` has the names of those that were not, with the reason: torch has no GRU
        that resets before the product.

    Raises:
        InputError: The model is no torch module, or has no recurrent module, or one is being recorded.
    """
    return _replace(model, _THEIRS, "elman.release")


def why_not_adopted(module: nn.Module) -> str | None:
    """Return the reason why `adopt` leaves a recurrent module alone, or None if it would replace it."""
    return _obstacle(module, _OURS)


def is_recurrent(module: nn.Module) -> bool:
    """Say whether a module is a recurrent layer or cell: torch's, Elman's, derived, quantized or TorchScript."""
    if isinstance(module, nn.RNNBase | nn.RNNCellBase):
        return True
    foreign = type(module).__module__.startswith(_QUANTIZED) or isinstance(module, torch.jit.ScriptModule)
    return foreign and _name_of(module).endswith(("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"))


def _replace(model: nn.Module, classes: dict[type[nn.Module], type[nn.Module]], who: str) -> Replaced:
    if not isinstance(model, nn.Module):
        raise InputError(
            f"{who}: expected a torch module, got {type(model).__name__}: give the network itself, which a fitted "
            "model of Elman's has as network_"
        )
    found = {name: module for name, module in model.named_modules() if is_recurrent(module)}
    if not found:
        raise InputError(f"{who}: expected a model with an RNN, GRU or LSTM; {type(model).__name__} has none")
    replaced = Replaced()
    for name, module in found.items():
        reason = _obstacle(module, classes)
        if reason:
            replaced.left[name] = reason
        else:
            _become(module, classes[_plain_class(module)])
            replaced.append(name)
    return replaced


def _obstacle(module: nn.Module, classes: dict[type[nn.Module], type[nn.Module]]) -> str | None:
    kind = _plain_class(module)
    if kind not in classes:
        return _foreign(module, kind, classes)
    if not getattr(module, "reset_after", True):
        return "torch has no GRU that resets before the product"
    if getattr(module, "recorder", None) is not None:
        return "it is being recorded; leave the record's block first"
    return None


def _foreign(module: nn.Module, kind: type[nn.Module], classes: dict[type[nn.Module], type[nn.Module]]) -> str:
    """Return the reason why a recurrent module of a class that is not in `classes` cannot be replaced."""
    if kind in classes.values():
        return f"it is {kind.__module__}.{kind.__name__} {_ALREADY}"
    if isinstance(module, torch.jit.ScriptModule):
        return f"{_name_of(module)} is TorchScript, which hides its steps: give the module it was made from"
    if kind.__module__.startswith(_QUANTIZED):
        return f"{kind.__name__} is quantized, and no float layer: give the model from before that"
    base = next((c for c in kind.__mro__ if c in classes or c in classes.values()), nn.RNNBase)
    said = f"{kind.__name__} extends {base.__name__}, and may compute something else"
    advised = classes is _OURS and base in _OURS
    return f"{said}: derive it from elman.{base.__name__}, or use that itself" if advised else said


def _name_of(module: nn.Module) -> str:
    return str(getattr(module, "original_name", type(module).__name__))


def _plain_class(module: nn.Module) -> type[nn.Module]:
    """Return the class of a module; of a parametrized one, the class from which torch derived its own."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def _become(module: nn.Module, kind: type[nn.Module]) -> None:
    module.__class__ = _parametrized_class(type(module), kind) if is_parametrized(module) else kind
    if kind in (GRU, GRUCell):
        vars(module)["reset_after"] = True
    elif kind in (nn.GRU, nn.GRUCell):
        del vars(module)["reset_after"]


def _parametrized_class(made: type[nn.Module], kind: type[nn.Module]) -> type[nn.Module]:
    """Derive a parametrized class from `kind`, with the properties that torch put into the class `made`."""
    own = {name: value for name, value in vars(made).items() if name not in ("__dict__", "__weakref__")}
    return type(f"Parametrized{kind.__name__}", (kind,), own)
