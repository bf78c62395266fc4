"""Choose the seasons of series and the length of windows by how long the series are."""

import numpy as np

from elman.data.series import Panel
from elman.errors import DataError
from elman.models.forecast.baselines import find_seasons, seasonal_errors
from elman.models.forecast.options import ForecasterOptions
from elman.models.forecast.windows import Numbers, lag_of, least_window
from elman.quoting import quote

CONTEXT = 28
"""Steps of a window where there is no season."""
LONG = 128
"""Steps of a window at most; two seasons where they are shorter."""
SHORTEST_CONTEXT = 2


def find_all_seasons(
    training: list[Numbers], panel: Panel, options: ForecasterOptions
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the seasons that repeat themselves well, and those to try."""
    if options.season is not None:
        given = options.season if isinstance(options.season, list) else [options.season]
        seasons = tuple(sorted({season for season in given if season > 1}))
        return seasons, seasons
    seasons = find_seasons(training, panel.frequency, options.horizon)
    errors = seasonal_errors(training, panel.frequency, options.horizon)
    return seasons, seasons or ((min(errors, key=lambda season: errors[season]),) if errors else ())


def in_words(seasons: tuple[int, ...]) -> str:
    """Return seasons as a line has them; 1 is none."""
    return ", ".join(map(str, seasons)) or "1"


def seasons_and_context(
    panel: Panel, lengths: list[int], seasons: tuple[int, ...], options: ForecasterOptions
) -> tuple[tuple[int, ...], int]:
    """Return the seasons that a window can bear, and the steps of a window: they follow the typical series.

    Args:
        panel: the series.
        lengths: of their training parts.
        seasons: those that repeat themselves well.
        options: of the forecaster.

    Raises:
        DataError: no series is long enough for a window and a horizon.
    """
    context = options.context or _find_context(int(np.median(lengths)), seasons, options.horizon)
    if _too_short(lengths, seasons, context, options):
        # What the typical series can bear may be too much for all of them.
        seasons = () if options.season is None else seasons
        context = options.context or _find_context(max(lengths), seasons, options.horizon)
        _check_lengths(panel, lengths, seasons, context, options)
    return seasons, context


def _find_context(typical: int, seasons: tuple[int, ...], horizon: int) -> int:
    """Return two of the shortest season, or what a typical training part can bear."""
    wanted = min(2 * seasons[0], LONG) if seasons else CONTEXT
    return max(2, min(wanted, (typical - lag_of(seasons) - horizon) // 2))


def _least(seasons: tuple[int, ...], context: int, options: ForecasterOptions) -> int:
    """Return the steps of the shortest training part that gives a window and what follows it."""
    return lag_of(seasons) + least_window(context) + options.horizon


def _too_short(lengths: list[int], seasons: tuple[int, ...], context: int, options: ForecasterOptions) -> bool:
    """Say whether no series gives a window to learn from."""
    return max(lengths) < _least(seasons, context, options)


def _check_lengths(
    panel: Panel, lengths: list[int], seasons: tuple[int, ...], context: int, options: ForecasterOptions
) -> None:
    """See that one series is long enough at least; shorter ones are forecast by what the others teach.

    Raises:
        DataError: none is.
    """
    if not _too_short(lengths, seasons, context, options):
        return
    longest = max(panel, key=len)
    held_out = options.horizon if options.validation_fraction else 0
    advice = ["give more history", "a shorter horizon"]
    advice += ["season=1"] if seasons else []
    advice += ["a shorter context"] if context > SHORTEST_CONTEXT else []
    least = _least(seasons, context, options) + held_out
    which = f"series {quote(longest.name)}" if len(panel) == 1 else f"series {quote(longest.name)}, the longest,"
    raise DataError(
        f"{panel.source}: {which}: too short: {len(longest)} values, horizon {options.horizon} takes {least} or more, "
        f"{held_out} of them held out (season {in_words(seasons)}, context {context}): "
        f"{', '.join(advice[:-1])} or {advice[-1]}"
    )
