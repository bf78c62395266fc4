"""Forecast by exponential smoothing, from every past origin in one pass over time.

All series of a panel and a grid of smoothing parameters are updated together. Nothing is fitted beforehand: at each
origin every member of the grid counts by what its forecasts one step ahead erred until then (Bayesian model averaging
with Gaussian errors), so that a forecast never knows what comes after its origin.

The recursions are those of Hyndman, Koehler, Ord and Snyder (2008), "Forecasting with Exponential Smoothing", in the
form of error corrections, with additive seasons; several of them, and errors that depend on the last one, as in Taylor
(2003), "Short-term electricity demand forecasting using double seasonal exponential smoothing". The method theta is
simple smoothing with half the slope of the whole history as drift: Hyndman and Billah (2003), "Unmasking the Theta
method".
"""

from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Trend = Literal["none", "damped", "theta"]

LEVELS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0)
SLOPES = (0.02, 0.1, 0.3, 0.6)
DAMPINGS = (0.85, 0.95, 0.99)
SEASONS = (0.05, 0.15, 0.4)
FEWER_LEVELS, FEWER_SLOPES, FEWER_DAMPINGS = (0.05, 0.15, 0.35, 0.7, 1.0), (0.02, 0.1, 0.4), (0.9, 0.99)
SLOW_SEASONS, REPEATS = (0.02, 0.1, 0.25), (0.0, 0.6, 0.9, 0.98)
"""For two seasons and more: how fast each follows, and the share of an error that the next one repeats."""


class Grid(NamedTuple):
    """Smoothing parameters, each of shape `(G,)`; `gammas` `(seasons, G)`."""

    alpha: Numbers
    beta: Numbers
    phi: Numbers
    repeat: Numbers
    gammas: Numbers


@dataclass(frozen=True)
class Aligned:
    """Series that end together.

    Attributes:
        values: shape `(T, S)`; 0 before a series begins.
        begins: the step at which each series begins, shape `(S,)`.
    """

    values: Numbers
    begins: Places

    @classmethod
    def of(cls, series: list[Numbers]) -> "Aligned":
        """Put series so that all end at the last step."""
        longest = max(len(values) for values in series)
        padded = [np.pad(values, (longest - len(values), 0)) for values in series]
        return cls(np.stack(padded, axis=1), np.array([longest - len(values) for values in series]))


def grid(trend: Trend, seasons: int) -> Grid:
    """Return the parameters that are tried for a kind of trend and a number of seasons."""
    several, some = seasons > 1, seasons > 0
    alphas = FEWER_LEVELS if several or (some and trend == "damped") else LEVELS
    betas: tuple[float, ...] = (0.0,)
    phis: tuple[float, ...] = (1.0,)
    if trend == "damped":
        betas, phis = (FEWER_SLOPES, FEWER_DAMPINGS) if some else (SLOPES, DAMPINGS)
    repeats = REPEATS if several else (0.0,)
    gammas = [SLOW_SEASONS if several else SEASONS] * seasons
    columns = np.array(list(product(alphas, betas, phis, repeats, *gammas))).T
    return Grid(columns[0], columns[1], columns[2], columns[3], columns[4:])


def smooth(series: Aligned, origins: Places, horizon: int, trend: Trend, seasons: tuple[int, ...]) -> Numbers:
    """Return forecasts from each origin, shape `(S, O, K)`; NaN where a series has too little history.

    Args:
        series: S series.
        origins: ascending steps, each the first that is forecast, shape `(O,)`; T is the end.
        horizon: steps to forecast, K.
        trend: "none"; "damped", a local one that fades; or "theta", half the slope of the whole history.
        seasons: steps in each season, each held twice by a series that is forecast; () is none.
    """
    state = _State(series, grid(trend, len(seasons)), trend, seasons)
    found = np.full((series.values.shape[1], len(origins), horizon), np.nan)
    wanted = {int(origin): place for place, origin in enumerate(origins)}
    for step in range(len(series.values) + 1):
        if step in wanted:
            found[:, wanted[step]] = state.forecast(step, horizon)
        if step < len(series.values):
            state.update(step)
    return found


