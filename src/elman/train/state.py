"""The state of a training that changes from update to update, and its conversion to and from a checkpoint."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from elman import launch
from elman.train import ranks
from elman.train.checkpoint import (
    Checkpoint,
    check_weights,
    pack_optimizer,
    pack_random,
    under,
    unpack_optimizer,
    unpack_random,
)
from elman.train.optimise import Average, Schedule
from elman.train.progress import Counters
from elman.train.task import Task


@dataclass
class TrainState:
    """The state of a training between two updates; torch's random state belongs to it too.

    Attributes:
        task: The job: its network, its position in the data and the state carried from batch to batch.
        optimizer: The optimiser with its moments.
        schedule: The learning rate schedule.
        average: The exponential moving average of the weights, if there is one.
        counters: Counts and losses.
        best: The weights of the best held-out loss so far; empty before the first evaluation.
    """

    task: Task
    optimizer: Optimizer
    schedule: Schedule
    average: Average | None
    counters: Counters = field(default_factory=Counters)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def learning_rate(self) -> float:
        """The current learning rate."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def averaged(self) -> dict[str, Tensor]:
        """The averaged parameters by name; empty without an average."""
        return self.average.weights if self.average else {}

    def update(self) -> None:
        """Make one update with the gradients that are there, and add the weights to their average."""
        self.optimizer.step()
        if self.average:
            self.average.update()

    @contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Give the network its averaged weights for the length of the block."""
        before = {name: p.detach().clone() for name, p in self.task.network.named_parameters()} if self.average else {}
        self._set(self.averaged)
        try:
            yield
        finally:
            self._set(before)

    def finish(self) -> None:
        """Give the network its final weights: the best ones, or without an evaluation the averaged or last ones."""
        self._set(self.averaged)
        if self.best:
            self.task.network.load_state_dict(self.best)

    @torch.no_grad()
    def _set(self, tensors: dict[str, Tensor]) -> None:
        parameters = dict(self.task.network.named_parameters())
        for name, tensor in tensors.items():
            parameters[name].copy_(tensor)

    def keep_best(self) -> None:
        """Keep a copy of the current weights as the best."""
        self.best = {name: tensor.detach().clone() for name, tensor in self.task.network.state_dict().items()}

    def save(self, path: Path | None, identity: dict[str, Any], finished: bool, metrics_length: int) -> None:
        """Write a checkpoint; a collective call of all ranks.

        Args:
            path: The file; None writes none, as on all ranks but the first.
            identity: The configuration and data that a resumed training must share.
            finished: Whether training reached its end.
            metrics_length: The length of the metrics file, in bytes.

        Raises:
            ModelFileError: the file cannot be written; the checkpoint before it is untouched.
        """
        plain, moments = pack_optimizer(self.optimizer)
        numbers, carried = self.task.state()
        if path is None:
            return
        schedule = self.schedule.torch_schedule
        content = {
            "identity": identity,
            "finished": finished,
            "progress": self.counters.numbers(),
            "task": numbers,
            "optimizer": plain,
            "schedule": schedule.state_dict() if schedule else None,
            "metrics_length": metrics_length,
            "ranks": ranks.count(),
            "job": launch.job(),
        }
        tensors = (
            under("network", self.task.network.state_dict())
            | under("best", self.best)
            | under("mean", self.averaged)
            | under("optimizer", moments)
            | under("random", pack_random())
            | under("task", carried)
        )
        Checkpoint(content, tensors).save(path)

    def restore(self, saved: Checkpoint) -> int:
        """Go back to a checkpoint and return the length that the metrics file had.

        Raises:
            InputError: a part is missing or of another training; the state may be partly overwritten.
        """
        numbers, own = saved.numbers, self.task.network.state_dict()
        self.counters = Counters.of(numbers["progress"])
        weights, best, averaged = (saved.part(name) for name in ("network", "best", "mean"))
        check_weights("network", weights, own)
        check_weights("best", best, own if best else {})
        check_weights("mean", averaged, self.averaged)
        self.task.network.load_state_dict(weights)
        self.best = best
        self._restore_average(averaged)
        unpack_optimizer(self.optimizer, numbers["optimizer"], saved.part("optimizer"))
        self.schedule.restore(numbers["schedule"])
        unpack_random(saved.part("random"))
        self.task.restore(numbers["task"], saved.part("task"))
        return int(numbers["metrics_length"])

    @torch.no_grad()
    def _restore_average(self, tensors: dict[str, Tensor]) -> None:
        if self.average:
            for name, tensor in self.averaged.items():
                tensor.copy_(tensors[name])
            self.average.updates = self.counters.step
