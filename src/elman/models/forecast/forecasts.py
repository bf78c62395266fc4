"""Forecast from origins in the units of the series, with prediction intervals.

Intervals are computed from held-out errors: split conformal prediction, one width for each step.
The held-out part was not trained on, so its errors are what errors on new data look like. Each step's errors are
divided by that step's own size, which may only grow with the horizon; then all steps are taken together, so that a
short series still has enough of them. The half-width at a level is the ceil((n + 1) level)-th smallest of the n
quotients, as in Vovk et al. (2005), "Algorithmic Learning in a Random World", times the step's size.

Windows overlap and series drift, so that the promised coverage is not proven here: `Forecaster.backtest` measures it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from elman.data.series import Panel
from elman.models.forecast.baselines import naive_forecasts
from elman.models.forecast.evaluation import OURS, Evaluation, naive_scale
from elman.models.forecast.network import ForecastNetwork, forecast_changes
from elman.models.forecast.preprocess import Preprocessor
from elman.models.forecast.windows import Numbers, Origins, Windows

KEPT = 2001
"""Quotients kept: of more, that many evenly spaced in rank."""


@dataclass(frozen=True)
class Intervals:
    """The half-widths of intervals, in spreads.

    Attributes:
        sizes: the size of errors at each step of the horizon, shape `(K,)`, growing.
        quotients: absolute errors divided by their step's size, ascending, shape `(n,)`.
    """

    sizes: Numbers
    quotients: Numbers

    @classmethod
    def fit(cls, errors: Numbers) -> "Intervals":
        """Measure held-out errors, shape `(n, K)`; NaN where nothing was observed."""
        with np.errstate(invalid="ignore"):
            squares = np.where(np.isnan(errors), 0, errors) ** 2
        counts = np.maximum((~np.isnan(errors)).sum(axis=0), 1)
        sizes = np.maximum.accumulate(np.sqrt(squares.sum(axis=0) / counts))
        quotients = np.sort((np.abs(errors) / np.where(sizes > 0, sizes, 1))[~np.isnan(errors)])
        if len(quotients) > KEPT:
            quotients = quotients[np.linspace(0, len(quotients) - 1, KEPT).round().astype(np.int64)]
        return cls(sizes, quotients)

    def half_widths(self, level: float) -> Numbers:
        """Return half the width at each step, shape `(K,)`; `level` in per cent, such as 95."""
        rank = math.ceil((len(self.quotients) + 1) * level / 100)
        return np.asarray(self.quotients[min(rank, len(self.quotients)) - 1] * self.sizes)

    def numbers(self) -> dict[str, Any]:
        """Return both arrays as lists, for a file."""
        return {"sizes": self.sizes.tolist(), "quotients": self.quotients.tolist()}

    @classmethod
    def from_numbers(cls, numbers: dict[str, Any]) -> "Intervals":
        """Return what `numbers` described."""
        return cls(np.array(numbers["sizes"]), np.array(numbers["quotients"]))


class Predictor(NamedTuple):
    """All that a forecast takes: the network, how series are encoded for it, and how large its errors are."""

    network: ForecastNetwork
    preprocessor: Preprocessor
    intervals: Intervals | None


class Forecasts(NamedTuple):
    """Forecasts `(n, K)`, and low and high by level, each `(n, K)`."""

    values: Numbers
    intervals: dict[float, tuple[Numbers, Numbers]]


def forecast(
    predictor: Predictor, panel: Panel, series: Origins, origins: Origins, levels: Sequence[float]
) -> Forecasts:
    """Forecast from each origin; what comes after it is not read.

    Args:
        predictor: what forecasts.
        panel: series that `predictor.preprocessor` knows.
        series: the number of each forecast's series, shape `(n,)`.
        origins: the step of the series that each forecast begins with, shape `(n,)`.
        levels: of the intervals, in per cent.
    """
    windows = Windows(predictor.preprocessor.encode(panel), series, origins)
    centre = windows.last(np.arange(len(windows))) + forecast_changes(predictor.network, windows)
    scales = [predictor.preprocessor.scales[panel.series[number].name] for number in series]

    def units(scaled: Numbers) -> Numbers:
        return np.stack([scale.invert(row) for scale, row in zip(scales, scaled, strict=True)])

    intervals = {}
    for level in levels if predictor.intervals else ():
        half = predictor.intervals.half_widths(level) if predictor.intervals else 0
        intervals[level] = units(centre - half), units(centre + half)
    return Forecasts(units(centre), intervals)


def forecast_errors(network: ForecastNetwork, windows: Windows) -> Numbers:
    """Return the errors in spreads, shape `(n, K)`; NaN where nothing was observed."""
    return forecast_changes(network, windows) - windows.truth(np.arange(len(windows)))


def future_columns(predictor: Predictor, panel: Panel, steps: int, levels: Sequence[float]) -> dict[str, Any]:
    """Return the forecast of the next steps after the end of each series, in the long format, column by column."""
    ends = np.array([len(one) for one in panel])
    found = forecast(predictor, panel, np.arange(len(panel)), ends, levels)
    columns = {
        "unique_id": [name for name in panel.names for _ in range(steps)],
        "ds": np.concatenate([panel.stamps(number, len(one), len(one) + steps) for number, one in enumerate(panel)]),
        "y": found.values[:, :steps].ravel(),
    }
    for level, (low, high) in found.intervals.items():
        columns |= {f"lo-{level:g}": low[:, :steps].ravel(), f"hi-{level:g}": high[:, :steps].ravel()}
    return columns


def evaluate(
    predictor: Predictor, panel: Panel, series: Origins, origins: Origins, levels: Sequence[float]
) -> Evaluation:
    """Forecast from each origin, and set it beside what came and beside the naive forecasts; see `forecast`."""
    horizon = predictor.preprocessor.horizon
    firsts = {number: int(origins[series == number].min()) for number in np.unique(series)}
    season = _season(predictor.preprocessor, min(firsts.values()))
    scales = {n: naive_scale(panel.series[n].values[:first], season) for n, first in firsts.items()}
    found = forecast(predictor, panel, series, origins, levels)
    return Evaluation(
        panel,
        series,
        origins,
        np.stack([_truth(panel, n, origin, horizon) for n, origin in zip(series, origins, strict=True)]),
        {OURS: found.values} | _naive_for_all(panel, series, origins, horizon, season),
        found.intervals,
        np.array([scales[number] for number in series]),
    )


def _season(preprocessor: Preprocessor, first: int) -> int:
    """Return the model's season; where it found none worth its while, the longest that the history holds twice."""
    if preprocessor.season > 1:
        return preprocessor.season
    return max((season for season in preprocessor.frequency.seasons if 2 * season <= first), default=1)


def _truth(panel: Panel, number: int, origin: int, horizon: int) -> Numbers:
    one, steps = panel.series[number], slice(origin, origin + horizon)
    return np.where(one.observed[steps], one.values[steps], np.nan)


def _naive_for_all(panel: Panel, series: Origins, origins: Origins, horizon: int, season: int) -> dict[str, Numbers]:
    """Return the naive forecasts from all origins by method, each `(n, K)`; only methods that all origins allow."""
    each = [
        naive_forecasts(panel.series[number].values[:origin], horizon, season)
        for number, origin in zip(series, origins, strict=True)
    ]
    methods = [method for method in each[0] if all(method in found for found in each)]
    return {method: np.stack([found[method] for found in each]) for method in methods}
