"""Everything that changes while a training goes on, and its way into a checkpoint and out again."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from elman.train.checkpoint import (
    Checkpoint,
    check_weights,
    pack_optimizer,
    pack_random,
    under,
    unpack_optimizer,
    unpack_random,
)
from elman.train.optimise import Schedule
from elman.train.progress import Progress
from elman.train.running_mean import RunningMean
from elman.train.task import Task


@dataclass
class Standing:
    """Where a training stands between two updates; torch's random state belongs to it too.

    Attributes:
        task: holds the network, its place in the data and what is carried there.
        optimizer: with its momenta.
        schedule: of the learning rate.
        mean: of the weights over the last updates, if one is kept.
        progress: counts and losses.
        best: the weights of the best held-out loss so far; empty before the first.
    """

    task: Task
    optimizer: Optimizer
    schedule: Schedule
    mean: RunningMean
    progress: Progress = field(default_factory=Progress)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def learning_rate(self) -> float:
        """The present learning rate."""
        return float(self.optimizer.param_groups[0]["lr"])

    def keep_best(self) -> None:
        """Note the present weights as the best."""
        self.best = {name: tensor.detach().clone() for name, tensor in self.task.network.state_dict().items()}

    def save(self, path: Path, identity: dict[str, Any], finished: bool, metrics_length: int) -> None:
        """Write a checkpoint.

        Args:
            path: the file.
            identity: what a training has to agree with to go on from it.
            finished: whether training ended of itself.
            metrics_length: the length of the metrics file, in bytes.

        Raises:
            ModelFileError: the file cannot be written; the checkpoint before it is untouched.
        """
        plain, state = pack_optimizer(self.optimizer)
        numbers, carried = self.task.state()
        schedule = self.schedule.torch_schedule
        content = {
            "identity": identity,
            "finished": finished,
            "progress": self.progress.numbers(),
            "task": numbers,
            "optimizer": plain,
            "schedule": schedule.state_dict() if schedule else None,
            "metrics_length": metrics_length,
        }
        tensors = (
            under("network", self.task.network.state_dict())
            | under("best", self.best)
            | under("mean", self.mean.tensors)
            | under("optimizer", state)
            | under("random", pack_random())
            | under("task", carried)
        )
        Checkpoint(content, tensors).save(path)

    def restore(self, saved: Checkpoint) -> int:
        """Go back to a checkpoint and return the length that the metrics file had.

        Raises:
            InputError: a part is missing, or is none of this training; what was there before may be overwritten.
        """
        numbers, own = saved.numbers, self.task.network.state_dict()
        self.progress = Progress.of(numbers["progress"])
        weights, best, mean = (saved.part(name) for name in ("network", "best", "mean"))
        check_weights("network", weights, own)
        check_weights("best", best, own if best else {})
        check_weights("mean", mean, self.mean.tensors)
        self.task.network.load_state_dict(weights)
        self.best, self.mean.tensors = best, mean
        unpack_optimizer(self.optimizer, numbers["optimizer"], saved.part("optimizer"))
        self.schedule.restore(numbers["schedule"])
        unpack_random(saved.part("random"))
        self.task.restore(numbers["task"], saved.part("task"))
        return int(numbers["metrics_length"])
