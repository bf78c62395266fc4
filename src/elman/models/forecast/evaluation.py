"""Compare forecasts from many origins with the observed values: arrays, a table of measures, rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.frequency import Stamps
from elman.data.series import Panel
from elman.models.forecast import metrics

Numbers = npt.NDArray[np.float64]
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
                "MAE": metrics.mae(self.truth, forecast),
                "RMSE": metrics.rmse(self.truth, forecast),
                "sMAPE": metrics.smape(self.truth, forecast),
                "MASE": metrics.mase(self.truth, forecast, self.scales),
            }
            for level, (low, high) in self.intervals.items() if method == OURS else ():
                row[f"coverage-{level:g}"] = metrics.coverage(self.truth, low, high)
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
