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
    """Return where in a history of that length the values stand that the seasonal naive forecast repeats."""
    return length - season + np.arange(horizon) % season


def naive_forecasts(history: Numbers, horizon: int, season: int) -> dict[str, Numbers]:
    """Return every naive forecast by name; those of a season only where there is one, and history to learn it from."""
    found = {"last value": last_value(history, horizon), "drift": drift(history, horizon)}
    if 1 < season <= len(history):
        found["seasonal naive"] = seasonal_naive(history, horizon, season)
        found["seasonal mean"] = seasonal_mean(history, horizon, season)
    return found


def find_season(training: Sequence[Numbers], frequency: Frequency, horizon: int) -> int:
    """Return the cycle of the calendar whose repetition forecasts the training part best.

    1, no season, if none errs less than `CLEARLY` of what the last value errs.

    Args:
        training: of each series.
        frequency: says which cycles there are; those that do not come twice in the shortest series are left out.
        horizon: steps to forecast.
    """
    shortest = min(len(values) for values in training)
    errors = {1: CLEARLY}
    for season in frequency.seasons:
        if 2 * season + horizon <= shortest:
            errors[season] = float(np.mean([_repetition_error(values, season, horizon) for values in training]))
    return min(errors, key=errors.__getitem__)


def _repetition_error(values: Numbers, season: int, horizon: int) -> float:
    """Return what the value one season before errs, as a share of what the last value does."""
    last = last_value_error(values, horizon)
    return float(np.abs(values[season:] - values[:-season]).mean() / last) if last else 1.0
