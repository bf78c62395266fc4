"""What the doctor is given, made one thing: a network, and a call that returns the loss of one batch.

Whoever has a network and data of another kind, as Elman's own models have, gives a `Probe` from a method `probe(data)`.
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
Watch = Callable[[str, float], None]
"""Told what is being done, and the share that is done already."""
LIMIT = 2**31
"""Bytes that what is recorded may take, 2 GiB."""


def silent(_doing: str, _done: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Probe:
    """A network, and the losses to examine it on.

    Attributes:
        network: has recurrent layers of Elman's or torch's.
        loss: runs a batch and returns its loss, a scalar.
        others: the same for further batches, on which only the gradient's norm is measured.
        clip: the largest global gradient norm that training lets through, if there is one.
        clipped_share: the share of training's updates whose gradient was clipped, where that is known.
        truncation: steps that training lets gradients reach back, if it cuts them.
        note: what a reader has to know about the data, such as where it came from.
        trained: whether the network is known to have learned; if not, its weights decide whether it looks fresh.
        hidden: by module, why it cannot be looked into.
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
        InputError: the model is no network and has no `probe`, it has no recurrent layer, is compiled, or lies on
            another device than the batch; the batch is neither a pair with a loss nor a callable.
    """
    if hasattr(model, "probe") and not isinstance(model, nn.Module):
        if loss is not None:
            raise InputError(f"loss: a {type(model).__name__} brings its own: leave it out")
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
        network: called with the inputs: a tuple is passed as arguments, a dictionary as arguments by name; of a tuple
            that it returns the first part goes to `loss`.
        batch: a pair (inputs, targets), or a callable that does it all.
        loss: `loss(outputs, targets)`; None with a callable.
    """
    if callable(batch):
        return lambda: _scalar(batch())
    if not isinstance(batch, tuple | list) or len(batch) != 2:
        raise InputError(f"batch: expected (inputs, targets) or a callable that returns the loss, got {_name(batch)}")
    if loss is None:
        raise InputError("loss: expected a function loss(outputs, targets), got none: give one, as nn.MSELoss()")
    inputs, targets = batch
    check_device(network, inputs, "inputs")
    check_device(network, targets, "targets")
    arguments, named = _arguments(inputs)

    def run() -> Tensor:
        outputs = network(*arguments, **named)
        return _scalar(loss(outputs[0] if isinstance(outputs, tuple) else outputs, targets))

    return run


def _arguments(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A plain tuple is several arguments, a dictionary several by name; anything else, a PackedSequence too, is one."""
    if type(inputs) is tuple:
        return inputs, {}
    return ((), inputs) if isinstance(inputs, dict) else ((inputs,), {})


def check_network(network: nn.Module, *, cells: bool = True) -> None:
    """See that the doctor can look inside.

    Args:
        network: a network.
        cells: whether single-step cells are enough.

    Raises:
        InputError: it has no recurrent layer or no parameter that learns, or is compiled.
    """
    modules = list(network.modules())
    if any(hasattr(m, "_orig_mod") or m._compiled_call_impl is not None for m in modules):
        raise InputError("model: it is compiled, which hides its steps: give the module it was compiled from")
    if any(isinstance(m, torch.jit.ScriptModule) for m in modules):
        raise InputError("model: it is TorchScript, which hides its steps: give the module it was made from")
    found = recurrent_modules(network)
    if not found and not (cells and any(isinstance(m, nn.RNNCellBase) for m in modules)):
        raise InputError(
            f"model: {type(network).__name__} has no recurrent layer: give one with an RNN, GRU or LSTM of elman or "
            "torch.nn"
        )
    if not any(p.requires_grad for p in network.parameters()):
        raise InputError("model: no parameter takes a gradient: call requires_grad_() on what learns")


def recurrent_modules(network: nn.Module) -> dict[str, RNNBase]:
    """Return name -> recurrent layer, in the order in which the network holds them."""
    return {plain_name(name): module for name, module in network.named_modules() if isinstance(module, RNNBase)}


@contextmanager
def without_dropout(network: nn.Module) -> Iterator[None]:
    """Switch dropout off and batch statistics still, and put everything back afterwards.

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
    """Raise InputError if a tensor, or one among several, is on another device than the network."""
    if isinstance(value, dict | tuple | list):
        for part in value.values() if isinstance(value, dict) else value:
            check_device(network, part, what)
    if not isinstance(value, Tensor):
        return
    parameter = next(network.parameters())
    if value.device != parameter.device:
        raise InputError(
            f"{what}: they lie on {value.device}, the model on {parameter.device}: move one with "
            f".to({str(parameter.device)!r})"
        )


def too_large(what: str, wanted: int, limit: int) -> InputError:
    """Return the error that says what the memory is not enough for."""
    return InputError(
        f"{what} takes {math.ceil(wanted / 2**20):,} MiB or more, and limit is {limit / 2**20:,.6g} MiB: give shorter "
        "sequences or fewer, or raise limit (--limit on the command line)"
    )


def _scalar(loss: Any) -> Tensor:
    if not isinstance(loss, Tensor) or loss.numel() != 1:
        raise InputError(f"loss: expected one number as a tensor, got {_name(loss)}: take its mean or sum")
    if torch.is_grad_enabled() and not loss.requires_grad:
        raise InputError("loss: it does not depend on the model's parameters: compute it from the outputs, with grad")
    return loss


def _name(value: Any) -> str:
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"{type(value).__name__}"
