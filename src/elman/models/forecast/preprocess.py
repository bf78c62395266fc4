"""Turn series into windows of the numbers that a network reads. Everything is fitted on the training part alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.frequency import Frequency, calendar_features
from elman.data.gaps import stamp_text
from elman.data.scaling import Scale, column_scale, wants_log
from elman.data.series import Panel, Series
from elman.data.series_table import read_panel
from elman.errors import DataError
from elman.limits import LARGEST_CHANGE
from elman.models.forecast.lengths import find_all_seasons, in_words, seasons_and_context
from elman.models.forecast.options import ForecasterOptions, table_options
from elman.models.forecast.origins import split_origins, training_length
from elman.models.forecast.windows import Encoded, Numbers, Windows
from elman.quoting import quote

MOST = 3000
"""Windows that are learned from: of more, that many evenly spaced, for neighbours are nearly the same."""
MEASURED = 1000
"""Held-out windows, in the same way."""
SHOWN = 8
"""Ids of series that a message lists."""


@dataclass(frozen=True)
class Preprocessor:
    """Scale series, and encode them with their calendar. Fitted on the training part alone.

    Attributes:
        frequency: of the series.
        horizon: steps to forecast, K.
        seasons: steps in each season that repeats itself well, shortest first; () is none.
        tried: the seasons that the simple methods are tried with: those, or the one that repeats itself best.
        context: steps of a window at most.
        scales: of each series, by id.
        covariates: mean and deviation of each series' covariates, `(2, C)`, by id.
    """

    frequency: Frequency
    horizon: int
    seasons: tuple[int, ...]
    tried: tuple[int, ...]
    context: int
    scales: dict[Any, Scale]
    covariates: dict[Any, Numbers]

    @classmethod
    def fit(cls, panel: Panel, options: ForecasterOptions) -> "Preprocessor":
        """Measure the training part of series.

        Raises:
            DataError: a series is too short for the horizon, or too short or not positive for what was asked for.
        """
        lengths = [training_length(len(one), options) for one in panel]
        training = [one.values[:length] for one, length in zip(panel, lengths, strict=True)]
        seasons, tried = find_all_seasons(training, panel, options)
        seasons, context = seasons_and_context(panel, lengths, seasons, options)
        scales = {}
        for one, values in zip(panel, training, strict=True):
            chosen = options.target_transform
            positive = bool((one.values > 0).all())
            log = chosen == "log" or (chosen == "auto" and positive and wants_log(values, max(seasons, default=1)))
            if log:
                _check_positive(one, panel)
            # Neither training nor a held-out loss reads this, so that all of the series may decide.
            never_below = bool((one.values >= 0).all()) if options.nonnegative is None else options.nonnegative
            scales[one.name] = Scale.fit(values, options.horizon, log, never_below)
        covariates = {
            one.name: np.stack(column_scale(one.covariates[:length]))
            for one, length in zip(panel, lengths, strict=True)
        }
        return cls(panel.frequency, options.horizon, seasons, tried, context, scales, covariates)

    @property
    def season(self) -> int:
        """Steps in the longest season; 1 is none."""
        return max(self.seasons, default=1)

    @property
    def described(self) -> str:
        """Describe what was fitted in one line."""
        logs = sum(scale.log for scale in self.scales.values())
        floors = sum(scale.nonnegative for scale in self.scales.values())
        return (
            f"season {in_words(self.seasons)}, context {self.context}; of {len(self.scales)} series {logs} in "
            f"logarithms, {floors} not forecast below 0"
        )

    @property
    def covariate_count(self) -> int:
        """Covariates that are read, C."""
        return len(next(iter(self.covariates.values()))[0])

    def check_known(self, panel: Panel) -> None:
        """See that a model can forecast the series.

        Raises:
            DataError: a series is unknown, too short to forecast from, or of another frequency.
        """
        if panel.frequency != self.frequency:
            raise DataError(
                f"{panel.source}: the series come {panel.frequency}, those of the model {self.frequency}: "
                "bring them to that"
            )
        if len(panel.covariates) != self.covariate_count:
            raise DataError(f"{panel.source}: the model reads {self.covariate_count} covariates: give them all")
        least = 2
        for one in panel:
            if one.name not in self.scales:
                known = list(self.scales)
                some = ", ".join(map(quote, known[:SHOWN])) + (", ..." if len(known) > SHOWN else "")
                raise DataError(
                    f"{panel.source}: unknown series {quote(one.name)}: the model knows {some}: fit on it first"
                )
            if len(one) < least:
                raise DataError(
                    f"{panel.source}: series {quote(one.name)}: too short: {len(one)} values, a forecast "
                    f"reads {least} or more"
                )

    def standardized(self, panel: Panel) -> list[Numbers]:
        """Return the covariates of each series, `(T, C)`, with the mean 0 and the deviation 1 of the training part."""
        return [(one.covariates - self.covariates[one.name][0]) / self.covariates[one.name][1] for one in panel]

    def encode(self, panel: Panel) -> Encoded:
        """Return the numbers of series whose ids are known.

        Raises:
            DataError: a series that is taken in logarithms has a value that is not positive.
        """
        parts = [self._one(panel, number) for number in range(len(panel))]
        starts = np.concatenate(([0], np.cumsum([len(part[0]) for part in parts])))
        values, observed, covariates, calendar = (np.concatenate(columns) for columns in zip(*parts, strict=True))
        return Encoded(starts, values, observed, covariates, calendar, self.horizon, self.seasons, self.context)

    def _one(self, panel: Panel, number: int) -> tuple[Numbers, npt.NDArray[np.bool_], Numbers, Numbers]:
        one = panel.series[number]
        scale = self.scales[one.name]
        if scale.log:
            _check_positive(one, panel)
        mean, deviation = self.covariates[one.name]
        _check_changes(one, panel, scale, mean, deviation)
        stamps = panel.stamps(number, 0, len(one) + self.horizon)
        beyond = ((0, self.horizon), (0, 0))
        return (
            np.pad(scale.apply(one.values), beyond[0], constant_values=np.nan),
            np.pad(one.observed, beyond[0], constant_values=False),
            np.pad((one.covariates - mean) / deviation, beyond),
            calendar_features(stamps, self.frequency, self.season),
        )

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {
            "frequency": self.frequency.numbers(),
            "horizon": self.horizon,
            "seasons": list(self.seasons),
            "tried": list(self.tried),
            "context": self.context,
            "scales": [[name, scale.numbers()] for name, scale in self.scales.items()],
            "covariates": [[name, both.tolist()] for name, both in self.covariates.items()],
        }

    @classmethod
    def from_state(cls, content: dict[str, Any]) -> "Preprocessor":
        """Return the preprocessor that `content` was made from."""
        return cls(
            Frequency(**content["frequency"]),
            content["horizon"],
            tuple(content["seasons"]),
            tuple(content["tried"]),
            content["context"],
            {name: Scale(**scale) for name, scale in content["scales"]},
            {name: np.array(both).reshape(2, -1) for name, both in content["covariates"]},
        )


@dataclass(frozen=True)
class Prepared:
    """The data of one training.

    Attributes:
        training: the training part.
        held_out: the held-out part; None with nothing held out.
        preprocessor: fitted on the training part.
        series: all that was read.
    """

    training: Windows
    held_out: Windows | None
    preprocessor: Preprocessor
    series: Panel

    def fingerprint(self) -> dict[str, Any]:
        """Return a digest of every series."""
        return {"series": self.series.fingerprint()}


def prepare(X: Any, y: None, options: ForecasterOptions) -> Prepared:
    """Read series, split them, and cut both parts in windows: by time, or at random, with a warning, if asked for.

    Args:
        X: a frame, the path of a file, the plain values of one series, or series that were read.
        y: nothing.
        options: the options of the forecaster.

    Raises:
        DataError: a series cannot be read or is too short, or so much was filled in that no window is left.
    """
    panel = read_series(X, options)
    preprocessor = Preprocessor.fit(panel, options)
    encoded = preprocessor.encode(panel)
    found = split_origins(encoded, [len(one) for one in panel], options)
    if not found or not len(found[0][1]) or (options.validation_fraction and not len(found[1][1])):
        raise DataError(
            f"{panel.source}: so much was missing and filled in that no window is left: give more whole rows"
        )
    training, held_out = Windows(encoded, *found[0]).some(MOST), Windows(encoded, *found[1]).some(MEASURED)
    return Prepared(training, held_out if options.validation_fraction else None, preprocessor, panel)


def read_series(X: Any, options: ForecasterOptions) -> Panel:
    """Return the series of a table as the options say how to read it; series that were read as they are.

    Raises:
        DataError: a series has gaps, repeated stamps or missing values, or the table cannot be read.
    """
    return X if isinstance(X, Panel) else read_panel(X, **table_options(options))


def _check_changes(one: Series, panel: Panel, scale: Scale, mean: Numbers, deviation: Numbers) -> None:
    """Refuse a value or covariate so far from those of the training part that float32 cannot hold it.

    Raises:
        DataError: there is one; the message names it.
    """
    far = np.abs(one.covariates - mean) > LARGEST_CHANGE * deviation
    if far.any():
        at, column = (int(part[0]) for part in far.nonzero())
        name, value = panel.covariates[column], one.covariates[at, column]
    elif not scale.holds(one.values):
        at = int(np.abs(one.values - np.median(one.values)).argmax())
        name, value = "value", one.values[at]
    else:
        return
    stamp = stamp_text(panel.frequency.stamps(one.first, np.array([at]))[0])
    raise DataError(
        f"{panel.source}: series {quote(one.name)}: the {quote(name)} {value:g} at {stamp} is more than "
        f"{LARGEST_CHANGE:g} times the changes in the training part: mend the value, or give more history"
    )


def _check_positive(one: Series, panel: Panel) -> None:
    """See that a series can be taken in logarithms.

    Raises:
        DataError: it cannot; the message names the first value that is not positive.
    """
    bad = np.flatnonzero(one.values <= 0)
    if len(bad):
        stamp = stamp_text(panel.frequency.stamps(one.first, bad[:1])[0])
        raise DataError(
            f"{panel.source}: series {quote(one.name)}: {one.values[bad[0]]:g} at {stamp} has no logarithm: "
            "train with target_transform none"
        )
