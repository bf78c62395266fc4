"""Turn series into the numbers that a network reads. Everything is fitted on the training part alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.frequency import Frequency, calendar_features
from elman.data.scaling import Scale, column_scale, last_value_error, wants_log
from elman.data.series import Panel
from elman.errors import DataError
from elman.models.forecast.checks import check_changes, check_positive
from elman.models.forecast.options import ForecasterOptions
from elman.quoting import quote

Numbers = npt.NDArray[np.float64]
CONTEXT = 28
"""Steps of a window where there is no season."""
CLEARLY = 0.9
LONG = 128
"""Seasons up to half of this are read twice over; a longer one once."""


@dataclass(frozen=True)
class Prepared:
    """All series one after the other, each with `horizon` more steps, whose values are NaN, behind its end.

    Attributes:
        starts: where each series begins, and where the last one ends, shape `(n + 1,)`.
        values: in spreads, shape `(N,)`.
        observed: shape `(N,)`.
        covariates: with mean 0 and deviation 1 on the training part, shape `(N, C)`.
        calendar: shape `(N, F)`.
    """

    starts: npt.NDArray[np.int64]
    values: Numbers
    observed: npt.NDArray[np.bool_]
    covariates: Numbers
    calendar: Numbers


@dataclass(frozen=True)
class Preparation:
    """The preparation of series, fitted on the training part.

    Attributes:
        frequency: of the series.
        horizon: steps to forecast, K.
        season: steps in a season; 1 is none.
        context: steps of a window at most.
        scales: of each series, by id.
        covariates: mean and deviation of each series' covariates, `(2, C)`, by id.
    """

    frequency: Frequency
    horizon: int
    season: int
    context: int
    scales: dict[Any, Scale]
    covariates: dict[Any, Numbers]

    @classmethod
    def fit(cls, panel: Panel, options: ForecasterOptions) -> "Preparation":
        """Measure the training part of series.

        Raises:
            DataError: a series is too short for the horizon, or too short or not positive for what was asked for.
        """
        lengths = [training_length(len(one), options) for one in panel]
        training = [one.values[:length] for one, length in zip(panel, lengths, strict=True)]
        season = options.season or find_season(training, panel.frequency, options.horizon)
        context = options.context or _find_context(min(lengths), season, options.horizon)
        _check_lengths(panel, season, context, options)
        scales = {}
        for one, values in zip(panel, training, strict=True):
            chosen = options.target_transform
            log = chosen == "log" or (chosen == "auto" and wants_log(values, season))
            if log:
                check_positive(one, panel)
            # Neither training nor a held-out loss reads this, so that all of the series may decide.
            never_below = bool((one.values >= 0).all()) if options.nonnegative is None else options.nonnegative
            scales[one.name] = Scale.fit(values, options.horizon, log, never_below)
        covariates = {
            one.name: np.stack(column_scale(one.covariates[:length]))
            for one, length in zip(panel, lengths, strict=True)
        }
        return cls(panel.frequency, options.horizon, season, context, scales, covariates)

    @property
    def lag(self) -> int:
        """Steps before a window that it needs to look one season back."""
        return self.season if self.season > 1 else 0

    @property
    def tail(self) -> int:
        """Steps of history that a forecast reads."""
        return self.context + self.lag

    @property
    def described(self) -> str:
        """Describe the fitted preparation in one line."""
        logs = sum(scale.log for scale in self.scales.values())
        floors = sum(scale.nonnegative for scale in self.scales.values())
        return (
            f"season {self.season}, context {self.context}; of {len(self.scales)} series {logs} in logarithms, "
            f"{floors} not forecast below 0"
        )

    @property
    def covariate_count(self) -> int:
        """Covariates that are read, C."""
        return len(next(iter(self.covariates.values()))[0])

    def apply(self, panel: Panel) -> Prepared:
        """Return the numbers of series whose ids are known.

        Raises:
            DataError: a series that is taken in logarithms has a value that is not positive.
        """
        parts = [self._one(panel, number) for number in range(len(panel))]
        starts = np.concatenate(([0], np.cumsum([len(part[0]) for part in parts])))
        values, observed, covariates, calendar = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return Prepared(starts, values, observed, covariates, calendar)

    def _one(self, panel: Panel, number: int) -> tuple[Numbers, npt.NDArray[np.bool_], Numbers, Numbers]:
        one = panel.series[number]
        scale = self.scales[one.name]
        if scale.log:
            check_positive(one, panel)
        mean, deviation = self.covariates[one.name]
        check_changes(one, panel, scale, mean, deviation)
        stamps = panel.stamps(number, 0, len(one) + self.horizon)
        beyond = ((0, self.horizon), (0, 0))
        return (
            np.pad(scale.apply(one.values), beyond[0], constant_values=np.nan),
            np.pad(one.observed, beyond[0], constant_values=False),
            np.pad((one.covariates - mean) / deviation, beyond),
            calendar_features(stamps, self.frequency, self.season),
        )

    def numbers(self) -> dict[str, Any]:
        """Return everything as JSON says it, for a file."""
        return {
            "frequency": self.frequency.numbers(),
            "horizon": self.horizon,
            "season": self.season,
            "context": self.context,
            "scales": [[name, scale.numbers()] for name, scale in self.scales.items()],
            "covariates": [[name, both.tolist()] for name, both in self.covariates.items()],
        }

    @classmethod
    def from_numbers(cls, numbers: dict[str, Any]) -> "Preparation":
        """Return what `numbers` described."""
        return cls(
            Frequency(**numbers["frequency"]),
            numbers["horizon"],
            numbers["season"],
            numbers["context"],
            {name: Scale(**scale) for name, scale in numbers["scales"]},
            {name: np.array(both).reshape(2, -1) for name, both in numbers["covariates"]},
        )


def training_length(length: int, options: ForecasterOptions) -> int:
    """Return how many of a series' steps are trained on; those held out, at its end, hold a horizon or more."""
    if options.validation_fraction == 0:
        return length
    return length - max(int(length * options.validation_fraction), options.horizon)


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


def _find_context(shortest: int, season: int, horizon: int) -> int:
    """Return two seasons, or what the shortest training part can bear."""
    wanted = CONTEXT if season == 1 else min(2 * season, max(season, LONG))
    lag = season if season > 1 else 0
    return max(2, min(wanted, (shortest - lag - horizon) // 2))


def _check_lengths(panel: Panel, season: int, context: int, options: ForecasterOptions) -> None:
    held_out = options.horizon if options.validation_fraction else 0
    least = (season if season > 1 else 0) + least_window(context) + options.horizon + held_out
    for one in panel:
        if len(one) < least or training_length(len(one), options) < least - held_out:
            raise DataError(
                f"{panel.source}: series {quote(one.name)}: too short: {len(one)} values, horizon "
                f"{options.horizon} takes {least} or more (season {season}, context {context}, "
                f"validation {options.validation_fraction}): give more history, a shorter horizon, "
                "season=1 or a shorter context"
            )


def least_window(context: int) -> int:
    """Return the steps of the shortest window trained on: at a series' beginning there are no longer ones."""
    return max(2, context // 2)
