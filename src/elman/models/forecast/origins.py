"""Find the origins of forecasts: all within a part of the series, the last ones, or those after the training part."""

import warnings
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from elman.data.frequency import DAY, WEEK, Frequency
from elman.data.series import Panel
from elman.data.splits import split_rows
from elman.errors import DataError, InputError
from elman.models.forecast.options import ForecasterOptions
from elman.models.forecast.windows import Encoded, Origins, least_window
from elman.quoting import quote

ORIGINS = 20
"""Origins of a backtest at most, where none are asked for."""
SHORTEST = 2
"""Steps of a training part."""


def all_origins(encoded: Encoded, begins: list[int], ends: list[int]) -> tuple[Origins, Origins]:
    """Return series and step of every origin whose horizon lies within a part of its series.

    An origin follows an observed step: a filled one may depend on later ones. At least one step of its horizon
    is observed.

    Args:
        encoded: the series.
        begins: the first origin of each series; earlier ones than the shortest window allows are left out.
        ends: where the last horizon of each series ends.
    """
    series, origins = [], []
    first = encoded.lag + least_window(encoded.context)
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        steps = np.arange(max(begin, first), end - encoded.horizon + 1)
        start = encoded.starts[number]
        observed = encoded.observed[start : encoded.starts[number + 1]]
        ahead = np.lib.stride_tricks.sliding_window_view(observed, encoded.horizon)
        steps = steps[observed[steps - 1] & ahead[steps].any(axis=1)]
        series.append(np.full(len(steps), number))
        origins.append(steps)
    return np.concatenate(series), np.concatenate(origins)


def training_length(length: int, options: ForecasterOptions) -> int:
    """Return how many of a series' steps are trained on; those held out, at its end, hold a horizon or more."""
    if options.validation_fraction == 0:
        return length
    held_out = max(int(length * options.validation_fraction), options.horizon)
    return max(length - held_out, min(length, SHORTEST))  # the others of a panel may be long enough


def split_origins(encoded: Encoded, lengths: list[int], options: ForecasterOptions) -> list[tuple[Origins, Origins]]:
    """Return the origins to learn from and those held out: by time, or at random with a warning if that was asked for.

    Args:
        encoded: the series.
        lengths: the steps of each.
        options: the options of the forecaster.
    """
    begins = [0] * len(lengths)
    if options.split == "shuffled":
        series, origins = all_origins(encoded, begins, lengths)
        _warn_of_shuffling()
        parts = split_rows(len(origins), options.validation_fraction, "shuffled", options.seed) if len(origins) else ()
        return [(series[rows], origins[rows]) for rows in parts]
    cuts = [training_length(length, options) for length in lengths]
    return [all_origins(encoded, begins, cuts), all_origins(encoded, cuts, lengths)]


class Backtest(NamedTuple):
    """Series, their parts before the first origin of a backtest, and the steps between two origins."""

    panel: Panel
    training: Panel
    every: int


def before_last_origins(panel: Panel, horizon: int, origins: int | None, every: int | None) -> Backtest:
    """Return the parts of series before the first of the last origins.

    Args:
        panel: the series.
        horizon: steps that follow the last origin.
        origins: how many; None: as many as hold out two horizons, or a week where steps are shorter than a day, and at
            most half of a typical series. Then series that are too short for that are left out, if others are not.
        every: steps between two origins; None: 1, or as many as leave `ORIGINS` where `origins` is None.

    Raises:
        DataError: nothing of a series is left.
        InputError: `origins` or `every` is below 1.
    """
    check_every(1 if every is None else every)
    if origins is None:
        span = max(horizon, _week(panel.frequency) - horizon)
        typical = int(np.median([len(one) for one in panel]))
        span = min(span, max(0, typical // 2 - horizon))
        every = every or max(1, -(-span // (ORIGINS - 1)))
        count = 1 + span // every
    else:
        count, every = origins, every or 1
    if count < 1:
        raise InputError(f"origins: expected 1 or more, got {count}")
    held_out = horizon + (count - 1) * every
    long_enough = tuple(one for one in panel if len(one) >= held_out + SHORTEST)
    if origins is None and long_enough:
        panel = replace(panel, series=long_enough)
    for one in panel:
        if len(one) <= held_out:
            many = "1 origin" if count == 1 else f"{count} origins"
            raise DataError(
                f"{panel.source}: series {quote(one.name)}: too short: {many} with horizon {horizon} hold out "
                f"{held_out} of its {len(one)} values: ask for fewer origins or a shorter horizon"
            )
    return Backtest(panel, panel.until([len(one) - held_out for one in panel]), every)


def _week(frequency: Frequency) -> int:
    """Return the steps of a week where they are shorter than a day; otherwise 0."""
    return WEEK // frequency.step if frequency.unit == "microsecond" and frequency.step < DAY else 0


def check_every(every: int) -> None:
    """See that origins go forward.

    Raises:
        InputError: they do not.
    """
    if every < 1:
        raise InputError(f"every: expected 1 or more, got {every}")


def new_origins(panel: Panel, known: Panel, horizon: int, every: int) -> tuple[Origins, Origins]:
    """Return series and step of every origin after the end of what is known, each after an observed step.

    Args:
        panel: the series as they are now.
        known: the same series as they were.
        horizon: steps that have to follow an origin.
        every: steps between two origins.

    Raises:
        DataError: no series has grown by a horizon.
    """
    until = {one.name: known.frequency.stamps(one.first, np.array([len(one)]))[0] for one in known}
    series, origins = [], []
    for number, one in enumerate(panel):
        begin = max(1, int(panel.frequency.places(np.array([until[one.name]]), one.first)[0]))
        steps = np.arange(begin, len(one) - horizon + 1, every)
        ahead = [one.observed[step : step + horizon].any() for step in steps]
        steps = steps[one.observed[steps - 1] & np.array(ahead, dtype=bool)]
        series.append(np.full(len(steps), number))
        origins.append(steps)
    if not any(len(steps) for steps in origins):
        raise DataError(
            f"{panel.source}: no series has {horizon} values after what the model was trained on: give newer values, "
            "or backtest, which trains on the earlier ones alone"
        )
    return np.concatenate(series), np.concatenate(origins)


def _warn_of_shuffling() -> None:
    warnings.warn(
        "split: shuffled windows overlap with held-out ones, so that the held-out loss knows the future and intervals "
        "are too narrow: take split='time' for anything but a comparison",
        UserWarning,
        stacklevel=2,
    )
