"""Measure forecast errors. Each function takes arrays of one shape; entries whose truth is NaN do not count.

MASE is Hyndman and Koehler's (2006), "Another look at measures of forecast accuracy": the error in units of what the
naive forecast errs on the training part. sMAPE is the one of the M competitions, 0 to 200 %.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]


def mae(truth: Numbers, forecast: Numbers) -> float:
    """Return the mean absolute error, in the units of the series."""
    return _mean(np.abs(forecast - truth))


def rmse(truth: Numbers, forecast: Numbers) -> float:
    """Return the root of the mean squared error, in the units of the series."""
    errors = np.abs(forecast - truth)
    largest = float(np.nanmax(errors, initial=0.0))
    return largest * float(np.sqrt(_mean((errors / largest) ** 2))) if largest > 0 else _mean(errors)


def smape(truth: Numbers, forecast: Numbers) -> float:
    """Return the symmetric mean absolute percentage error, 0 to 200; where both are 0 the error is 0."""
    size = (np.abs(truth) + np.abs(forecast)) / 2
    error = np.abs(forecast - truth)
    return 100 * _mean(error / np.where(size > 0, size, 1))


def mase(truth: Numbers, forecast: Numbers, scales: Numbers) -> float:
    """Return the mean absolute error in units of each forecast's scale, `(n,)`; infinite where it is too small."""
    with np.errstate(over="ignore"):
        return _mean(np.abs(forecast - truth) / scales[:, None])


def coverage(truth: Numbers, low: Numbers, high: Numbers) -> float:
    """Return the share of values within their interval, 0 to 1."""
    inside = ((low <= truth) & (truth <= high)).astype(np.float64)
    return _mean(np.where(np.isnan(truth), np.nan, inside))


def naive_scale(training: Numbers, season: int) -> float:
    """Return the mean absolute error of the seasonal naive forecast, one season ahead, on a training part.

    The denominator of MASE. A series too short for it, or one that repeats itself exactly, gives NaN.

    Args:
        training: one series, shape `(T,)`.
        season: steps in a season; 1 is the last value's forecast.
    """
    if len(training) <= season:
        return float("nan")
    scale = mae(training[season:], training[:-season])
    return scale if scale > 0 else float("nan")


def _mean(errors: Numbers) -> float:
    """Return the mean of the errors that count; NaN if none does."""
    counted = errors[~np.isnan(errors)]
    return float(counted.mean()) if len(counted) else float("nan")
