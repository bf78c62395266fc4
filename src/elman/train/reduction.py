"""The gradients of an update over all ranks: the mean over the global batch, added up in one flat buffer."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Parameter

from elman.train import ranks
from elman.train.task import Batch

_NUMBERS = 5
"""Numbers that travel with the gradients: loss, weight, targets, seconds, ranks that were asked to stop."""


@dataclass(frozen=True)
class Reduced:
    """The result of an update's backward pass, the same on every rank.

    Attributes:
        batch: the mean loss over the global batch, and its number of targets.
        seconds: the first rank's clock, to the precision of the gradients.
        stop: whether a rank was asked to stop.
    """

    batch: Batch
    seconds: float
    stop: bool


class Reduction:
    """Adds up the gradients of all ranks.

    A rank's loss is the mean over its own rows. Times its weight, the denominator of that mean, it is a sum, so that
    the sums of all ranks divided by the sum of their weights are loss and gradients of the global batch. A rank without
    rows adds zeros. One call of torch.distributed an update moves everything: the gradients of recurrent weights are
    ready at the very end of a backward pass through time, and there is little to overlap.

    Args:
        parameters: those that learn, in the same order on every rank.
    """

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._parameters = parameters
        dtype = torch.float32
        for parameter in parameters:
            dtype = torch.promote_types(dtype, parameter.dtype)
        size = _NUMBERS + len(parameters) + sum(parameter.numel() for parameter in parameters)
        self._buffer = torch.zeros(size, dtype=dtype, device=parameters[0].device)
        self._numbers, self._present, *gradients = torch.split(
            self._buffer, [_NUMBERS, len(parameters), *(parameter.numel() for parameter in parameters)]
        )
        self._gradients = [part.view_as(p) for part, p in zip(gradients, parameters, strict=True)]

    def __call__(self, batch: Batch, seconds: float, stop: bool) -> Reduced:
        """Run the backward pass of this rank's batch and set the gradients of the global one; a collective call.

        Args:
            batch: of this rank, after the forward pass; the gradients before it are gone.
            seconds: of its clock.
            stop: whether it was asked to stop.

        Raises:
            RanksError: a rank has ended, or cannot be reached.
        """
        weight, loss = batch.weight, 0.0
        if weight:
            batch.loss.backward(batch.loss.new_tensor(weight))  # type: ignore[no-untyped-call]
            loss = float(batch.loss.detach()) * weight
        self._fill([loss, weight, batch.count, seconds if ranks.is_first() else 0.0, float(stop)])
        ranks.add_up(self._buffer)
        loss, weight, targets, seconds, stopped = self._numbers.tolist()
        self._buffer[_NUMBERS + len(self._parameters) :].div_(weight)
        for parameter, present, gradient in zip(self._parameters, self._present.tolist(), self._gradients, strict=True):
            # An optimiser leaves a parameter alone that no rank has used, as it does with one process.
            parameter.grad = gradient.to(parameter.dtype) if present else None
        mean = self._buffer.new_tensor(loss / weight)
        return Reduced(Batch(mean, round(targets)), seconds, bool(stopped))

    def _fill(self, numbers: list[float]) -> None:
        found: list[Tensor | None] = [parameter.grad for parameter in self._parameters]
        self._numbers.copy_(torch.tensor(numbers, dtype=torch.float64))
        self._present.copy_(torch.tensor([grad is not None for grad in found]))
        for gradient, grad in zip(self._gradients, found, strict=True):
            if grad is None:
                gradient.zero_()
            else:
                gradient.copy_(grad)
