"""Find the origins of forecasts: steps after the training part, in series that the model knows."""

import numpy as np

from elman.data.series import Panel
from elman.errors import DataError, InputError
from elman.models.forecast.preprocess import Preparation
from elman.models.forecast.windows import Origins
from elman.quoting import quote

SHOWN = 8
"""Ids of series that a message lists."""


def check_known(panel: Panel, preparation: Preparation) -> None:
    """See that a model can forecast the series.

    Raises:
        DataError: a series is unknown, too short to forecast from, or of another frequency.
    """
    if panel.frequency != preparation.frequency:
        raise DataError(
            f"{panel.source}: the series come {panel.frequency}, those of the model {preparation.frequency}: "
            "bring them to that"
        )
    if len(panel.covariates) != preparation.covariate_count:
        raise DataError(f"{panel.source}: the model reads {preparation.covariate_count} covariates: give them all")
    least = preparation.lag + 2
    for one in panel:
        if one.name not in preparation.scales:
            known = list(preparation.scales)
            some = ", ".join(map(quote, known[:SHOWN])) + (", ..." if len(known) > SHOWN else "")
            raise DataError(
                f"{panel.source}: unknown series {quote(one.name)}: the model knows {some}: fit on it first"
            )
        if len(one) < least:
            raise DataError(
                f"{panel.source}: series {quote(one.name)}: too short: {len(one)} values, a forecast "
                f"reads {least} or more"
            )


def before_last_origins(panel: Panel, horizon: int, origins: int | None, every: int) -> Panel:
    """Return what lies before the first of the last origins.

    Args:
        panel: the series.
        horizon: steps that follow the last origin.
        origins: how many; None: as many as hold out two horizons.
        every: steps between two origins.

    Raises:
        DataError: nothing of a series is left.
        InputError: `origins` or `every` is below 1.
    """
    check_every(every)
    count = 1 + horizon // every if origins is None else origins
    if count < 1:
        raise InputError(f"origins: expected 1 or more, got {count}")
    held_out = horizon + (count - 1) * every
    for one in panel:
        if len(one) <= held_out:
            raise DataError(
                f"{panel.source}: series {quote(one.name)}: too short: {count} origins with horizon {horizon} hold out "
                f"{held_out} of its {len(one)} values: ask for fewer origins or a shorter horizon"
            )
    return panel.until([len(one) - held_out for one in panel])


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
