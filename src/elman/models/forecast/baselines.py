"""Forecast without training: the baselines of a network, and the season whose repetition forecasts best.

Each baseline takes the history of one series, shape `(T,)`, and returns the next `horizon` values. Names as in Hyndman
and Athanasopoulos, "Forecasting: Principles and Practice".
"""

from collections.abc import Sequence

import numpy as np

from elman.data.frequency import Frequency
from elman.data.scaling import last_value_error
from elman.models.forecast.evaluation import Numbers

CLEARLY = 0.9
"""A season is taken where its repetition errs less than this share of what the last value errs."""

RESEMBLES = 0.4
"""The least autocorrelation of a cycle that is found without a calendar."""

SHORTEST_CYCLE = 25
"""A quarter of a series, at the least, in which such a cycle is looked for."""

NEAR = 40
"""The seasonal mean takes in a season's length / 40 to either side: nine days for the days of a year."""


def last_value(history: Numbers, horizon: int) -> Numbers:
    """Return the last value, again and again."""
    return np.full(horizon, history[-1])


def drift(history: Numbers, horizon: int) -> Numbers:
    """Go on along the line from the first value to the last."""
    slope = (history[-1] - history[0]) / max(len(history) - 1, 1)
    return np.asarray(history[-1] + slope * np.arange(1, horizon + 1))


def seasonal_naive(history: Numbers, horizon: int, season: int) -> Numbers:
    """Return the value one season before, the latest that is known; history holds a season or more."""
    return history[seasonal_places(len(history), horizon, season)]


def seasonal_mean(history: Numbers, horizon: int, season: int) -> Numbers:
    """Return the mean of all past values at the same place of the season, or near it where a season is long."""
    near = season // NEAR
    place = (np.arange(len(history)) - len(history)) % season
    total = np.bincount(place, history, season)
    count = np.bincount(place, minlength=season).astype(np.float64)
    around = np.arange(season)[:, None] + np.arange(-near, near + 1)
    means = total[around % season].sum(axis=1) / count[around % season].sum(axis=1)
    return np.asarray(means[np.arange(horizon) % season])


def seasonal_places(length: int, horizon: int, season: int) -> np.typing.NDArray[np.int64]:
    """Return the places, in a history of that length, of the values that the seasonal naive forecast repeats."""
    return length - season + np.arange(horizon) % season


def find_seasons(training: Sequence[Numbers], frequency: Frequency, horizon: int) -> tuple[int, ...]:
    """Return the cycles whose repetition forecasts the training part well, shortest first; () if none does.

    A cycle is taken where its repetition errs less than `CLEARLY` of what the last value errs, and a longer one beside
    a shorter only where it errs less than that.

    Args:
        training: of each series.
        frequency: says which cycles there are; stamps without a calendar have those of `autocorrelated`.
        horizon: steps to forecast.
    """
    best, found = CLEARLY, []
    for season, error in seasonal_errors(training, frequency, horizon).items():
        if error < best:
            best = error
            found.append(season)
    return tuple(found)


def seasonal_errors(training: Sequence[Numbers], frequency: Frequency, horizon: int) -> dict[int, float]:
    """Return what the repetition of each cycle errs, as a share of what the last value errs, shortest first.

    Cycles that do not come twice and a horizon in a series of middling length are left out.
    """
    longest = max(training, key=len)
    candidates = frequency.seasons if frequency.unit != "number" else autocorrelated(longest)
    typical = float(np.median([len(values) for values in training]))
    found = {}
    for season in sorted(candidates):
        if 2 * season + horizon <= typical:
            errors = [_repetition_error(values, season, horizon) for values in training if len(values) >= 2 * season]
            found[season] = float(np.mean(errors))
    return found


def autocorrelated(values: Numbers) -> tuple[int, ...]:
    """Return the lag at which a long series resembles itself most after it first does not, if it does so clearly."""
    longest = len(values) // 4
    if longest < SHORTEST_CYCLE:
        return ()
    size = float(np.abs(values).max()) or 1.0
    steps = np.arange(len(values))
    left = values / size - np.polyval(np.polyfit(steps, values / size, 1), steps)
    power = np.abs(np.fft.rfft(left, 2 * len(left))) ** 2
    resembles = np.fft.irfft(power)[: longest + 1]
    if resembles[0] <= 0:
        return ()
    resembles = resembles / resembles[0]
    below = np.flatnonzero(resembles < 0)
    if not len(below):
        return ()
    lag = int(below[0] + resembles[below[0] :].argmax())
    return (lag,) if resembles[lag] >= RESEMBLES and lag < longest else ()


def _repetition_error(values: Numbers, season: int, horizon: int) -> float:
    """Return what the latest known value of the same place in the season errs, as a share of what the last value does.

    Both are asked for all steps up to the horizon, of which a long one is repeated from several seasons before.
    """
    last = last_value_error(values, horizon)
    if not last:
        return 1.0
    cycles, steps = np.unique(-(-np.arange(1, horizon + 1) // season), return_counts=True)
    kept = season * cycles < len(values)
    errors = [np.abs(values[season * cycle :] - values[: -season * cycle]).mean() for cycle in cycles[kept]]
    return float(np.average(errors, weights=steps[kept]) / last)
