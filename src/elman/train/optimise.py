"""Optimisers, learning rate schedules and the average of the weights. All of them are torch's."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch.nn import Module, Parameter
from torch.optim import SGD, Adam, Optimizer, RMSprop
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    LRScheduler,
    ReduceLROnPlateau,
)

from elman.errors import InputError
from elman.limits import COUNT
from elman.options import NEEDS_LENGTH, OptimizerName, ScheduleName

WARM_UP = 10
"""The decay of an average at update k is (1 + k) / (WARM_UP + k) at most."""


def make_optimizer(
    name: str, parameters: Iterable[Parameter], learning_rate: float, momentum: float, weight_decay: float = 0.0
) -> Optimizer:
    """Return torch's optimiser; `momentum` is for "sgd" and "rmsprop".

    Weight decay is decoupled from the gradient in "adam" (Loshchilov and Hutter 2019, "Decoupled weight decay
    regularization") and added to it in the others.

    Raises:
        InputError: the name is none of `OptimizerName`.
    """
    if name == "adam":
        return Adam(parameters, lr=learning_rate, weight_decay=weight_decay, decoupled_weight_decay=True, fused=True)
    if name == "sgd":
        return SGD(parameters, lr=learning_rate, momentum=momentum, weight_decay=weight_decay)
    if name == "rmsprop":
        return RMSprop(parameters, lr=learning_rate, momentum=momentum, weight_decay=weight_decay)
    raise InputError(f"optimizer: expected one of {', '.join(get_args(OptimizerName))}, got {name!r}")


_MOVING = ("last_epoch", "_step_count", "_last_lr", "best", "num_bad_epochs", "cooldown_counter")
"""The values of torch's schedules that change as training proceeds."""


@dataclass
class Schedule:
    """A learning rate schedule, and the event after which it changes the rate.

    "cosine" and "linear" decrease to 0 over all `steps`, a little each step; "exponential" multiplies by `decay` after
    every epoch; "plateau" by `decay` after two evaluations in a row without improvement; "constant" does not change.
    """

    torch_schedule: LRScheduler | None
    every: Literal["step", "epoch", "evaluation"]

    def stepped(self, step: int, steps_per_epoch: int) -> None:
        """Change the rate after an update."""
        if self.torch_schedule is None or self.every == "evaluation":
            return
        if self.every == "step" or step % steps_per_epoch == 0:
            self.torch_schedule.step()

    def restore(self, saved: dict[str, Any] | None) -> None:
        """Go back to a saved `torch_schedule.state_dict()`: counts and rates alone, not the options.

        Raises:
            InputError: a part is missing, or of another kind.
        """
        if self.torch_schedule is None:
            return
        now = self.torch_schedule.state_dict()
        moving = {name: now[name] for name in _MOVING if name in now}
        for name, value in moving.items():
            if saved is None or name not in saved or not _alike(saved[name], value):
                raise InputError(f"schedule: {name} is missing or of another kind")
        self.torch_schedule.load_state_dict(now | {name: (saved or {})[name] for name in moving})

    def evaluated(self, loss: float) -> None:
        """Change the rate after an evaluation."""
        if isinstance(self.torch_schedule, ReduceLROnPlateau):
            self.torch_schedule.step(loss)


def make_schedule(name: str, optimizer: Optimizer, steps: int | None, decay: float) -> Schedule:
    """Return a schedule for an optimiser.

    Args:
        name: One of `ScheduleName`.
        optimizer: The optimiser with the initial learning rate.
        steps: All steps of the training; None where only the minutes are known.
        decay: The factor of "exponential" and "plateau".

    Raises:
        InputError: the name is unknown, or the schedule needs the number of steps and there is none.
    """
    if name in NEEDS_LENGTH and steps is None:
        raise InputError(f"schedule: {name} has to know where training ends: give epochs, not minutes")
    if name == "constant":
        return Schedule(None, "step")
    if name == "cosine":
        return Schedule(CosineAnnealingLR(optimizer, T_max=steps or 1), "step")
    if name == "linear":
        return Schedule(LinearLR(optimizer, 1.0, 0.0, total_iters=steps or 1), "step")
    if name == "exponential":
        return Schedule(ExponentialLR(optimizer, decay), "epoch")
    if name == "plateau":
        return Schedule(ReduceLROnPlateau(optimizer, factor=decay, patience=1), "evaluation")
    raise InputError(f"schedule: expected one of {', '.join(get_args(ScheduleName))}, got {name!r}")


class Average:
    """An exponential moving average of a network's weights.

    It is evaluated and saved instead of the last weights, which are noisy (Polyak and Juditsky 1992, "Acceleration of
    stochastic approximation by averaging"). It averages lists of tensors that are kept; torch's `AveragedModel` walks
    through the modules at every update.

    Args:
        network: The network. Its present weights are the first of the average.
        decay: Weight of the past in the average, in (0, 1). At update k it is (1 + k) / (10 + k) at most, so that the
            first weights are soon forgotten.

    Attributes:
        weights: The averages by the names of the parameters.
        updates: The number of updates.
    """

    def __init__(self, network: Module, decay: float):
        self.decay, self.updates = decay, 0
        current = {name: parameter.detach() for name, parameter in network.named_parameters()}
        self.weights = {name: tensor.clone() for name, tensor in current.items()}
        self._current, self._averaged = list(current.values()), list(self.weights.values())

    @torch.no_grad()
    def update(self) -> None:
        """Add the network's present weights."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (WARM_UP + self.updates))
        torch._foreach_lerp_(self._averaged, self._current, 1 - decay)


def _alike(saved: Any, now: Any) -> bool:
    """Say whether a saved number, or list of numbers, has the type of the current one."""
    if isinstance(now, list):
        return isinstance(saved, list) and len(saved) == len(now) and all(map(_alike, saved, now))
    if isinstance(now, int):
        return type(saved) is int and 0 <= saved <= COUNT
    return (type(saved) is int and abs(saved) <= COUNT) or (isinstance(saved, float) and not math.isnan(saved))
