"""Define the forecaster's network: it reads a window of the past and returns every step of the horizon.

A recurrent encoder reads the window; its last state, what is known of a future step (its place in the calendar, the
value one season before it) and the number of that step go through one small layer to that step's value: the direct
strategy of Wen et al. (2017), "A Multi-Horizon Quantile Recurrent Forecaster". A forecast is the change from the
window's last value, and the last layer begins at zero, so that an untrained network is the naive forecast.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.models.networks.symbols import CELLS


class Sizes(NamedTuple):
    """Numbers at each step of a window, I, and numbers known of each future step, F."""

    inputs: int
    known: int


class Member(nn.Module):
    """One network of the ensemble.

    Args:
        sizes: I and F.
        horizon: future steps, K.
        cell: "rnn", "gru" or "lstm".
        hidden_size: size of a layer's state, H, and of the layer behind it.
        num_layers: recurrent layers.
        dropout: share of features dropped while training.
    """

    steps: Tensor

    def __init__(self, sizes: Sizes, horizon: int, *, cell: str, hidden_size: int, num_layers: int, dropout: float):
        super().__init__()
        between = dropout if num_layers > 1 else 0.0
        self.recurrent = CELLS[cell](sizes.inputs, hidden_size, num_layers=num_layers, dropout=between)
        self.drop = nn.Dropout(dropout)
        self.mix = nn.Linear(hidden_size + sizes.known + horizon, hidden_size)
        self.head = nn.Linear(hidden_size, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("steps", torch.eye(horizon), persistent=False)

    def forward(self, window: Tensor | PackedSequence, known: Tensor) -> Tensor:
        """Return the change from the last value at each step, `(B, K)`.

        Args:
            window: `(T, B, I)`, or packed where windows differ in length.
            known: `(B, K, F)`.
        """
        _, state = self.recurrent(window)
        last = (state[0] if isinstance(state, tuple) else state)[-1]
        horizon = len(self.steps)
        past = self.drop(last)[:, None].expand(-1, horizon, -1)
        mixed = torch.tanh(self.mix(torch.cat((past, known, self.steps.expand(len(known), -1, -1)), dim=-1)))
        change: Tensor = self.head(self.drop(mixed))[..., 0]
        return change


class ForecastNetwork(nn.Module):
    """Networks that differ in their first weights and dropout alone, trained side by side; their mean is the forecast.

    Args:
        members: how many.
        sizes: see `Member`, as all others.
        horizon: future steps.
        cell: "rnn", "gru" or "lstm".
        hidden_size: size of a layer's state.
        num_layers: recurrent layers.
        dropout: share of features dropped while training.
    """

    def __init__(
        self,
        members: int,
        sizes: Sizes,
        horizon: int,
        *,
        cell: str,
        hidden_size: int,
        num_layers: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.sizes = sizes
        self.members = nn.ModuleList(
            Member(sizes, horizon, cell=cell, hidden_size=hidden_size, num_layers=num_layers, dropout=dropout)
            for _ in range(members)
        )

    def forward(self, window: Tensor | PackedSequence, known: Tensor) -> Tensor:
        """Return each member's change from the last value, `(M, B, K)`."""
        return torch.stack([member(window, known) for member in self.members])
