"""The interface between a job and the training loop, which knows neither the job's data nor its loss."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn


@dataclass(frozen=True)
class Batch:
    """One forward pass.

    Attributes:
        loss: The mean loss, a scalar with a graph.
        count: The number of targets in the mean.
        total: The denominator of the mean where it is not `count`, such as the sum of the classes' weights.
    """

    loss: Tensor
    count: int
    total: float | None = None

    @property
    def weight(self) -> float:
        """The weight of this mean in the mean over the batches of several ranks; 0 without targets."""
        return self.count if self.total is None else self.total


class Task(Protocol):
    """A job to train."""

    @property
    def network(self) -> nn.Module:
        """The network to train. The loop puts it in training mode, and in evaluation mode for `evaluate`."""
        ...

    target: str
    """The name of one target in rates and axes: "char", "word", "row"."""

    loss_unit: str
    """The unit of the loss: "nats/char"."""

    baselines: dict[str, float]
    """The losses of predictors that need no training, by name, to compare a loss with."""

    steps_per_epoch: int
    """The number of batches in one pass over the data."""

    def forward(self) -> Batch:
        """Run this rank's share of the next batch. Called twice without `advance`, it runs the same batch."""
        ...

    def advance(self) -> None:
        """Accept the batch that `forward` ran: the next `forward` runs the one after it."""
        ...

    def evaluate(self) -> float | None:
        """Return the loss on held-out data, the same on all ranks, or None where none is held out.

        Draws no random numbers.
        """
        ...

    def state(self) -> tuple[dict[str, int], dict[str, Tensor]]:
        """Return the numbers and tensors that `restore` needs to continue with the next batch."""
        ...

    def restore(self, numbers: dict[str, int], tensors: dict[str, Tensor]) -> None:
        """Go back to a state that `state` returned, read from a file.

        Raises:
            InputError: a part is missing, or is no position in these data.
        """
        ...

    def describe(self, loss: float) -> dict[str, float]:
        """Return the loss in other common units, by name: bits per character, perplexity."""
        ...
