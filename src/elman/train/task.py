"""What a job hands to the training loop. The loop knows nothing else about it: not its data, not its loss."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn


@dataclass(frozen=True)
class Batch:
    """One forward pass: the mean loss to send back, a scalar, and the number of targets it is the mean of."""

    loss: Tensor
    count: int


class Task(Protocol):
    """A job in progress."""

    @property
    def network(self) -> nn.Module:
        """What is trained. The loop puts it in training mode, and in evaluation mode for `evaluate`."""
        ...

    target: str
    """What one target is, as rates and axes name it: "char", "word", "row"."""

    loss_unit: str
    """What the loss is measured in: "nats/char"."""

    baselines: dict[str, float]
    """The losses of predictors that need no training, by name, so that a reader knows what a loss is worth."""

    steps_per_epoch: int
    """The number of batches in one pass over the data."""

    def forward(self) -> Batch:
        """Run the next batch. Asked twice without `advance`, it runs the same batch."""
        ...

    def advance(self) -> None:
        """Accept the batch that `forward` ran: the next `forward` runs the one after it."""
        ...

    def evaluate(self) -> float | None:
        """Return the loss on held-out data, or None where none is held out. Draws no random numbers."""
        ...

    def state(self) -> tuple[dict[str, int], dict[str, Tensor]]:
        """Return all that `restore` needs to go on with the next batch: numbers and tensors."""
        ...

    def restore(self, numbers: dict[str, int], tensors: dict[str, Tensor]) -> None:
        """Go back to what `state` returned, after a file.

        Raises:
            InputError: a part is missing, or names no place in these data.
        """
        ...

    def describe(self, loss: float) -> dict[str, float]:
        """Return the loss in other units that readers know, by name: bits per character, perplexity."""
        ...
