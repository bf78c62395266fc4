"""Run a trained network forward from an origin, and return forecasts in the units of the series."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.data.series import Panel
from elman.models.forecast.baselines import naive_forecasts
from elman.models.forecast.evaluation import OURS, Evaluation, naive_scale
from elman.models.forecast.intervals import Intervals
from elman.models.forecast.network import ForecastNetwork
from elman.models.forecast.preprocess import Preparation
from elman.models.forecast.windows import Origins, Windows

Numbers = npt.NDArray[np.float64]
AT_ONCE = 1024
"""Windows that are read together."""


class Outlook(NamedTuple):
    """All that a forecast takes: the network, how series are made ready for it, and how large its errors are."""

    network: ForecastNetwork
    preparation: Preparation
    intervals: Intervals | None


class Forecasts(NamedTuple):
    """Forecasts `(n, K)`, and low and high by level, each `(n, K)`."""

    values: Numbers
    intervals: dict[float, tuple[Numbers, Numbers]]


def forecast(outlook: Outlook, panel: Panel, series: Origins, origins: Origins, levels: Sequence[float]) -> Forecasts:
    """Forecast from each origin; what comes after it is not read.

    Args:
        outlook: what forecasts.
        panel: series that `outlook.preparation` knows.
        series: the number of each forecast's series, shape `(n,)`.
        origins: the step of the series that each forecast begins with, shape `(n,)`.
        levels: of the intervals, in per cent.
    """
    preparation = outlook.preparation
    windows = Windows(outlook.network, preparation, preparation.apply(panel), series, origins)
    changes = _in_pieces(windows)
    centre = windows.last(np.arange(len(windows))) + changes
    scales = [preparation.scales[panel.series[number].name] for number in series]

    def units(scaled: Numbers) -> Numbers:
        return np.stack([scale.invert(row) for scale, row in zip(scales, scaled, strict=True)])

    intervals = {}
    for level in levels if outlook.intervals else ():
        half = outlook.intervals.half_widths(level) if outlook.intervals else 0
        intervals[level] = units(centre - half), units(centre + half)
    return Forecasts(units(centre), intervals)


def forecast_errors(windows: Windows) -> Numbers:
    """Return the errors in spreads, shape `(n, K)`; NaN where nothing was observed."""
    return _in_pieces(windows) - windows.truth(np.arange(len(windows)))


def _in_pieces(windows: Windows) -> Numbers:
    pieces = [np.arange(begin, min(begin + AT_ONCE, len(windows))) for begin in range(0, len(windows), AT_ONCE)]
    return np.concatenate([windows.forecast(piece) for piece in pieces])


def future_columns(outlook: Outlook, panel: Panel, steps: int, levels: Sequence[float]) -> dict[str, Any]:
    """Return the forecast of the next steps after the end of each series, in the long format, column by column."""
    ends = np.array([len(one) for one in panel])
    found = forecast(outlook, panel, np.arange(len(panel)), ends, levels)
    columns = {
        "unique_id": [name for name in panel.names for _ in range(steps)],
        "ds": np.concatenate([panel.stamps(number, len(one), len(one) + steps) for number, one in enumerate(panel)]),
        "y": found.values[:, :steps].ravel(),
    }
    for level, (low, high) in found.intervals.items():
        columns |= {f"lo-{level:g}": low[:, :steps].ravel(), f"hi-{level:g}": high[:, :steps].ravel()}
    return columns


def evaluate(outlook: Outlook, panel: Panel, series: Origins, origins: Origins, levels: Sequence[float]) -> Evaluation:
    """Forecast from each origin, and set it beside what came and beside the naive forecasts; see `forecast`."""
    horizon = outlook.preparation.horizon
    firsts = {number: int(origins[series == number].min()) for number in np.unique(series)}
    season = _season(outlook.preparation, min(firsts.values()))
    scales = {n: naive_scale(panel.series[n].values[:first], season) for n, first in firsts.items()}
    found = forecast(outlook, panel, series, origins, levels)
    return Evaluation(
        panel,
        series,
        origins,
        np.stack([_truth(panel, n, origin, horizon) for n, origin in zip(series, origins, strict=True)]),
        {OURS: found.values} | _naive_for_all(panel, series, origins, horizon, season),
        found.intervals,
        np.array([scales[number] for number in series]),
    )


def _season(preparation: Preparation, first: int) -> int:
    """Return the model's season; where it found none worth its while, the longest that the history holds twice."""
    if preparation.season > 1:
        return preparation.season
    return max((season for season in preparation.frequency.seasons if 2 * season <= first), default=1)


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
