"""Forecast a panel by methods without a network: smoothing, regression on lags, naive forecasts; each by its name.

Smoothing and regression read the values as they are and, where all are positive, their logarithms; with the seasons and
without. Which of the methods is used, and how much, is for `mixture.py` to choose on past origins.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.series import Panel
from elman.errors import InputError
from elman.models.forecast.baselines import drift, last_value, seasonal_mean, seasonal_naive
from elman.models.forecast.regression import Asked, Known, Lags, Ridge
from elman.models.forecast.smoothing import Aligned, Trend, smooth

Numbers = npt.NDArray[np.float64]
Forecasts = dict[str, Numbers]

SMOOTHING: dict[str, Trend] = {"smoothing": "none", "damped trend": "damped", "theta": "theta"}
RIDGE = "ridge"
NAIVE, LAST = "seasonal naive", "last value"
LONGEST = 10_000
"""Steps at the end of a series that are read, or eight seasons of it."""
TOGETHER = 256
"""Series that are smoothed together."""
FARTHEST = 400
"""Steps of a horizon above which there is no regression: it would take one for each."""
LARGEST_EXPONENT = 700


class Variant(NamedTuple):
    """A way to read series: in logarithms or not, with which seasons."""

    log: bool
    seasons: tuple[int, ...]
    suffix: str


@dataclass(frozen=True)
class SimpleMethods:
    """All methods for one panel.

    Attributes:
        horizon: steps to forecast, K.
        seasons: of the series, shortest first; () is none.
        logs: whether logarithms are read too.
        units: the mean change of each series and of its logarithms, by id.
        ridges: the regressions, by the suffix of their variant.
    """

    horizon: int
    seasons: tuple[int, ...]
    logs: bool
    units: dict[Any, tuple[float, float]]
    ridges: dict[str, Ridge]

    @classmethod
    def learn(
        cls, panel: Panel, covariates: Sequence[Numbers], seasons: tuple[int, ...], past: Asked, options: Any
    ) -> tuple["SimpleMethods", Forecasts]:
        """Learn from all of a panel, and forecast from past origins by what came before them.

        Args:
            panel: the series.
            covariates: of each series, with mean 0 and deviation 1, `(T, C)`.
            seasons: steps in each season, shortest first; () is none.
            past: the past origins.
            options: of the forecaster.

        Returns:
            The methods, and their past forecasts by name, each `(n, K)`.
        """
        horizon = options.horizon
        logs = options.target_transform != "none" and any((one.values > 0).all() for one in panel)
        units = cls.units_of(panel)
        found = cls(horizon, seasons, logs, units, {})
        ridges: dict[str, Ridge] = {}
        forecasts = found._smoothed(panel, past) | _naive(panel, past, horizon, seasons)
        for variant in found._variants() if horizon <= FARTHEST else ():
            known = found._known(panel, covariates, variant)
            lags = Lags.chosen(int(np.median([len(one.values) for one in known])), variant.seasons, horizon)
            moved = found._moved(panel, past)
            ridge, values = Ridge.learn(known, lags, moved)
            if ridge:
                ridges[variant.suffix] = ridge
                forecasts[RIDGE + variant.suffix] = found._in_units(values, panel, past, variant)
        return cls(horizon, seasons, logs, units, ridges), forecasts

    @staticmethod
    def units_of(panel: Panel) -> dict[Any, tuple[float, float]]:
        """Return the mean change of each series and of its logarithms, by id."""
        return {one.name: (_unit(one.values), _unit(_logarithms(one.values))) for one in panel}

    def forecast(
        self, panel: Panel, covariates: Sequence[Numbers], asked: Asked, only: Collection[str] | None = None
    ) -> Forecasts:
        """Return what each method forecasts from each origin, `(n, K)`; NaN where it has too little history.

        Args:
            panel: the series.
            covariates: of each series, with mean 0 and deviation 1, `(T, C)`.
            asked: the origins.
            only: the methods to ask, besides the naive ones; None is all.
        """
        found = self._smoothed(panel, asked, only) | _naive(panel, asked, self.horizon, self.seasons)
        for variant in self._variants():
            ridge = self.ridges.get(variant.suffix)
            if ridge and (only is None or RIDGE + variant.suffix in only):
                values = ridge.forecast(self._known(panel, covariates, variant), self._moved(panel, asked))
                found[RIDGE + variant.suffix] = self._in_units(values, panel, asked, variant)
        return found

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold besides the factors, as JSON says it."""
        return {
            "seasons": list(self.seasons),
            "logs": self.logs,
            "units": [list(pair) for pair in self.units.values()],
            "ridges": [
                {"suffix": suffix, "edges": list(one.lags.edges), "seasons": list(one.lags.seasons)}
                for suffix, one in self.ridges.items()
            ],
        }

    def tensors(self) -> dict[str, Tensor]:
        """Return the factors of the regressions."""
        return {f"ridge{number}": torch.from_numpy(one.factors) for number, one in enumerate(self.ridges.values())}

    @classmethod
    def from_state(
        cls, content: dict[str, Any], tensors: dict[str, Tensor], history: Panel, horizon: int
    ) -> "SimpleMethods":
        """Return the methods that `content` and `tensors` were made from, for the series of a history.

        Raises:
            InputError: the factors of a regression do not fit what it reads.
        """
        ridges = {}
        for number, one in enumerate(content["ridges"]):
            lags = Lags(tuple(one["edges"]), tuple(one["seasons"]), horizon)
            factors = tensors[f"ridge{number}"]
            wanted = (horizon, lags.width(len(history.covariates)))
            if tuple(factors.shape) != wanted or factors.dtype != torch.float64:
                found = f"{factors.dtype} of shape {tuple(factors.shape)}"
                raise InputError(f"ridges: expected float64 factors of shape {wanted}, got {found}")
            ridges[one["suffix"]] = Ridge(lags, factors.numpy())
        units = {name: (value, log) for name, (value, log) in zip(history.names, content["units"], strict=True)}
        return cls(horizon, tuple(content["seasons"]), content["logs"], units, ridges)

    def _variants(self) -> Iterator[Variant]:
        for log in (False, True) if self.logs else (False,):
            of = " of logarithms" if log else ""
            yield Variant(log, self.seasons, of)
            if self.seasons:
                yield Variant(log, (), f"{of} without season")

    @property
    def _longest(self) -> int:
        return max(LONGEST, 8 * max(self.seasons, default=0))

    def _moved(self, panel: Panel, asked: Asked) -> Asked:
        """Return origins in the end of each series that is read."""
        before = np.array([max(0, len(one) - self._longest) for one in panel])
        return Asked(asked.series, asked.origins - before[asked.series])

    def _values(self, panel: Panel, variant: Variant) -> list[Numbers]:
        """Return what is read of each series, in its unit, from its first value on."""
        found = []
        for one in panel:
            logged = variant.log and bool((one.values > 0).all())
            values = (np.log(one.values) if logged else one.values)[-self._longest :]
            unit = self.units[one.name][logged]
            found.append((values - values[0]) / unit)
        return found

    def _known(self, panel: Panel, covariates: Sequence[Numbers], variant: Variant) -> list[Known]:
        values = self._values(panel, variant)
        return [Known(one, rows[-self._longest :][: len(one)]) for one, rows in zip(values, covariates, strict=True)]

    def _in_units(self, values: Numbers, panel: Panel, asked: Asked, variant: Variant) -> Numbers:
        """Return forecasts in the units of the series; NaN where one is too large for a number."""
        found = np.full(values.shape, np.nan)
        for number in np.unique(asked.series):
            one, rows = panel.series[number], asked.series == number
            logged = variant.log and bool((one.values > 0).all())
            first = one.values[-self._longest :][0]
            scaled = values[rows] * self.units[one.name][logged]
            with np.errstate(over="ignore", invalid="ignore"):
                back = np.exp(np.minimum(scaled + np.log(first), LARGEST_EXPONENT)) if logged else scaled + first
            found[rows] = np.where(np.isfinite(back), back, np.nan)
        return found

    def _smoothed(self, panel: Panel, asked: Asked, only: Collection[str] | None = None) -> Forecasts:
        lengths = np.array([len(one) for one in panel])
        before = lengths[asked.series] - asked.origins
        found = {}
        for variant in self._variants():
            values = self._values(panel, variant)
            for name, trend in SMOOTHING.items():
                if only is not None and name + variant.suffix not in only:
                    continue
                paths = np.full((len(before), self.horizon), np.nan)
                for begin in range(0, len(values), TOGETHER):
                    mine = (asked.series >= begin) & (asked.series < begin + TOGETHER)
                    if not mine.any():
                        continue
                    series = Aligned.of(values[begin : begin + TOGETHER])
                    steps, place = np.unique(np.maximum(len(series.values) - before[mine], 0), return_inverse=True)
                    smoothed = smooth(series, steps, self.horizon, trend, variant.seasons)
                    paths[mine] = smoothed[asked.series[mine] - begin, place]
                found[name + variant.suffix] = self._in_units(paths, panel, asked, variant)
        return found


