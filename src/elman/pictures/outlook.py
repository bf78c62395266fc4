"""Draw a forecast: the series, its expected continuation, and earlier forecasts to compare."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.errors import InputError
from elman.palette import BACKWARD, BACKWARD_SOFT, FORWARD, FORWARD_SOFT, INK
from elman.pictures.arrays import Floats, array
from elman.pictures.canvas import axes_for, figure_of, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Times = npt.NDArray[Any]


class Course(NamedTuple):
    """Forecast values over time, each `(K,)`, and low and high by level in per cent."""

    times: Any
    values: Any
    intervals: Mapping[float, tuple[Any, Any]] = {}


def forecast(
    times: Any,
    values: Any,
    future: Course | None = None,
    earlier: Sequence[Course] = (),
    ax: "Axes | None" = None,
    *,
    x: str = "time",
    y: str = "value",
    title: str = "",
) -> "Figure":
    """Draw a series and its forecasts.

    Args:
        times: of the series: dates (datetime64) or numbers, shape `(T,)`.
        values: of the series, shape `(T,)`; NaN where nothing was observed.
        future: the forecast of the steps after the series.
        earlier: forecasts that were made at origins in the past, drawn over the series.
        ax: axes to draw in.
        x: the label of the horizontal axis.
        y: the label of the vertical axis, with its unit.
        title: of the picture.

    Raises:
        InputError: arrays of another shape, times and values of unequal length, or dates so near to the year 1 or 9999
            that Matplotlib cannot draw an axis around them.
    """
    _check_dates([times, *([] if future is None else [future.times]), *(course.times for course in earlier)])
    ax = axes_for(ax, 9, 4.5)
    seen = array(values, "values", "(T,)")
    ax.plot(_times(times, seen, "times"), seen, color=INK, linewidth=1.3, label="observed", zorder=3)
    for number, course in enumerate(earlier):
        name = "earlier forecasts, each from the values before it" if number == 0 else ""
        _draw(ax, course, f"earlier[{number}]", FORWARD, FORWARD_SOFT, (0, (4, 1.5)), name)
    if future is not None:
        _draw(ax, future, "future", BACKWARD, BACKWARD_SOFT, "-", "forecast")
    tidy(ax, x, y)
    _dates(ax, times)
    if title:
        ax.set_title(title, loc="left", fontsize=11, parse_math=False)
    ax.margins(x=0.01)
    ax.legend(frameon=False, fontsize=9, loc="best")
    return figure_of(ax)


def _check_dates(times: list[Any]) -> None:
    """Refuse dates around which Matplotlib, which knows the years 1 to 9999, cannot draw an axis."""
    dates = [found.astype("M8[D]") for found in map(np.asarray, times) if found.dtype.kind == "M" and found.size]
    if not dates:
        return
    first, last = min(found.min() for found in dates), max(found.max() for found in dates)
    margin = (last - first) // 10 + np.timedelta64(2, "D")
    if first - margin < np.datetime64("0001-01-01") or last + margin > np.datetime64("9999-12-31"):
        raise InputError(f"times: expected dates well within the years 1 to 9999, got {first} to {last}: draw a part")


def _draw(ax: "Axes", course: Course, name: str, colour: str, soft: str, dashes: Any, label: str) -> None:
    values = array(course.values, f"{name}.values", "(K,)")
    times = _times(course.times, values, f"{name}.times")
    ax.plot(times, values, color=colour, linestyle=dashes, linewidth=1.8, label=label or None, zorder=4)
    for number, level in enumerate(sorted(course.intervals, reverse=True)):
        low, high = (array(edge, f"{name}.intervals[{level:g}]", "(K,)") for edge in course.intervals[level])
        shown = f"{level:g} % interval" if label else None
        ax.fill_between(times, low, high, color=soft, alpha=1 if number == 0 else 0.6, label=shown, linewidth=0)
        ax.plot(times, np.stack((low, high), axis=1), color=colour, linewidth=0.5, alpha=0.6)


def _times(times: Any, values: Floats, name: str) -> Times:
    found = np.asarray(times)
    if found.dtype.kind != "M":
        found = array(found, name, "(T,)")
    if found.shape != values.shape:
        raise InputError(f"{name}: expected one for each of {len(values)} values, got shape {found.shape}")
    return found


def _dates(ax: "Axes", times: Any) -> None:
    if np.asarray(times).dtype.kind == "M":
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
