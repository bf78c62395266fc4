"""Train on, and examine, examples that differ in length."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from elman.data.sequences import Rows, epoch_batches, sorted_batches
from elman.doctor import Probe
from elman.errors import DataError, InputError
from elman.limits import COUNT
from elman.quoting import quote
from elman.train import Batch, ranks

LOOKED_AT = 8
"""Examples in a batch that is examined, and batches."""


class Examples(Protocol):
    """Examples that a network can be measured on."""

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Steps of each example, shape `(n,)`; examples of like length go together."""
        ...

    def loss(self, rows: Rows) -> Batch:
        """Return the mean loss of the network on some of the examples, and the number of targets it is the mean of."""
        ...


class ByLength:
    """A task (`elman.train.Task`) over examples in batches of like length, shuffled anew each epoch from the seed.

    Args:
        network: what learns; `training` and `held_out` run it.
        training: examples to learn from.
        held_out: examples to measure on, or None.
        batch: examples in a batch.
        seed: of the shuffling.
        target: what one target is: "row", "step".
        loss_unit: what the loss is measured in.
        baselines: held-out losses of simpler predictors, by name.
        describe: the loss in other units, by name; none by default.
    """

    def __init__(
        self,
        network: nn.Module,
        training: Examples,
        held_out: Examples | None,
        *,
        batch: int,
        seed: int,
        target: str,
        loss_unit: str,
        baselines: dict[str, float],
        describe: Callable[[float], dict[str, float]] = lambda loss: {},
    ) -> None:
        self.network, self.training, self.held_out = network, training, held_out
        self.target, self.loss_unit, self.baselines, self.describe = target, loss_unit, baselines, describe
        self.steps_per_epoch = -(-len(training.lengths) // batch)
        self._batch, self._seed = batch, seed
        self._go_to(0, 0)

    @property
    def sizes(self) -> tuple[int, int]:
        """The number of examples to learn from, and of those held out."""
        return len(self.training.lengths), 0 if self.held_out is None else len(self.held_out.lengths)

    def forward(self) -> Batch:
        """Run this rank's share of the next batch, which may be empty at the end of an epoch."""
        rows = ranks.share(self._batches[self._at])
        return self.training.loss(rows) if len(rows) else Batch(torch.zeros(()), 0)

    def advance(self) -> None:
        """Move on to the next batch, or to the next epoch's first."""
        if self._at + 1 < self.steps_per_epoch:
            self._at += 1
        else:
            self._go_to(self._epoch + 1, 0)

    def evaluate(self) -> float | None:
        """Return the mean loss over the held-out examples."""
        return None if self.held_out is None else mean_loss(self.held_out, self._batch)

    def state(self) -> tuple[dict[str, int], dict[str, Tensor]]:
        """Return the epoch and the place in it."""
        return {"epoch": self._epoch, "at": self._at}, {}

    def restore(self, numbers: dict[str, int], tensors: dict[str, Tensor]) -> None:
        """Go back to a place.

        Raises:
            InputError: there is no such place.
        """
        epoch, at = (numbers.get(name) for name in ("epoch", "at"))
        if type(epoch) is not int or type(at) is not int or not (0 <= epoch <= COUNT and 0 <= at < len(self._batches)):
            raise InputError(f"task: no batch {quote(at)} in epoch {quote(epoch)}")
        self._go_to(epoch, at)

    def _go_to(self, epoch: int, at: int) -> None:
        self._epoch, self._at = epoch, at
        self._batches = epoch_batches(self.training.lengths, self._batch, self._seed, epoch)


def mean_loss(examples: Examples, batch: int) -> float:
    """Return the mean loss over all targets, whose batches are dealt to the ranks; a collective call.

    Put the network in `eval` and torch in `no_grad` first.
    """
    total, count = 0.0, 0.0
    for rows in ranks.share(sorted_batches(examples.lengths, batch)):
        found = examples.loss(rows)
        total += float(found.loss) * found.count
        count += found.count
    total, count = ranks.totals(total, count)
    return total / count


def probe_of(network: nn.Module, examples: Examples, *, clip: float | None, clipped_share: float | None) -> Probe:
    """Return what `elman.diagnose` examines: a batch of median length, and others for the gradient's norm.

    Args:
        network: a trained one.
        examples: to examine it on.
        clip: the largest global norm of the gradients in training.
        clipped_share: the share of its updates that were clipped.

    Raises:
        DataError: there are no examples.
    """
    if not len(examples.lengths):
        raise DataError("data: expected examples to examine, got none that the model can be measured on")
    batches = sorted_batches(examples.lengths, LOOKED_AT)
    some = [batches[at] for at in np.linspace(0, len(batches) - 1, min(LOOKED_AT, len(batches))).round().astype(int)]
    first = some.pop(len(some) // 2)
    note = f"Examined on {len(first)} of {len(examples.lengths):,} examples, of middling length."
    return Probe(
        network,
        _loss(examples, first),
        [_loss(examples, rows) for rows in some],
        clip,
        clipped_share,
        note=note,
        trained=True,
    )


def _loss(examples: Examples, rows: Rows) -> Callable[[], Tensor]:
    return lambda: examples.loss(rows).loss