def _naive(panel: Panel, asked: Asked, horizon: int, seasons: tuple[int, ...]) -> Forecasts:
    """Return the naive forecasts; NaN where a history holds no season."""
    found: dict[str, list[Numbers]] = {}
    nothing = np.full(horizon, np.nan)
    for number, origin in zip(asked.series, asked.origins, strict=True):
        history = panel.series[number].values[:origin]
        found.setdefault(LAST, []).append(last_value(history, horizon) if origin else nothing)
        found.setdefault("drift", []).append(drift(history, horizon) if origin else nothing)
        found.setdefault("mean", []).append(np.full(horizon, _mean(history)) if origin else nothing)
        for season in seasons:
            enough = len(history) >= season
            naive = seasonal_naive(history, horizon, season) if enough else nothing
            found.setdefault(of_season(NAIVE, season, seasons), []).append(naive)
            mean = seasonal_mean(history, horizon, season) if enough else nothing
            found.setdefault(of_season("seasonal mean", season, seasons), []).append(mean)
    return {name: np.stack(forecasts) for name, forecasts in found.items()}


def of_season(name: str, season: int, seasons: tuple[int, ...]) -> str:
    """Return the name of a naive method of a season, where there are several."""
    return name if len(seasons) == 1 else f"{name} {season}"


def _mean(history: Numbers) -> float:
    size = float(np.abs(history).max()) or 1.0
    return float((history / size).mean() * size)


def _logarithms(values: Numbers) -> Numbers:
    return np.log(values) if (values > 0).all() else np.zeros(1)


def _unit(values: Numbers) -> float:
    """Return the mean change from step to step; of a series that never changes its size, or 1."""
    changes = np.abs(np.diff(values))
    return float(changes.mean() if len(changes) else 0.0) or float(np.abs(values).max()) or 1.0
