"""Convert a frame or file in the long format, or the values of one series, to a `Panel`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from elman.data.frequency import Frequency, Stamps, infer_frequency
from elman.data.gaps import Rows, to_grid
from elman.data.series import Backend, Panel
from elman.data.stamps import read_stamps
from elman.data.tables import Table, read_table
from elman.errors import DataError
from elman.options import FillName
from elman.quoting import quote

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
    fill: FillName | None = None,
) -> Panel:
    """Read series.

    Args:
        source: a frame (pandas, Polars) or the path of a file (.csv, .tsv, .jsonl, .parquet) in the long format; or one
            series as a list, a NumPy array or a pandas Series, whose steps are numbered from 0 unless its index is
            made of dates.
        series: the column of ids; without it `unique_id` where there is such a column, else all rows are one series,
            by the name of `value`.
        time: the column of stamps, whole numbers or dates, see `data/stamps.py`; guessed by its usual names.
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
    stamps, said = read_stamps(table, time)
    columns = table.numbers(names, gaps=True)
    ids = [value] * len(table) if series is None else _ids(table.values(table.column("series", series)))
    rows = [part.sorted(table.name) for part in _by_series(ids, stamps, columns, names)]
    frequency = _common_frequency(rows, table.name)
    backend: Backend = "polars" if table.frame.implementation.is_polars() else "pandas"
    found = tuple(to_grid(part, frequency, fill, table.name) for part in rows)
    return Panel(found, frequency, tuple(covariates), table.name, backend, len(table), said)


def _ids(cells: list[Any]) -> list[str | int]:
    """Return ids that a file can hold: whole numbers stay, all else becomes text."""
    return [cell if isinstance(cell, int) else str(cell) for cell in cells]


def _one_column(values: Any, name: str) -> Table:
    """Return the table of one plain series."""
    dates = isinstance(values, pd.Series) and isinstance(values.index, pd.DatetimeIndex | pd.PeriodIndex)
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of unequal length
        raise DataError("series: expected one series as a list of numbers, got nested lists: give a table") from error
    if array.ndim != 1 or not len(array):
        raise DataError(
            f"series: expected one series as a list of numbers, got shape {array.shape}: "
            "give several series as a table with the columns unique_id, ds and y"
        )
    stamps = values.index if dates else np.arange(len(array))
    table = read_table(pd.DataFrame({"ds": stamps, name: array}))
    return Table("series", table.frame)


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
                f"{source}: mixed frequencies: {quote(longest.name)} is {frequency}, {quote(part.name)} {other}: "
                "bring them to one, or forecast them apart"
            )
    return frequency
