"""Cut series into examples: a window before each origin, and the steps after it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

Numbers = npt.NDArray[np.float64]
Origins = npt.NDArray[np.int64]


class Sizes(NamedTuple):
    """Numbers at each step of a window, I, and numbers known of each future step, F."""

    inputs: int
    known: int


class Inputs(NamedTuple):
    """The inputs of a batch: windows `(T, B, I)` or packed, and the known of each step `(B, K, F)`."""

    window: Tensor | PackedSequence
    known: Tensor


@dataclass(frozen=True)
class Encoded:
    """All series one after the other, each with `horizon` more steps, whose values are NaN, behind its end.

    Attributes:
        starts: where each series begins, and where the last one ends, shape `(n + 1,)`.
        values: in spreads, shape `(N,)`.
        observed: shape `(N,)`.
        covariates: with mean 0 and deviation 1 on the training part, shape `(N, C)`.
        calendar: shape `(N, F)`.
        horizon: steps to forecast, K.
        seasons: steps in each season, shortest first; () is none.
        context: steps of a window at most.
    """

    starts: npt.NDArray[np.int64]
    values: Numbers
    observed: npt.NDArray[np.bool_]
    covariates: Numbers
    calendar: Numbers
    horizon: int
    seasons: tuple[int, ...]
    context: int

    @property
    def lag(self) -> int:
        """Steps before a window that it needs to look one season back, the longest."""
        return lag_of(self.seasons)

    @property
    def sizes(self) -> "Sizes":
        """The sizes of what the network reads."""
        calendar, seasonal = self.calendar.shape[1], len(self.seasons)
        return Sizes(1 + self.covariates.shape[1] + calendar + seasonal, calendar + seasonal)


class Windows:
    """Windows before some origins.

    Args:
        encoded: the series.
        series: the number of each window's series, shape `(n,)`.
        origins: the step of the series that each window's forecast begins with, shape `(n,)`.
    """

    def __init__(self, encoded: Encoded, series: Origins, origins: Origins) -> None:
        self._data, self._series, self._origins = encoded, series, origins
        self.lengths = np.minimum(encoded.context, origins - encoded.lag)
        self._at = encoded.starts[series] + origins

    def __len__(self) -> int:
        return len(self._at)

    @property
    def sizes(self) -> Sizes:
        """The sizes of what the network reads."""
        return self._data.sizes

    @property
    def origins(self) -> Origins:
        """The number of the series and the step of each origin, shape `(2, n)`."""
        return np.stack((self._series, self._origins))

    def some(self, most: int) -> "Windows":
        """Return at most so many of the windows, evenly spaced."""
        if len(self) <= most:
            return self
        kept = np.linspace(0, len(self) - 1, most).round().astype(np.int64)
        return Windows(self._data, self._series[kept], self._origins[kept])

    def last(self, rows: Origins) -> Numbers:
        """Return the value before each origin, in spreads, shape `(B, 1)`."""
        return np.asarray(self._data.values[self._at[rows] - 1][:, None])

    def truth(self, rows: Origins) -> Numbers:
        """Return how the series went on from the last value, in spreads, `(B, K)`; NaN where nothing was observed."""
        places = self._future(rows)
        return np.where(self._data.observed[places], self._data.values[places] - self.last(rows), np.nan)

    def inputs(self, rows: Origins) -> Inputs:
        """Return what the network reads. Values after an origin are not read."""
        data = self._data
        at, lengths = self._at[rows], self.lengths[rows]
        places = np.minimum((at - lengths)[:, None] + np.arange(lengths.max()), (at - 1)[:, None])
        future = self._future(rows)
        last = self.last(rows)
        window = [(data.values[places] - last)[..., None], data.covariates[places], data.calendar[places]]
        known = [data.calendar[future]]
        for season in data.seasons:
            window.append((data.values[places] - data.values[places - season])[..., None])
            known.append(self._season_before(rows, season)[..., None])
        steps = torch.from_numpy(np.concatenate(window, axis=-1)).float().transpose(0, 1).contiguous()
        facts = torch.from_numpy(np.concatenate(known, axis=-1)).float()
        if (lengths == lengths[0]).all():
            return Inputs(steps, facts)
        return Inputs(pack_padded_sequence(steps, torch.from_numpy(lengths), enforce_sorted=False), facts)

    def _season_before(self, rows: Origins, season: int) -> Numbers:
        """Return the change from the last value to the values one season before the future steps, `(B, K)`."""
        back = (self._at[rows] - season)[:, None] + np.arange(self._data.horizon) % season
        return np.asarray(self._data.values[back] - self.last(rows))

    def _future(self, rows: Origins) -> Origins:
        return self._at[rows][:, None] + np.arange(self._data.horizon)


def lag_of(seasons: tuple[int, ...]) -> int:
    """Return how many steps before a window it needs, to look one season back."""
    return max(seasons, default=0)


def least_window(context: int) -> int:
    """Return the steps of the shortest window trained on: at a series' beginning there are no longer ones."""
    return max(2, context // 2)