class _State:
    """The states of S series under G parameters at one step: level and slope `(S, G)`, seasons `(m, S, G)`."""

    def __init__(self, series: Aligned, grid: Grid, trend: Trend, seasons: tuple[int, ...]) -> None:
        self._series, self._grid, self._trend, self._periods = series, grid, trend, seasons
        count, size = series.values.shape[1], len(grid.alpha)
        self._warm = series.begins + max([2, *(2 * period for period in seasons)])
        self._level = np.zeros((count, size))
        self._slope = np.zeros((count, size))
        self._error = np.zeros((count, size))
        self._seasons = [np.zeros((period, count, size)) for period in seasons]
        self._squares = np.zeros((count, size))
        self._seen = np.zeros(count)
        self._unit = np.ones(count)
        self._slopes = _slopes(series)
        for number, begin in enumerate(series.begins):
            self._begin(number, series.values[begin : self._warm[number], number])

    def _begin(self, number: int, first: Numbers) -> None:
        """Take the states of a series before its first value from its first seasons, or first values."""
        size = max(self._periods, default=1)
        if len(first) < 2 * size or len(first) < 2:
            self._level[number] = first[0]
            return
        slope = (first[size:].mean() - first[:size].mean()) / size if self._periods else 0.0
        left = first - slope * (np.arange(len(first)) - (len(first) - 1) / 2)
        self._level[number] = left.mean() - slope * len(first) / 2 if self._periods else first[0]
        self._slope[number] = slope if self._trend == "damped" else 0.0
        left = left - left.mean()
        begin = self._series.begins[number]
        for period, states in zip(self._periods, self._seasons, strict=True):
            place = (begin + np.arange(len(left))) % period
            means = np.bincount(place, left, period) / np.bincount(place, minlength=period)
            states[:, number] = means[:, None]
            left = left - means[place]

    def _ahead(self, step: int, slope: Numbers) -> Numbers:
        """Return the forecasts of the next value, `(S, G)`."""
        found = self._level + slope + self._grid.repeat * self._error
        for period, states in zip(self._periods, self._seasons, strict=True):
            found = found + states[step % period]
        return found

    def update(self, step: int) -> None:
        """Take in the values of a step."""
        g = self._grid
        alive = step >= self._series.begins
        slope = self._next_slope(step)
        error = np.where(alive[:, None], self._series.values[step][:, None] - self._ahead(step, slope), 0.0)
        moved = np.where(alive[:, None], slope, 0.0)
        self._level += moved + g.alpha * error
        if self._trend == "damped":
            self._slope = np.where(alive[:, None], slope + g.alpha * g.beta * error, self._slope)
        for period, states, gamma in zip(self._periods, self._seasons, g.gammas, strict=True):
            states[step % period] += gamma * (1 - g.alpha) * error
        self._error = g.repeat * self._error + error
        counts = step >= self._warm
        self._squares += np.where(counts[:, None], error**2, 0.0)
        self._seen += counts

    def _next_slope(self, step: int) -> Numbers:
        if self._trend == "theta":
            return np.broadcast_to(self._slopes[step][:, None] / 2, self._level.shape)
        return self._grid.phi * self._slope

    def forecast(self, step: int, horizon: int) -> Numbers:
        """Return forecasts from a step on, `(S, K)`: the mean over the grid, each by its likelihood until then."""
        ahead = np.arange(1, horizon + 1)
        g = self._grid
        if self._trend == "damped":
            sums = np.cumsum(g.phi ** ahead[:, None], axis=0)
            rise = self._slope * sums[:, None]
        else:
            rise = self._next_slope(step) * ahead[:, None, None]
        paths = self._level + rise + g.repeat ** ahead[:, None, None] * self._error
        for period, states in zip(self._periods, self._seasons, strict=True):
            paths = paths + states[(step + ahead - 1) % period]
        found = np.einsum("ksg,sg->sk", paths, self._shares())
        return np.where((step >= self._warm)[:, None], found, np.nan)

    def _shares(self) -> Numbers:
        least = self._squares.min(axis=1, keepdims=True)
        ratio = np.where(least > 0, self._squares / np.where(least > 0, least, 1), np.where(self._squares > 0, 1e9, 1))
        weights = np.exp(-0.5 * self._seen[:, None] * np.log(ratio))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _slopes(series: Aligned) -> Numbers:
    """Return the slope of the least-squares line through what came before each step, shape `(T + 1, S)`."""
    values, length = series.values, len(series.values)
    steps = np.arange(length)[:, None] - series.begins
    alive = steps >= 0
    time = np.where(alive, steps, 0).astype(np.float64)
    first = values[np.minimum(series.begins, length - 1), np.arange(values.shape[1])]
    left = np.where(alive, values - first, 0.0)
    n, t, y, tt, ty = (np.cumsum(part, axis=0) for part in (alive, time, left, time * time, time * left))
    below = n * tt - t * t
    slope = np.where(below > 0, (n * ty - t * y) / np.where(below > 0, below, 1), 0.0)
    return np.concatenate((np.zeros((1, values.shape[1])), slope))
