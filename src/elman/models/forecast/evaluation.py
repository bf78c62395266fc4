"""Measure forecast errors, and compare forecasts from many origins with the observed values.

Each metric takes arrays of one shape; entries whose truth is NaN do not count. MASE is Hyndman and Koehler's (2006),
"Another look at measures of forecast accuracy": the error in units of what the naive forecast errs on the training
part. sMAPE is the one of the M competitions, 0 to 200 %.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.data.frequency import Stamps
from elman.data.series import Panel

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


OURS = "Elman"


@dataclass(frozen=True)
class Evaluation:
    """Rolling origins: n forecasts of K steps each.

    Attributes:
        panel: the series.
        series: the number of each forecast's series, shape `(n,)`.
        origins: the step of the series that each forecast begins with, shape `(n,)`.
        truth: the observed values, shape `(n, K)`; NaN where nothing was observed.
        forecasts: by method, "Elman" and the naive ones, each `(n, K)`.
        intervals: low and high by level in per cent, each `(n, K)`.
        scales: the denominator of MASE for each forecast, shape `(n,)`: the seasonal naive error on the training part.
    """

    panel: Panel
    series: npt.NDArray[np.int64]
    origins: npt.NDArray[np.int64]
    truth: Numbers
    forecasts: dict[str, Numbers]
    intervals: dict[float, tuple[Numbers, Numbers]]
    scales: Numbers

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each method: MAE and RMSE in the series' units, sMAPE in per cent, MASE, and coverage."""
        rows = []
        for method, forecast in self.forecasts.items():
            row: dict[str, Any] = {"method": method} | {
                "MAE": mae(self.truth, forecast),
                "RMSE": rmse(self.truth, forecast),
                "sMAPE": smape(self.truth, forecast),
                "MASE": mase(self.truth, forecast, self.scales),
            }
            for level, (low, high) in self.intervals.items() if method == OURS else ():
                row[f"coverage-{level:g}"] = coverage(self.truth, low, high)
            rows.append(row)
        return rows

    def columns(self) -> dict[str, Any]:
        """Return the rows in the long format, a column for each method: unique_id, cutoff, ds, y, Elman, lo-95, ..."""
        count, horizon = self.truth.shape
        names = self.panel.names
        stamps = [self._stamps(row, 0, horizon) for row in range(count)]
        cutoffs = [self._stamps(row, -1, 0) for row in range(count)]
        found: dict[str, Any] = {
            "unique_id": [names[number] for number in np.repeat(self.series, horizon)],
            "cutoff": np.repeat(np.concatenate(cutoffs), horizon),
            "ds": np.concatenate(stamps),
            "y": self.truth.ravel(),
            OURS: self.forecasts[OURS].ravel(),
        }
        for level, (low, high) in self.intervals.items():
            found |= {f"lo-{level:g}": low.ravel(), f"hi-{level:g}": high.ravel()}
        return found | {method: values.ravel() for method, values in self.forecasts.items() if method != OURS}

    def _stamps(self, row: int, begin: int, end: int) -> Stamps:
        origin = int(self.origins[row])
        return self.panel.stamps(int(self.series[row]), origin + begin, origin + end)
