"""Let the simple methods forecast from past origins, and choose by that what a model answers with."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from elman.data.series import Panel
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.forecast.forecasts import answered, beside, network_forecasts, truths, units_of
from elman.models.forecast.intervals import Intervals
from elman.models.forecast.mixture import SIMPLE, Past, choose, hedged, mixed, shares
from elman.models.forecast.network import ForecastNetwork
from elman.models.forecast.options import ForecasterOptions
from elman.models.forecast.preprocess import Preprocessor
from elman.models.forecast.regression import Asked
from elman.models.forecast.simple import LAST, NAIVE, Forecasts, SimpleMethods
from elman.models.forecast.windows import Numbers, Origins, Windows

ORIGINS = 40
"""Past origins of a series at most, evenly spaced over the later half of a typical one."""
SERIES = 400
"""Series whose past is looked at, at most, evenly spaced."""
WINDOWS = 200
"""Held-out windows on which the network is compared with the simple methods, at most."""
UNSHOWN = ("drift", "seasonal mean")
"""Methods that are not named before the training, for they are seldom hard to beat."""
LEAST_GAIN, MOST_LOSS = 0.5, 3.0
"""Bounds of the size of the answer's errors, relative to those of the simple methods."""


class Tried(NamedTuple):
    """The forecasts of the simple methods from past origins, and from held-out windows.

    Attributes:
        panel: the series that were looked at.
        preprocessor: of the forecaster.
        past: from past origins.
        horizons: without overlap, that the past origins are worth.
        held_out: from held-out windows.
        windows: the origins of those.
        held_out_horizons: that they are worth.
    """

    panel: Panel
    preprocessor: Preprocessor
    past: Past
    horizons: float
    held_out: Past
    windows: Asked
    held_out_horizons: float

    def baselines(self) -> dict[str, float]:
        """Return the held-out losses of simple methods, in the unit of the network's loss."""
        return {name: self._loss(values) for name, values in self._shown().items()}

    def _shown(self) -> Forecasts:
        mean = mixed(self.held_out.forecasts, self._simple(), self.held_out.forecasts[LAST])
        shown = beside(dict(self.held_out.forecasts), self.preprocessor.tried)
        return {name: values for name, values in shown.items() if name not in UNSHOWN} | {SIMPLE: mean}

    def _simple(self) -> dict[str, float]:
        """Return how much each simple method counts."""
        naive = [name for name in self.past.forecasts if name == LAST or name.startswith(NAIVE)]
        return hedged(self.past, shares(self.past) or {LAST: 1.0}, naive, self.horizons)

    def _loss(self, forecasts: Numbers) -> float:
        errors = []
        for row, number in enumerate(self.windows.series):
            scale = self.preprocessor.scales[self.panel.series[number].name]
            truth, values = self.held_out.truth[row], forecasts[row]
            if scale.log:
                values = np.maximum(values, np.finfo(np.float64).tiny)
            errors.append(np.abs(scale.apply(values) - scale.apply(truth)))
        return float(np.nanmean(errors))

    def choose(self, network: ForecastNetwork, options: ForecasterOptions) -> tuple[Answer, Intervals]:
        """Return what to answer with, and how large the errors of that are."""
        forecasts = network_forecasts(network, self.preprocessor, self.panel, self.windows)
        held_out = self.held_out._replace(forecasts={NETWORK: forecasts} | dict(self.held_out.forecasts))
        simple = self._simple()
        answer = choose(simple, held_out, self.held_out_horizons, self._shown().keys())
        if options.answer == NETWORK:
            answer = Answer.only(NETWORK, answer.losses)
        return answer, self._intervals(answer, simple, held_out)

    def _intervals(self, answer: Answer, simple: dict[str, float], held_out: Past) -> Intervals:
        """Return the intervals of an answer.

        The network has no errors before its held-out part. There the errors of the simple methods stand for those of
        the answer, larger or smaller by as much as they are on the held-out part.
        """
        without = mixed(held_out.forecasts, simple, held_out.forecasts[LAST])
        both = held_out._replace(forecasts={"answer": answered(answer, dict(held_out.forecasts)), SIMPLE: without})
        ours, theirs = (np.nanmean(np.abs(both.errors(name))) for name in ("answer", SIMPLE))
        ratio = float(np.clip(ours / theirs, LEAST_GAIN, MOST_LOSS)) if theirs > 0 else 1.0
        past = self.past._replace(forecasts={SIMPLE: mixed(self.past.forecasts, simple, self.past.forecasts[LAST])})
        if not len(past.truth):
            return Intervals.fit(both.errors("answer"), self.held_out_horizons)
        return Intervals.fit(past.errors(SIMPLE) * ratio, self.horizons, past.recent)


