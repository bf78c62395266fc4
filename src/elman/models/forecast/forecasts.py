"""Forecast from origins in the units of the series, with prediction intervals, and compare with the observed values."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from elman.data.series import Panel
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.forecast.evaluation import OURS, Evaluation, naive_scale
from elman.models.forecast.intervals import Intervals, own_units
from elman.models.forecast.mixture import mixed
from elman.models.forecast.network import ForecastNetwork, forecast_changes
from elman.models.forecast.preprocess import Preprocessor
from elman.models.forecast.regression import Asked
from elman.models.forecast.simple import LAST, NAIVE, RIDGE, Forecasts, SimpleMethods, of_season
from elman.models.forecast.windows import Numbers, Origins, Windows, lag_of

LARGEST = 1e308
"""Forecasts and intervals are cut off here, so that they are numbers."""
SHORTEST_WINDOW = 2


class Predictor(NamedTuple):
    """All that a forecast takes: the network and the simple methods, how each counts, and how large errors are."""

    network: ForecastNetwork
    preprocessor: Preprocessor
    simple: SimpleMethods
    answer: Answer
    intervals: Intervals | None


class Found(NamedTuple):
    """Forecasts `(n, K)`, those of each method, and low and high by level, each `(n, K)`."""

    values: Numbers
    parts: Forecasts
    intervals: dict[float, tuple[Numbers, Numbers]]


def forecast(
    predictor: Predictor, panel: Panel, asked: Asked, levels: Sequence[float], only: Collection[str] | None = None
) -> Found:
    """Forecast from each origin; what comes after it is not read.

    Args:
        predictor: what forecasts.
        panel: series that `predictor.preprocessor` knows.
        asked: the series and the step that each forecast begins with.
        levels: of the intervals, in per cent.
        only: the methods that are needed; None is all.
    """
    preprocessor = predictor.preprocessor
    parts = predictor.simple.forecast(panel, preprocessor.standardized(panel), asked, only)
    preprocessor.encode(panel)  # refuses values that the model cannot read, whatever answers
    if only is None or NETWORK in only:
        parts[NETWORK] = network_forecasts(predictor.network, preprocessor, panel, asked)
    centre = answered(predictor.answer, parts)
    floors = np.array([preprocessor.scales[panel.series[number].name].nonnegative for number in asked.series])
    units = units_of(panel, predictor.simple, asked)

    def within(values: Numbers) -> Numbers:
        kept = np.clip(values, -LARGEST, LARGEST)
        return np.where(floors[:, None], np.maximum(kept, 0), kept)

    intervals = {}
    for level in levels if predictor.intervals else ():
        half = units[:, None] * (predictor.intervals.half_widths(level) if predictor.intervals else 0)
        intervals[level] = within(centre - half), within(centre + half)
    return Found(within(centre), {name: within(values) for name, values in parts.items()}, intervals)


def answered(answer: Answer, parts: Forecasts) -> Numbers:
    """Return the forecasts of an answer from those of its parts; the last value where none of them has one."""
    return mixed(parts, answer.factors, parts[LAST])


def network_forecasts(network: ForecastNetwork, preprocessor: Preprocessor, panel: Panel, asked: Asked) -> Numbers:
    """Return the network's forecasts, `(n, K)`; NaN where a history is too short for a window."""
    found = np.full((len(asked.series), preprocessor.horizon), np.nan)
    enough = asked.origins >= lag_of(preprocessor.seasons) + SHORTEST_WINDOW
    if enough.any():
        windows = Windows(preprocessor.encode(panel), asked.series[enough], asked.origins[enough])
        centre = windows.last(np.arange(len(windows))) + forecast_changes(network, windows)
        scales = [preprocessor.scales[panel.series[number].name] for number in asked.series[enough]]
        found[enough] = [scale.invert(row) for scale, row in zip(scales, centre, strict=True)]
    return found


def units_of(panel: Panel, simple: SimpleMethods, asked: Asked) -> Numbers:
    """Return the unit of the errors at each origin, shape `(n,)`."""
    found = np.ones(len(asked.series))
    season = max(simple.seasons, default=1)
    for number in np.unique(asked.series):
        one, rows = panel.series[number], asked.series == number
        found[rows] = own_units(one.values, asked.origins[rows], simple.units[one.name][0], season)
    return found


def truths(panel: Panel, asked: Asked, horizon: int) -> Numbers:
    """Return the observed values after each origin, `(n, K)`; NaN where nothing was observed."""
    found = np.full((len(asked.series), horizon), np.nan)
    for row, (number, origin) in enumerate(zip(asked.series, asked.origins, strict=True)):
        one, steps = panel.series[number], slice(origin, origin + horizon)
        values = np.where(one.observed[steps], one.values[steps], np.nan)
        found[row, : len(values)] = values
    return found


def future_columns(predictor: Predictor, panel: Panel, steps: int, levels: Sequence[float]) -> dict[str, Any]:
    """Return the forecast of the next steps after the end of each series, in the long format, column by column."""
    ends = np.array([len(one) for one in panel])
    found = forecast(predictor, panel, Asked(np.arange(len(panel)), ends), levels, predictor.answer.factors)
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
    """Forecast from each origin, and compare with the observed values and other forecasts; see `forecast`."""
    preprocessor = predictor.preprocessor
    firsts = {number: int(origins[series == number].min()) for number in np.unique(series)}
    season = _season(preprocessor, min(firsts.values()))
    scales = {n: naive_scale(panel.series[n].values[:first], season) for n, first in firsts.items()}
    found = forecast(predictor, panel, Asked(series, origins), levels)
    return Evaluation(
        panel,
        series,
        origins,
        truths(panel, Asked(series, origins), preprocessor.horizon),
        {OURS: found.values} | beside(found.parts, predictor.simple.seasons),
        found.intervals,
        np.array([scales[number] for number in series]),
    )


def beside(parts: Forecasts, seasons: tuple[int, ...]) -> Forecasts:
    """Return the forecasts that are shown beside the answer's; only those that every origin allows.

    The seasonal ones are those of the longest season that was found, which forecasts best.
    """
    wanted = {NETWORK: NETWORK, RIDGE: RIDGE, LAST: LAST, "drift": "drift"}
    for name in (NAIVE, "seasonal mean") if seasons else ():
        wanted[name] = of_season(name, seasons[-1], seasons)
    return {name: parts[of] for name, of in wanted.items() if of in parts and np.isfinite(parts[of]).all()}


def _season(preprocessor: Preprocessor, first: int) -> int:
    """Return the model's season; where it found none worth its while, the longest that the history holds twice."""
    if preprocessor.seasons:
        return preprocessor.season
    return max((season for season in preprocessor.frequency.seasons if 2 * season <= first), default=1)
