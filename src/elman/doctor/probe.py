"""Turn the arguments of `elman.diagnose` into a `Probe`: a network, and a call that returns the loss of one batch.

A model with data of another kind, such as Elman's estimators, returns its `Probe` from a method `probe(data)`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import RNNBase

from elman.doctor.cells import plain_name
from elman.errors import InputError

Loss = Callable[[], Tensor]
ProgressCallback = Callable[[str, float], None]
"""Called with a description of the current work and the fraction that is done."""
LIMIT = 2**31
"""Default limit of the record's memory in bytes, 2 GiB."""


def silent(_doing: str, _done: float) -> None:
    """Report no progress."""


@dataclass(frozen=True)
class Probe:
    """Hold a network and the losses to examine it on.

    Attributes:
        network: a network with recurrent layers of Elman's or torch's.
        loss: runs a batch and returns its loss, a scalar.
        others: the same for further batches; only the gradient's norm is measured on them.
        clip: the global gradient norm at which training clips; None if it does not clip.
        clipped_share: the fraction of training updates whose gradient was clipped; None if unknown.
        truncation: the number of steps that training backpropagates through; None for all.
        note: a remark on the data for the reader of the report, such as their origin.
        trained: whether the network is known to be trained; otherwise its weights are tested for initial values.
        hidden: modules that cannot be examined, with the reason.
    """

    network: nn.Module
    loss: Loss
    others: Sequence[Loss] = field(default=())
    clip: float | None = None
    clipped_share: float | None = None
    truncation: int | None = None
    note: str = ""
    trained: bool = False
    hidden: dict[str, str] = field(default_factory=dict)


def make_probe(model: Any, batch: Any, loss: Callable[[Any, Any], Tensor] | None) -> Probe:
    """Return the probe of a model and a batch, checked.

    Raises:
        InputError: the model is no network and has no `probe`, it has no recurrent layer, is compiled, or is on
            another device than the batch; the batch is neither a pair with a loss nor a callable.
    """
    if hasattr(model, "probe") and not isinstance(model, nn.Module):
        if loss is not None:
            raise InputError(f"loss: expected none, a {type(model).__name__} has its own: leave it out")
        found: Probe = model.probe(batch)
    elif isinstance(model, nn.Module):
        found = Probe(model, make_loss(model, batch, loss))
    else:
        raise InputError(f"model: expected a torch module or a model of Elman's, got {type(model).__name__}")
    check_network(found.network)
    return found


def make_loss(network: nn.Module, batch: Any, loss: Callable[[Any, Any], Tensor] | None) -> Loss:
    """Return a call that runs a batch and returns its loss, a scalar that has a gradient.

    Args:
        network: called with the inputs: a tuple is passed as arguments, a dictionary as arguments by name. If it
            returns a tuple, `loss` gets the first part.
        batch: a pair (inputs, targets), or a callable that returns the loss.
        loss: `loss(outputs, targets)`; None with a callable.
    """
    if callable(batch):
        return lambda: _scalar(batch())
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise InputError(f"batch: expected (inputs, targets) or a callable that returns the loss, got {_name(batch)}")
    if loss is None:
        raise InputError("loss: expected a function loss(outputs, targets), got none: give one, such as nn.MSELoss()")
    inputs, targets = batch
    check_device(network, inputs, "inputs")
    check_device(network, targets, "targets")
    arguments, named = _arguments(inputs)

    def run() -> Tensor:
        outputs = network(*arguments, **named)
        return _scalar(loss(outputs[0] if isinstance(outputs, tuple) else outputs, targets))

    return run


def _arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Pass a plain tuple as arguments, a dictionary as named arguments; anything else, a PackedSequence too, as one."""
    if type(inputs) is tuple:
        return inputs, {}
    return ((), inputs) if isinstance(inputs, dict) else ((inputs,), {})


def check_network(network: nn.Module, *, cells: bool = True) -> None:
    """Check that a network can be examined.

    Args:
        network: a network.
        cells: whether a network that has single-step cells alone is accepted.

    Raises:
        InputError: it has no recurrent layer or no parameter that learns, or is compiled.
    """
    modules = list(network.modules())
    if any(hasattr(m, "_orig_mod") or m._compiled_call_impl is not None for m in modules):
        raise InputError(
            "model: expected a module that is not compiled, because compiling hides its steps: give the original module"
        )
    if any(isinstance(m, torch.jit.ScriptModule) for m in modules):
        raise InputError(
            "model: expected a module that is not TorchScript, which hides its steps: give the original module"
        )
    found = recurrent_modules(network)
    if not found and not (cells and any(isinstance(m, nn.RNNCellBase) for m in modules)):
        raise InputError(
            f"model: expected a network with a recurrent layer, {type(network).__name__} has no recurrent layer: give "
            "one with an RNN, GRU or LSTM of elman or torch.nn"
        )
    if not any(p.requires_grad for p in network.parameters()):
        raise InputError(
            "model: expected a parameter that requires a gradient, got none: call requires_grad_() on those to train"
        )


def recurrent_modules(network: nn.Module) -> dict[str, RNNBase]:
    """Return name -> recurrent layer, in the order in which the network holds them."""
    return {plain_name(name): module for name, module in network.named_modules() if isinstance(module, RNNBase)}


@contextmanager
def without_dropout(network: nn.Module) -> Iterator[None]:
    """Switch off dropout and the update of batch statistics for the block, and restore every mode afterwards.

    Recurrent layers stay in training mode, without dropout: cuDNN has no backward pass in evaluation mode.
    """
    modes = {module: module.training for module in network.modules()}
    dropouts = {module: module.dropout for module in recurrent_modules(network).values()}
    try:
        network.eval()
        for layer in dropouts:
            layer.train()
            layer.dropout = 0.0
        yield
    finally:
        for layer, dropout in dropouts.items():
            layer.dropout = dropout
        for module, mode in modes.items():
            module.training = mode


def check_device(network: nn.Module, value: Any, what: str) -> None:
    """Raise InputError if a tensor, or one inside nested containers, is on another device than the network."""
    if isinstance(value, dict | tuple | list):
        for part in value.values() if isinstance(value, dict) else value:
            check_device(network, part, what)
    if not isinstance(value, Tensor):
        return
    parameter = next(network.parameters())
    if value.device != parameter.device:
        raise InputError(
            f"{what}: expected the device of the model, {parameter.device}, got {value.device}: move one with "
            f".to({str(parameter.device)!r})"
        )


def too_large(what: str, wanted: int, limit: int) -> InputError:
    """Return the error for work that needs more memory than the limit."""
    return InputError(
        f"{what} needs {math.ceil(wanted / 2**20):,} MiB or more, and limit is {limit / 2**20:,.6g} MiB: give shorter "
        "sequences or fewer, or raise limit (--limit on the command line)"
    )


def _scalar(loss: Any) -> Tensor:
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise InputError(f"loss: expected one number as a tensor, got {_name(loss)}: take its mean or sum")
    if torch.is_grad_enabled() and not loss.requires_grad:
        raise InputError(
            "loss: expected a number that depends on the model's parameters, got one that does not: compute it from "
            "the outputs, with grad"
        )
    return loss


def _name(value: Any) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"{type(value).__name__}"
