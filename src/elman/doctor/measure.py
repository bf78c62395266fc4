"""Run a batch once: record every recurrent layer, and find the gradient of the whole loss by every state.

Steps are in processing order: step 0 is the first that the layer processes, in reverse the last in time. Sequences of a
batch may differ in length; a sequence does not count after its end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.doctor.arrivals import Arrived, arrivals
from elman.doctor.calls import Called, Calls, sequences, watching
from elman.doctor.cells import plain_name
from elman.doctor.probe import Probe, recurrent_modules
from elman.errors import InputError
from elman.layers import record
from elman.layers.recording import Joined
from elman.layers.recurrent import Recurrent

Floats = npt.NDArray[np.float64]
Key = tuple[str, int, str]
"""The key of one layer in one direction in a record: module name, layer number, "forward" or "reverse"."""


@dataclass(frozen=True)
class Walk:
    """Hold one layer in one direction over one sequence.

    Attributes:
        module: the module of the layer.
        steps: its record; several calls are joined.
        arrived: the gradient of the loss that arrives at each state from outside the layer.
    """

    module: Recurrent
    steps: Any
    arrived: Arrived

    @property
    def read_after(self) -> int:
        """Return the number of steps up to the last one at which a gradient arrives; 0 where none does."""
        there, live = self.arriving > 0, walked(self.steps.mask, self.steps.reverse).to(self.arriving.device)
        count = torch.cumsum(live, 0) * (there & live)
        return int(count.max())

    @property
    def arriving(self) -> Tensor:
        """Return the squared norm of the gradient that arrives, by step in processing order and row, (T, B)."""
        parts = [walked(part, self.steps.reverse).double().square().sum(-1) for part in self.arrived]
        return torch.stack(parts).sum(0)


@dataclass(frozen=True)
class Pass:
    """Hold one run of the batch.

    Attributes:
        loss: the loss.
        walks: every layer in every direction that was called, in the order of first calls; of a module with several
            sequences the longest one, the last of those.
        gradients: gradients of the parameters that have one, by name.
        loss_steps: fraction of the steps of the module called last at which the loss uses its output.
        unfollowed: modules that were not examined through time, or not in whole, with the reason.
    """

    loss: float
    walks: dict[Key, Walk]
    gradients: dict[str, Tensor]
    loss_steps: float
    unfollowed: dict[str, str]


def run_whole(probe: Probe, limit: int) -> Pass:
    """Run the batch forward and backward and record everything; no parameter's `.grad` is changed.

    Raises:
        InputError: the loss calls no recurrent layer, or the batch has no rows.
    """
    modules = {name: m for name, m in recurrent_modules(probe.network).items() if isinstance(m, Recurrent)}
    with watching(modules) as calls, record(probe.network, limit=limit) as rec:
        loss = probe.loss()
    _check_called(calls, probe)
    runs = {name: sequences(modules[name], some) for name, some in calls.items()}
    named = {name: p for name, p in probe.network.named_parameters() if p.requires_grad}
    gradient = _gradients(loss, [*named.values(), *_outside(calls)])
    walks: dict[Key, Walk] = {}
    recorded = _by_module(rec)
    for name in recorded:
        longest = max(reversed(runs[name]), key=lambda run: sum(_steps(recorded[name][call.number]) for call in run))
        walks |= _walks(name, modules[name], longest, recorded[name], gradient)
    return Pass(
        float(loss.detach()),
        walks,
        {name: grad for name, p in named.items() if (grad := gradient[id(p)]) is not None},
        _loss_steps([walk for key, walk in walks.items() if key[0] == next(reversed(calls))]),
        {name: why for name in modules if (why := _unfollowed(name, runs.get(name, []), walks))},
    )


def state_gradients(steps: Any) -> tuple[Tensor, ...]:
    """Return dL/dh_t, and for an LSTM dL/dc_t with h_t held fixed, each (T, B, H), in processing order.

    A record's dc is total: it includes the effect of c_t through h_t at the same step. The rest is its effect through
    the next step's forget gate. The gradient of the last c is left at zero.
    """
    dh = walked(gradient_of(steps), steps.reverse)
    if "f" not in steps.gates:
        return (dh,)
    if not dh.any():
        return (dh,)
    dc, forget = walked(steps.dc, steps.reverse), walked(steps.gates["f"], steps.reverse)
    alone = torch.zeros_like(dc)
    alone[:-1] = forget[1:] * dc[1:]
    return dh, alone


def gradient_of(steps: Any) -> Tensor:
    """Return dL/dh_t, (T, B, H); zeros where no gradient reached the layer."""
    try:
        found: Tensor = steps.dh
    except InputError:
        found = torch.zeros_like(steps.h)
    return found


def norms(parts: Sequence[Tensor]) -> Floats:
    """Return the 2-norm over batch and units at each step, (T,)."""
    squares = sum(part.double().square().flatten(1).sum(1) for part in parts)
    return np.asarray(torch.as_tensor(squares).sqrt().cpu().numpy(), dtype=np.float64)


def walked(tensor: Tensor, reverse: bool) -> Tensor:
    """Return (T, ...) in the order in which the layer processes the steps."""
    return tensor.flip(0) if reverse else tensor


def _by_module(rec: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for call in rec.calls:
        found.setdefault(plain_name(call.name), []).append(call)
    return found


def _steps(call: Any) -> int:
    return len(next(iter(call.steps.values())).mask)


def _walks(
    name: str, module: Recurrent, run: list[Called], recorded: list[Any], gradient: Mapping[int, Tensor | None]
) -> dict[Key, Walk]:
    calls = [recorded[call.number] for call in run]
    one = calls[0] if len(calls) == 1 else Joined(calls)
    steps = {key: one[key] if len(calls) == 1 else one[key[0]] for key in calls[0].steps}
    found = arrivals(module, run, lambda t: gradient.get(id(t)), steps)
    return {(name, *key): Walk(module, steps[key], found[key]) for key in steps}


def _loss_steps(walks: list[Walk]) -> float:
    """Return the fraction of the steps at which the loss uses the output of the last layer, in either direction."""
    top = walks[-2:] if walks[-1].module.bidirectional else walks[-1:]
    there = torch.stack([walked(walk.arriving, walk.steps.reverse) != 0 for walk in top]).any(0)
    return float(there[walks[-1].steps.mask.to(there.device)].double().mean())


def _unfollowed(name: str, runs: list[list[Called]], walks: dict[Key, Walk]) -> str | None:
    """Return the reason why a module was not examined through time, or not in whole; None where it was."""
    calls = sum(map(len, runs))
    mine = [walk for key, walk in walks.items() if key[0] == name]
    if not mine:
        return "it was not called"
    if not any(walk.read_after for walk in mine):
        learns = any(p.requires_grad for p in mine[0].module.parameters())
        return "no gradient of the loss reaches it" if learns else "its parameters take no gradient"
    if len(mine[0].steps.mask) == 1:
        alone = f"{calls} calls of one step, none given the state that another gave, unchanged and with its gradient"
        return "one step only" if calls == 1 else alone
    most = max(map(len, runs))
    return None if len(runs) == 1 else f"{calls - most} of {calls} calls, which belong to other sequences"


def _outside(calls: Calls) -> list[Tensor]:
    """Return every tensor that a call exchanges with the rest of the network."""
    return [t for some in calls.values() for call in some for t in (call.y, *call.final, *call.copies)]


def _gradients(loss: Tensor, tensors: list[Tensor]) -> dict[int, Tensor | None]:
    """Return the gradient of the loss by each tensor that has one, by `id`."""
    wanted = {id(t): t for t in tensors if t.requires_grad}
    found = torch.autograd.grad(loss, list(wanted.values()), allow_unused=True)
    return dict(zip(wanted, found, strict=True))


def _check_called(calls: Calls, probe: Probe) -> None:
    if not calls:
        names = ", ".join(name or type(probe.network).__name__ for name in recurrent_modules(probe.network))
        raise InputError(
            f"batch: expected a loss that calls {names}, got one without a recurrent layer: call the model in it"
        )
    if any(call.final[0].numel() == 0 for some in calls.values() for call in some):
        raise InputError("batch: expected one sequence or more, got none: give some rows")
