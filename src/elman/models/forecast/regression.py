"""Forecast by ridge regression on lags: one regression for each step of the horizon, for all series of a panel.

What is forecast is the change from a naive forecast, the value one season before or the last value, so that a strong
penalty leads to that. The lags are single values near the origin and means of longer and longer stretches before (as in
the heterogeneous autoregression of Corsi 2009), so that a long cycle needs few numbers; and the values at the same
place of earlier seasons. All series share the factors (Montero-Manso and Hyndman 2021, "Principles and algorithms for
forecasting groups of time series").

Past forecasts are made by regressions on what came before them: time is cut in blocks, and each block is forecast by
what was learned before it, with the penalty that erred least in the blocks before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""In units of one example whose numbers have the size that they have on the mean."""
SINGLE = 16
"""Lags that are taken one by one where there is no season."""
LONGEST = 400
"""Steps that the means reach back."""
CYCLES = 5
"""Earlier seasons whose mean at the same place is taken."""
BLOCKS = 6
"""Parts of the past, each forecast from the values before it."""
LEAST = 5
"""Examples of each step without which nothing is learned."""
MOST = 6000
"""Examples of each step that are learned from: of more, that many evenly spaced."""


class Known(NamedTuple):
    """One series as the regression reads it: values in units of its changes `(T,)`, and covariates `(T, C)`."""

    values: Numbers
    covariates: Numbers


class Read(NamedTuple):
    """The numbers read before some origins, `(n, P)`, and the naive forecasts that changes count from, `(n,)`."""

    numbers: Numbers
    base: Numbers


