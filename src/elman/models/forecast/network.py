"""Define the forecaster's network: it reads a window of the past and returns every step of the horizon.

A recurrent encoder reads the window; its last state, what is known of a future step (its place in the calendar, the
value one season before it) and the number of that step go through one small layer to that step's value: the direct
strategy of Wen et al. (2017), "A Multi-Horizon Quantile Recurrent Forecaster". A forecast is the change from the
window's last value, and the last layer begins at zero, so that an untrained network is the naive forecast.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.models.forecast.options import ForecasterOptions
from elman.models.forecast.windows import Numbers, Origins, Sizes, Windows
from elman.models.networks.symbols import recurrent_layers
from elman.train import Batch

AT_ONCE = 1024
"""Windows that are read together."""


class Member(nn.Module):
    """One network of the ensemble.

    Args:
        sizes: I and F.
        options: the options of the forecaster; the layer behind the recurrent ones has `hidden_size` units too.
    """

    steps: Tensor

    def __init__(self, sizes: Sizes, options: ForecasterOptions):
        super().__init__()
        horizon, hidden_size = options.horizon, options.hidden_size
        self.recurrent = recurrent_layers(sizes.inputs, options)
        self.drop = nn.Dropout(options.dropout)
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
        sizes: see `Member`.
        options: the options of the forecaster.
    """

    def __init__(self, sizes: Sizes, options: ForecasterOptions) -> None:
        super().__init__()
        self.sizes = sizes
        self.members = nn.ModuleList(Member(sizes, options) for _ in range(options.members))

    def forward(self, window: Tensor | PackedSequence, known: Tensor) -> Tensor:
        """Return each member's change from the last value, `(M, B, K)`."""
        return torch.stack([member(window, known) for member in self.members])


class WindowExamples:
    """Examples for `ByLength`: every observed step after a window is one target.

    Args:
        network: what is measured.
        windows: the windows, and the steps after them.
    """

    def __init__(self, network: ForecastNetwork, windows: Windows):
        self.network, self.windows = network, windows
        self.lengths = windows.lengths

    def loss(self, rows: Origins) -> Batch:
        """Return the members' mean absolute error in spreads over all steps that were observed."""
        truth = self.windows.truth(rows)
        seen = torch.from_numpy(~np.isnan(truth))
        wanted = torch.from_numpy(np.nan_to_num(truth)).float()
        errors = (self.network(*self.windows.inputs(rows)) - wanted).abs() * seen
        count = int(seen.sum())
        return Batch(errors.sum() / (count * len(self.network.members)), count)


def forecast_changes(network: ForecastNetwork, windows: Windows) -> Numbers:
    """Return the change from the last value, in spreads, shape `(n, K)`. Put the network in `eval` first."""
    pieces = [np.arange(begin, min(begin + AT_ONCE, len(windows))) for begin in range(0, len(windows), AT_ONCE)]
    with torch.no_grad():
        changes = [network(*windows.inputs(piece)).double().mean(dim=0).numpy() for piece in pieces]
    return np.concatenate(changes)
