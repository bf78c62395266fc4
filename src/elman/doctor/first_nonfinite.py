"""Find the step and the layer of the first number that is not finite; `bptt.gradients` names the parameter."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from elman.bptt.gradients import Fault, finite, first_fault
from elman.doctor.cells import plain_name
from elman.doctor.measure import Key, Pass, gradient_of, walked
from elman.doctor.probe import Probe


@dataclass(frozen=True)
class FirstNonfinite:
    """Hold the place where the first number that is not finite appears.

    Attributes:
        weights: the first parameter that holds one itself, before anything is computed.
        where: the recurrent layer in which it first appears, or None if it does in none.
        what: "x" (it is in the input), "h", "c", a gate's letter, or "dh" (it appears in the backward pass).
        step: the time step, 0 the first; None where no recurrent layer meets one.
        fault: the first parameter whose gradient has it, and the module whose output or gradient has it.
    """

    weights: str | None
    where: Key | None
    what: str | None
    step: int | None
    fault: Fault


def find_first_nonfinite(probe: Probe, whole: Pass) -> FirstNonfinite | None:
    """Return the place of the first non-finite number, or None where the loss and all gradients are finite."""
    weights = next((name for name, p in probe.network.named_parameters() if not finite(p)), None)
    clean = all(finite(grad) for grad in whole.gradients.values()) and finite(torch.tensor(whole.loss))
    if clean and weights is None:
        return None
    found = first_fault(probe.network, probe.loss, whole.gradients)
    fault = replace(found, layer=found.layer and plain_name(found.layer))
    where, what, step = _forward(whole) or _backward(whole) or (None, None, None)
    return FirstNonfinite(weights, where, what, step, fault)


def _forward(whole: Pass) -> tuple[Key, str, int] | None:
    """Find the first layer, in the order of calls, that has one, and the first such step in the layer's own order."""
    for key, walk in whole.walks.items():
        steps = walk.steps
        states = {"c": steps.c, "h": steps.h} if "f" in steps.gates else {"h": steps.h}
        parts = {"x": steps.x, **steps.gates, **states}
        found = [(at, what) for what, part in parts.items() if (at := _first(walked(part, steps.reverse))) is not None]
        if found:
            at, what = min(found, key=lambda pair: pair[0])
            return key, what, _in_time(at, steps)
    return None


def _backward(whole: Pass) -> tuple[Key, str, int] | None:
    """Find the last layer whose gradient is not finite, and the first such step in the order of the backward pass."""
    for key, walk in reversed(whole.walks.items()):
        steps = walk.steps
        back = walked(gradient_of(steps), not steps.reverse)
        at = _first(back)
        if at is not None:
            return key, "dh", _in_time(len(back) - 1 - at, steps)
    return None


def _first(values: Tensor) -> int | None:
    """Return the first step of (T, ...) that is not finite, or None."""
    broken = torch.nonzero(~torch.isfinite(values).flatten(1).all(1)).flatten()
    return int(broken[0]) if len(broken) else None


def _in_time(at: int, steps: Any) -> int:
    return len(steps.h) - 1 - at if steps.reverse else at