@dataclass(frozen=True)
class Lags:
    """The lags that the regression reads before an origin.

    Attributes:
        edges: where the stretches begin and end, counted back from the origin.
        seasons: steps in each season, shortest first; () is none.
        horizon: steps to forecast, K.
    """

    edges: tuple[int, ...]
    seasons: tuple[int, ...]
    horizon: int

    @classmethod
    def chosen(cls, typical: int, seasons: tuple[int, ...], horizon: int) -> "Lags":
        """Return lags for series whose typical length is given: they reach back a third of it at most."""
        single = min(SINGLE, seasons[-1] + 1) if seasons else SINGLE
        longest = max(2, min(LONGEST, typical // 3 - max(seasons, default=0)))
        edges = list(range(min(single, longest // 2 + 1) + 1))
        while (further := round(edges[-1] * 1.25) + 1) <= longest:
            edges.append(further)
        return cls(tuple(edges), seasons, horizon)

    @property
    def reach(self) -> int:
        """Steps before an origin that are read."""
        return self.edges[-1] + 1 + 2 * max(self.seasons, default=0)

    def width(self, covariates: int) -> int:
        """Return how many numbers are read before an origin, P, where there are so many covariates."""
        return len(self.edges) - 1 - (not self.seasons) + 3 * len(self.seasons) + 2 + covariates

    def read(self, one: Known, origins: Places, step: int) -> Read:
        """Return what is read of a series to forecast a step of the horizon, counted from 0."""
        values, long = one.values, max(self.seasons, default=0)
        level = values[long:] - values[: len(values) - long]
        sums = np.concatenate(([0.0], np.cumsum(level if long else values)))
        totals = sums[origins[:, None] - long - np.array(self.edges)]
        means = (totals[:, :-1] - totals[:, 1:]) / np.diff(self.edges)
        last = values[origins - 1]
        base = self._before(values, origins, step, long, 1) if long else last
        columns = [means] if long else [means[:, 1:] - means[:, :1]]
        for season in self.seasons:
            back = np.stack([self._before(values, origins, step, season, cycle) for cycle in range(1, CYCLES + 1)])
            columns += [(part - base)[:, None] for part in (back[0], back[1], back.mean(axis=0))]
        columns += [(last - base)[:, None], one.covariates[origins - 1], np.ones((len(origins), 1))]
        return Read(np.concatenate(columns, axis=1), base)

    def _before(self, values: Numbers, origins: Places, step: int, season: int, cycles: int) -> Numbers:
        """Return the values some seasons before a future step, or the earliest at its place that there are, `(n,)`."""
        place = origins - season * cycles + step % season
        return np.asarray(values[np.where(place < 0, place % season, place)])


class Asked(NamedTuple):
    """Forecasts that are wanted: the number of each one's series, and its origin, each `(n,)`."""

    series: Places
    origins: Places


@dataclass(frozen=True)
class Ridge:
    """A regression for each step.

    Attributes:
        lags: what it reads.
        factors: of what is read, shape `(K, P)`.
    """

    lags: Lags
    factors: Numbers

    def forecast(self, series: Sequence[Known], asked: Asked) -> Numbers:
        """Return forecasts `(n, K)` in the units of the values; NaN where a series has too little history."""
        found = np.full((len(asked.series), self.lags.horizon), np.nan)
        for number in np.unique(asked.series):
            rows = np.flatnonzero((asked.series == number) & (asked.origins >= self.lags.reach))
            for step in range(self.lags.horizon) if len(rows) else ():
                read = self.lags.read(series[number], asked.origins[rows], step)
                found[rows, step] = read.base + read.numbers @ self.factors[step]
        return found

    @classmethod
    def learn(cls, series: Sequence[Known], lags: Lags, past: Asked) -> tuple["Ridge | None", Numbers]:
        """Learn from all of the series, and forecast from past origins by what came before them.

        Args:
            series: S of them; they end together.
            lags: what is read.
            past: origins to forecast from.

        Returns:
            The regression, None where there is too little to learn from; and the past forecasts, `(n, K)`.
        """
        examples = _examples(series, lags)
        lengths = np.array([len(one.values) for one in series])
        wanted = past.origins - lengths[past.series]  # in steps before the end, below 0
        found = np.full((len(PENALTIES), len(wanted), lags.horizon), np.nan)
        if not len(examples.series) or not len(wanted):
            return None, found[0]
        bounds = np.unique(np.linspace(wanted.min(), 0, BLOCKS + 1).round().astype(np.int64))
        possible = past.origins >= lags.reach
        factors, truth = [], np.full(found.shape[1:], np.nan)
        for step in range(lags.horizon):
            read, changes = _read_all(series, lags, examples, step)
            asked, actual = _read_all(series, lags, Asked(past.series[possible], past.origins[possible]), step)
            times = examples.origins - lengths[examples.series] + step
            sums, until = _Sums.empty(read.numbers.shape[1]), np.iinfo(np.int64).min
            truth[possible, step] = asked.base + actual
            for number, bound in enumerate(bounds):
                sums.add(read.numbers, changes, (times >= until) & (times < bound))
                until = bound
                if sums.count < LEAST or number + 1 == len(bounds):
                    continue
                rows = (wanted[possible] >= bound) & (wanted[possible] < bounds[number + 1])
                forecasts = asked.base[rows] + sums.factors() @ asked.numbers[rows].T
                found[:, np.flatnonzero(possible)[rows], step] = forecasts
            if sums.count < LEAST:
                return None, np.full(found.shape[1:], np.nan)
            factors.append(sums.factors())
        chosen, best = _best_until(found, truth, wanted, bounds)
        return cls(lags, np.stack(factors, axis=1)[best]), chosen


@dataclass
class _Sums:
    """Sums of products of the numbers read and of the changes: enough to solve a ridge regression."""

    inputs: Numbers
    outputs: Numbers
    count: int

    @classmethod
    def empty(cls, width: int) -> "_Sums":
        return cls(np.zeros((width, width)), np.zeros(width), 0)

    def add(self, read: Numbers, changes: Numbers, which: npt.NDArray[np.bool_]) -> None:
        rows = which & ~np.isnan(changes)
        self.inputs += read[rows].T @ read[rows]
        self.outputs += read[rows].T @ changes[rows]
        self.count += int(rows.sum())

    def factors(self) -> Numbers:
        """Return the factors for each penalty, shape `(penalties, P)`; numbers count by their own size."""
        size = np.sqrt(np.diagonal(self.inputs) / max(self.count, 1))
        size = np.where(size > 1e-9, size, 1.0)
        scaled = self.inputs / np.outer(size, size)
        penalized = scaled + np.array(PENALTIES)[:, None, None] * np.eye(len(size))
        return np.asarray(np.linalg.solve(penalized, (self.outputs / size)[None, :, None])[..., 0] / size)


def _examples(series: Sequence[Known], lags: Lags) -> Asked:
    """Return the origins that are learned from."""
    origins = [np.arange(lags.reach, len(one.values)) for one in series]
    numbers = np.repeat(np.arange(len(series)), [len(steps) for steps in origins])
    steps = np.concatenate(origins)
    kept = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), MOST)).round().astype(np.int64))
    return Asked(numbers[kept], steps[kept])


def _read_all(series: Sequence[Known], lags: Lags, asked: Asked, step: int) -> tuple[Read, Numbers]:
    """Return what is read before origins of several series, and how each step differed from its naive forecast."""
    width = lags.width(series[0].covariates.shape[1])
    numbers, base = np.zeros((len(asked.series), width)), np.zeros(len(asked.series))
    changes = np.full(len(base), np.nan)
    for number in np.unique(asked.series):
        rows = np.flatnonzero(asked.series == number)
        origins, values = asked.origins[rows], series[number].values
        numbers[rows], base[rows] = lags.read(series[number], origins, step)
        known = origins + step < len(values)
        changes[rows[known]] = values[origins[known] + step] - base[rows[known]]
    return Read(numbers, base), changes


def _best_until(found: Numbers, truth: Numbers, wanted: Places, bounds: Places) -> tuple[Numbers, int]:
    """Return the forecasts of the penalty that erred least in the blocks before each, and the best of all blocks."""
    errors = np.nan_to_num(np.abs(found - truth)).sum(axis=2)
    chosen, best = np.full(truth.shape, np.nan), len(PENALTIES) // 2
    for begin, end in pairwise(bounds):
        rows = (wanted >= begin) & (wanted < end)
        chosen[rows] = found[best, rows]
        # A block's errors are known where the next one begins, but for those of a horizon at its end.
        past = wanted < end
        if np.isfinite(found[best, past]).any():
            best = int(errors[:, past].sum(axis=1).argmin())
    return chosen, best