def learn_simple(
    panel: Panel, preprocessor: Preprocessor, held_out: Windows | None, options: ForecasterOptions
) -> tuple[SimpleMethods, Tried]:
    """Learn the simple methods from all of the series, and forecast from their past origins by what came before.

    Args:
        panel: the series.
        preprocessor: of the forecaster.
        held_out: the held-out windows.
        options: of the forecaster.
    """
    kept = np.unique(np.linspace(0, len(panel) - 1, min(len(panel), SERIES)).round().astype(np.int64))
    some = replace(panel, series=tuple(panel.series[number] for number in kept))
    past = _past_origins(some, options.horizon)
    windows = _known(held_out, kept)
    asked = Asked(np.concatenate((past.series, windows.series)), np.concatenate((past.origins, windows.origins)))
    covariates = preprocessor.standardized(some)
    simple, forecasts = SimpleMethods.learn(some, covariates, preprocessor.tried, asked, options)
    simple = replace(simple, units=simple.units | SimpleMethods.units_of(panel))
    lengths = np.array([len(one) for one in some])
    found = Past(
        forecasts,
        truths(some, asked, options.horizon),
        units_of(some, simple, asked),
        lengths[asked.series] - asked.origins,
    )
    first = np.arange(len(asked.series)) < len(past.series)
    parts = [found.only(first), found.only(~first)]
    horizons = [_horizons(part, len(some), options.horizon) for part in parts]
    return simple, Tried(some, preprocessor, parts[0], horizons[0], parts[1], windows, horizons[1])


def _past_origins(panel: Panel, horizon: int) -> Asked:
    """Return origins in the later half of a typical series, and at the same time in others; each after a value."""
    typical = int(np.median([len(one) for one in panel]))
    ages = horizon + np.arange(max(typical // 2 - horizon, min(horizon, typical // 3)) + 1)
    ages = ages[np.unique(np.linspace(0, len(ages) - 1, min(len(ages), ORIGINS)).round().astype(np.int64))]
    series, origins = [], []
    for number, one in enumerate(panel):
        steps = np.sort(len(one) - ages)
        steps = steps[steps >= 2]
        steps = steps[one.observed[steps - 1]]
        series.append(np.full(len(steps), number))
        origins.append(steps)
    return Asked(np.concatenate(series), np.concatenate(origins))


def _known(held_out: Windows | None, kept: Origins) -> Asked:
    """Return the origins of held-out windows of some of the series."""
    if held_out is None:
        return Asked(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    series, origins = held_out.origins
    there = np.isin(series, kept)
    series, origins = np.searchsorted(kept, series[there]), origins[there]
    rows = np.unique(np.linspace(0, len(series) - 1, min(len(series), WINDOWS)).round().astype(np.int64))
    return Asked(series[rows], origins[rows])


def _horizons(past: Past, series: int, horizon: int) -> float:
    """Return how many forecasts without overlap some origins are worth; series that go up and down together less."""
    if not len(past.ages):
        return 0.0
    return float(np.sqrt(series) * ((past.ages.max() - past.ages.min()) / horizon + 1))
