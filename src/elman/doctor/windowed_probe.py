"""Read a batch window by window, with the state carried from one to the next, to measure truncation on it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import RNNBase

from elman.bptt import Reach, Recur, Source, State
from elman.bptt.streams import Window
from elman.doctor.probe import check_device, check_network, recurrent_modules
from elman.errors import InputError


@dataclass(frozen=True)
class WindowedProbe:
    """Hold a network that is trained on sequences in windows.

    Attributes:
        network: the network.
        source: the sequences.
        recur: runs one window from a given state.
        loss: returns the mean loss over the targets of a window.
    """

    network: nn.Module
    source: Source
    recur: Recur
    loss: Callable[[Reach], Tensor]


@dataclass(frozen=True)
class Sequences:
    """Hold inputs (T, B, ...) and targets (T, ...) of equal length, as windows."""

    inputs: Tensor
    targets: Tensor

    @property
    def length(self) -> int:
        """Return the number of steps, T."""
        return len(self.inputs)

    def window(self, begin: int, end: int) -> Window:
        """Return steps `begin` to `end`."""
        return Window(self.inputs[begin:end], self.targets[begin:end], [])

    def count(self, begin: int, end: int) -> int:
        """Return the number of steps; all have the same weight."""
        return end - begin


def make_windowed_probe(model: Any, batch: Any, loss: Callable[[Any, Any], Tensor] | None) -> WindowedProbe:
    """Return the probe of a model: that of its own method `windowed_probe`, or a torch module's on a pair of tensors.

    Raises:
        InputError: the batch is no pair of tensors with a step for each target, no loss is given, or the module cannot
            be run in windows.
    """
    if hasattr(model, "windowed_probe") and not isinstance(model, nn.Module):
        return _own(model, batch, loss)
    if not isinstance(model, nn.Module):
        raise InputError(
            f"model: expected a torch module or a model of Elman's that learns in windows, got {type(model).__name__}"
        )
    check_network(model, cells=False)
    if not isinstance(batch, tuple | list) or len(batch) != 2 or not all(isinstance(part, Tensor) for part in batch):
        raise InputError("batch: expected a pair of tensors, inputs and a target for every step")
    if loss is None:
        raise InputError("loss: expected a function loss(outputs, targets), got none: give one, such as nn.MSELoss()")
    inputs, targets = batch
    for value, what in ((inputs, "inputs"), (targets, "targets")):
        check_device(model, value, what)
    time = _time_of(model)
    if targets.dim() <= time or targets.shape[time] != inputs.shape[time]:
        raise InputError(
            f"targets: expected one for each of {inputs.shape[time]} steps, got the shape {tuple(targets.shape)}: "
            "a loss at the last step alone is not learned in windows"
        )

    def of_reach(reach: Reach) -> Tensor:
        return loss(reach.features.transpose(0, time), reach.targets.transpose(0, time))

    sequences = Sequences(inputs.transpose(0, time), targets.transpose(0, time))
    return WindowedProbe(model, sequences, _carrying(model, time), of_reach)


def _own(model: Any, batch: Any, loss: Any) -> WindowedProbe:
    if loss is not None:
        raise InputError(f"loss: expected none, a {type(model).__name__} has its own: leave it out")
    found: WindowedProbe = model.windowed_probe(batch)
    return found


def _time_of(network: nn.Module) -> int:
    """Return the time dimension of a module's input: 1 with batch_first, else 0."""
    modules = recurrent_modules(network)
    both = sorted({bool(m.batch_first) for m in modules.values()})
    if len(both) > 1:
        raise InputError(
            "model: expected one value of batch_first in all recurrent layers, got both: windows need one order"
        )
    backwards = next((name for name, m in modules.items() if m.bidirectional), None)
    if backwards is not None:
        raise InputError(
            f"model: expected layers in one direction, {backwards or 'it'} is bidirectional and has no windows"
        )
    return int(both[0])


def _carrying(network: nn.Module, time: int) -> Recur:
    """Return a call of a module that sets the initial states of its recurrent layers and returns their final states."""
    modules = recurrent_modules(network)

    def recur(inputs: Tensor, state: State | None) -> tuple[Tensor, State]:
        before = None if state is None else list(state)
        after: dict[str, tuple[Tensor, ...]] = {}
        handles = []
        for name, module in modules.items():
            mine = None if before is None else tuple(before.pop(0) for _ in range(_parts(module)))
            handles.append(module.register_forward_pre_hook(_begin_from(name, mine), with_kwargs=True))
            handles.append(module.register_forward_hook(_end_in(name, after)))
        try:
            outputs = network(inputs.transpose(0, time))
        finally:
            for handle in handles:
                handle.remove()
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs
        return outputs.transpose(0, time), tuple(part for name in modules for part in after[name])

    return recur


def _parts(module: RNNBase) -> int:
    return 2 if module.mode == "LSTM" else 1


def _begin_from(name: str, state: tuple[Tensor, ...] | None) -> Callable[..., Any]:
    def hook(_module: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
        sequence, *given = inputs if inputs else (named["input"],)
        if given[:1] != [None] * len(given[:1]) or named.get("hx") is not None:
            raise InputError(f"model: it passes an initial state to {name or 'its layer'}: it cannot be run in windows")
        if state is None:
            return None
        return (sequence, state if len(state) == 2 else state[0], *given[1:]), {
            key: value for key, value in named.items() if key not in ("input", "hx")
        }

    return hook


def _end_in(name: str, after: dict[str, tuple[Tensor, ...]]) -> Callable[..., None]:
    def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
        if name in after:
            raise InputError(f"model: it calls {name or 'its layer'} twice in one run: it cannot be run in windows")
        state = output[1]
        after[name] = (state,) if isinstance(state, torch.Tensor) else tuple(state)

    return hook
