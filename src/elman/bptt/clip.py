"""Clip gradients by global norm or by value, and check that a step is finite, in one pass over the numbers.

The norm is needed for clipping and is infinite or NaN as soon as one gradient is, so reading it once a step answers
both questions. That one read is the only point where the loop waits for the device.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import get_total_norm


@dataclass(frozen=True)
class Gradients:
    """The loss and the global gradient norm of one step before clipping, and whether the gradients were clipped."""

    loss: float
    norm: float
    clipped: bool

    @property
    def finite(self) -> bool:
        """Say whether loss and every gradient are finite."""
        return math.isfinite(self.loss) and math.isfinite(self.norm)


@dataclass(frozen=True)
class Clip:
    """Clip by global norm, by value, both (value first) or neither.

    Attributes:
        norm: the largest global 2-norm of all gradients together; None leaves the norm alone.
        value: the largest magnitude of a single gradient; None leaves values alone.
    """

    norm: float | None = None
    value: float | None = None

    def __call__(self, parameters: Iterable[Parameter], loss: Tensor) -> Gradients:
        """Clip the gradients in place; gradients that are not finite are left unchanged for the caller to examine."""
        grads = [p.grad for p in parameters if p.grad is not None]
        measured = [loss.detach(), get_total_norm(grads)]
        if self.value is not None:
            measured.append(torch.stack([grad.abs().amax() for grad in grads]).amax())
        found, norm, *largest = torch.stack([m.float() for m in measured]).tolist()
        if not (math.isfinite(found) and math.isfinite(norm)):
            return Gradients(found, norm, clipped=False)
        by_value = self._clip_values(grads, largest)
        by_norm = self._clip_norm(grads, norm, by_value)
        return Gradients(found, norm, by_value or by_norm)

    def _clip_values(self, grads: list[Tensor], largest: list[float]) -> bool:
        if self.value is None or largest[0] <= self.value:
            return False
        for grad in grads:
            grad.clamp_(-self.value, self.value)
        return True

    def _clip_norm(self, grads: list[Tensor], norm: float, changed: bool) -> bool:
        if self.norm is None:
            return False
        if changed:
            norm = float(get_total_norm(grads))
        if norm <= self.norm:
            return False
        for grad in grads:
            grad.mul_(self.norm / norm)
        return True
