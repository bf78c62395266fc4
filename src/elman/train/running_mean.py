"""A running mean of the weights: measured and kept in place of the last ones, which chance moves to and fro.

Polyak and Juditsky (1992), "Acceleration of stochastic approximation by averaging"; here with weights that fall
exponentially into the past.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

WARM_UP = 10
"""At update k the share of the past is (1 + k) / (WARM_UP + k) at most: the first weights are soon forgotten."""


class RunningMean:
    """The mean of a network's parameters over its last updates.

    Args:
        network: whose parameters.
        share: of the past in the mean, 0 up to but not including 1; 0 keeps no mean, and every method does nothing.
    """

    def __init__(self, network: nn.Module, share: float):
        self.share = share
        self._parameters = dict(network.named_parameters()) if share else {}
        self.tensors: dict[str, Tensor] = {name: p.detach().clone() for name, p in self._parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the parameters after an update into the mean."""
        if self._parameters:
            past = min(self.share, (1 + step) / (WARM_UP + step))
            torch._foreach_lerp_(
                [self.tensors[name] for name in self._parameters], list(self._parameters.values()), 1 - past
            )

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the mean in the network's place for as long as the block lasts."""
        before = {name: p.detach().clone() for name, p in self._parameters.items()}
        self.keep()
        try:
            yield
        finally:
            self._set(before)

    def keep(self) -> None:
        """Put the mean in the network's place for good."""
        self._set(self.tensors)

    @torch.no_grad()
    def _set(self, tensors: dict[str, Tensor]) -> None:
        for name, parameter in self._parameters.items():
            parameter.copy_(tensors[name])
