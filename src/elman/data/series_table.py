"""From what a user has to a `Panel`: a frame or file in the long format, or the plain values of one series."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.data.frequency import MICROSECONDS, Frequency, Stamps, infer_frequency
from elman.data.gaps import Rows, to_grid
from elman.data.series import Backend, Fill, Panel
from elman.data.tables import Table, read_table
from elman.errors import DataError

USUAL_TIME = ("ds", "date", "time", "timestamp", "month")
USUAL_VALUE = ("y", "value")
USUAL_SERIES = ("unique_id",)
TELLING = 10
"""Rows from which on a series' own stamps tell its frequency, whatever gaps it has."""


def read_panel(
    source: Any,
    *,
    series: str | None = None,
    time: str | None = None,
    value: str | None = None,
    covariates: Sequence[str] = (),
    fill: Fill | None = None,
) -> Panel:
    """Read series.

    Args:
        source: a frame (pandas, Polars) or the path of a file (.csv, .tsv, .jsonl, .parquet) in the long format; or one
            series as a list, a NumPy array or a pandas Series, whose steps are numbered from 0 unless its index is
            made of dates.
        series: the column of ids; without it `unique_id` where there is such a column, else all rows are one series,
            by the name of `value`.
        time: the column of stamps, whole numbers or dates that begin with the year; guessed by its usual names.
        value: the column of values; guessed by its usual names.
        covariates: columns of numbers; a plain series has none.
        fill: what to put where nothing was seen, see `data/gaps.py`; None refuses gaps and missing values.

    Raises:
        DataError: the table cannot be read, or a series in it is not whole; one line says which and where.
    """
    if isinstance(source, list | tuple | np.ndarray | pd.Series):
        value = value or "y"
        table, series, time = _one_column(source, value), None, "ds"
    else:
        table = read_table(source)
        if series is None:
            series = next((name for name in table.columns if name.lower() in USUAL_SERIES), None)
    time = table.column("time", time, USUAL_TIME)
    value = table.column("value", value, USUAL_VALUE)
    names = (value, *(table.column("covariates", name) for name in covariates))
    stamps = _stamps(table, time)
    columns = table.numbers(names, gaps=True)
    ids = [value] * len(table) if series is None else _ids(table.values(table.column("series", series)))
    rows = [part.sorted(table.name) for part in _by_series(ids, stamps, columns, names)]
    frequency = _common_frequency(rows, table.name)
    backend: Backend = "polars" if table.frame.implementation.is_polars() else "pandas"
    found = tuple(to_grid(part, frequency, fill, table.name) for part in rows)
    return Panel(found, frequency, tuple(covariates), table.name, backend)


def _ids(cells: list[Any]) -> list[str | int]:
    """Return ids that a file can hold: whole numbers stay, all else becomes text."""
    return [cell if isinstance(cell, int) else str(cell) for cell in cells]


def _one_column(values: Any, name: str) -> Table:
    """Return the table of one plain series."""
    dates = isinstance(values, pd.Series) and isinstance(values.index, pd.DatetimeIndex)
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of unequal length
        raise DataError("series: expected one series as a list of numbers, got nested lists: give a table") from error
    if array.ndim != 1 or not len(array):
        raise DataError(
            f"series: expected one series as a list of numbers, came shape {array.shape}: "
            "give several series as a table with the columns unique_id, ds and y"
        )
    stamps = values.index if dates else np.arange(len(array))
    table = read_table(pd.DataFrame({"ds": stamps, name: array}))
    return Table("series", table.frame)


def _stamps(table: Table, column: str) -> Stamps:
    """Return a column of stamps.

    Raises:
        DataError: a cell is missing, has a time zone, or is neither a whole number nor a date that begins with a year.
    """
    cells = table.values(column)
    numbers = _whole_numbers(cells)
    if numbers is not None:
        return numbers
    odd = next((cell for cell in cells if isinstance(cell, str) and not cell[:4].isdigit()), None)
    if odd is not None:
        raise DataError(
            f"{table.name}: column {column!r}: expected dates that begin with the year (1959-12-31), came {odd!r}: "
            "write them so, because 01/02 is January to some and February to others"
        )
    try:
        with warnings.catch_warnings(action="error"):  # pandas warns before it guesses cell by cell
            dates = pd.DatetimeIndex(pd.to_datetime(cells))
    except (ValueError, TypeError, UserWarning) as error:
        raise DataError(f"{table.name}: column {column!r}: not all cells are dates ({_first_line(error)})") from error
    if dates.tz is not None:
        raise DataError(
            f"{table.name}: column {column!r}: the stamps have a time zone: convert them to UTC without one"
        )
    return dates.to_numpy().astype(MICROSECONDS)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", maxsplit=1)[0]


def _whole_numbers(cells: list[Any]) -> npt.NDArray[np.int64] | None:
    try:
        numbers = [int(cell) for cell in cells]
    except (TypeError, ValueError, OverflowError):
        return None
    same = all(isinstance(c, str) or c == n for c, n in zip(cells, numbers, strict=True))
    return np.array(numbers, dtype=np.int64) if same else None


def _by_series(ids: list[Any], stamps: Stamps, columns: npt.NDArray[np.float64], names: tuple[str, ...]) -> list[Rows]:
    """Return the rows of each series, in the order in which their ids come."""
    codes, unique = pd.factorize(pd.Series(ids, dtype=object))
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes))
    parts = np.split(order, ends[:-1])
    return [Rows(name, stamps[part], columns[part], names) for name, part in zip(unique, parts, strict=True)]


def _common_frequency(rows: list[Rows], source: str) -> Frequency:
    """Return the frequency of the longest series; a short one alone cannot tell its frequency from its gaps.

    Raises:
        DataError: another long series has another, or no series has more than one row.
    """
    longest = max(rows, key=lambda part: len(part.stamps))
    if len(longest.stamps) < 2:
        raise DataError(f"{source}: too short: no series has more than one row: give a longer history")
    frequency = infer_frequency(longest.stamps)
    for part in rows:
        if len(part.stamps) >= TELLING and (other := infer_frequency(part.stamps)) != frequency:
            raise DataError(
                f"{source}: mixed frequencies: {longest.name!r} comes {frequency}, {part.name!r} {other}: "
                "bring them to one, or forecast them apart"
            )
    return frequency
