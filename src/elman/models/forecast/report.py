"""Present forecasts: columns of a file, a table to print, a picture."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from elman.data.frequency import Stamps
from elman.data.gaps import stamp_text
from elman.data.series import Panel
from elman.models.estimator.answer import Answer
from elman.models.estimator.reports import Columns, Grid, Report
from elman.models.forecast.evaluation import OURS, Evaluation
from elman.pictures.outlook import Course, forecast
from elman.rounding import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 48
"""Steps of history drawn before the first forecast, at the least."""
COURSES = 12
"""Earlier forecasts drawn, at the most."""

_UNITS: tuple[Literal["D", "s", "us"], ...] = ("D", "s", "us")


def file_columns(columns: dict[str, Any]) -> Columns:
    """Return columns whose cells any file can hold: stamps become text, all of a column with the same precision."""
    arrays = {name: np.asarray(cells) for name, cells in columns.items()}
    return {name: _texts(cells) if cells.dtype.kind == "M" else cells.tolist() for name, cells in arrays.items()}


def _texts(stamps: Stamps) -> list[str]:
    unit = next(unit for unit in _UNITS if (stamps == stamps.astype(f"M8[{unit}]")).all())
    texts: list[str] = np.datetime_as_string(stamps, unit=unit).tolist()
    return texts


def grid(found: Evaluation) -> Grid:
    """Return the table of measures, a row for each method."""
    rows = found.table()
    columns = list(rows[0])
    titles = [name.replace("coverage-", "within ") + " %" * name.startswith("coverage") for name in columns]
    return Grid(titles, [[row.get(name, "") for name in columns] for row in rows])


def report(found: Evaluation) -> Report:
    """Return an evaluation as `elman evaluate` prints it."""
    notes = [found.panel.said] if found.panel.said else []
    return Report(title(found), [grid(found)], notes, lambda: draw(found.panel, found))


def title(found: Evaluation) -> str:
    """Return what was measured, in one line."""
    count, horizon = found.truth.shape
    many = f"{len(found.panel)} series, " if len(found.panel) > 1 else ""
    first = min(
        stamp_text(found.panel.stamps(n, at, at + 1)[0]) for n, at in zip(found.series, found.origins, strict=True)
    )
    return f"{found.panel.source}: {many}{counted(count, 'origin')} from {first} on, {counted(horizon, 'step')} ahead"


def answer_line(answer: Answer) -> str:
    """Say what a forecaster answers with, and what that and others erred on the held-out part."""
    parts = ", ".join(f"{name} {share:.0%}" for name, share in sorted(answer.factors.items(), key=lambda p: -p[1]))
    said = f"answers with: {answer.name}" + (f" ({parts})" if len(answer.factors) > 1 else "")
    if not answer.losses:
        return f"{said}; nothing was held out to choose on"
    losses = ", ".join(f"{name} {loss:.3f}" for name, loss in answer.losses.items())
    return f"{said}\nheld-out errors, in changes from step to step: {losses}"


def draw(panel: Panel, found: Evaluation | None, ahead: dict[str, Any] | None = None) -> "Figure":
    """Draw the first series: its end, forecasts from origins a horizon apart, and what comes next.

    Args:
        panel: the series.
        found: forecasts and what came, if there were any.
        ahead: what comes next, as `Forecaster.predict` has it, column by column.
    """
    one = panel.series[0]
    future = _ahead(ahead, one.name) if ahead else None
    rows = _apart(found) if found else []
    courses = [_course(found, row) for row in rows] if found else []
    earliest = int(found.origins[rows].min()) if found and rows else len(one)
    shown_at_least = max(SHOWN, 3 * (len(one) - earliest))
    begin = max(0, earliest - shown_at_least)
    return forecast(
        panel.stamps(0, begin, len(one)),
        np.where(one.observed, one.values, np.nan)[begin:],
        future,
        courses,
        y=str(one.name),
        title=f"{one.name}, {panel.frequency}",
    )


def _apart(found: Evaluation) -> list[int]:
    """Return the last forecasts of the first series that do not overlap."""
    rows = np.flatnonzero(found.series == 0)
    if not len(rows):
        return []
    before_last = found.origins[rows[-1]] - found.origins[rows]
    return [int(row) for row in rows[before_last % found.truth.shape[1] == 0]][-COURSES:]


def _course(found: Evaluation, row: int) -> Course:
    at, horizon = int(found.origins[row]), found.truth.shape[1]
    intervals = {level: (low[row], high[row]) for level, (low, high) in found.intervals.items()}
    times = found.panel.stamps(int(found.series[row]), at, at + horizon)
    return Course(times, found.forecasts[OURS][row], intervals)


def _ahead(columns: dict[str, Any], name: Any) -> Course:
    mine = [at for at, other in enumerate(columns["unique_id"]) if other == name]
    levels = [float(column.removeprefix("lo-")) for column in columns if column.startswith("lo-")]
    intervals = {level: (columns[f"lo-{level:g}"][mine], columns[f"hi-{level:g}"][mine]) for level in levels}
    return Course(columns["ds"][mine], columns["y"][mine], intervals)
