"""A user's table, a pandas or Polars frame or a file, and what is taken out of its columns.

A cell of a CSV or TSV file is text: "007", "NA" and "null" stay what they are, an empty cell is a missing value, and a
column becomes numbers where numbers are asked for. JSON lines and Parquet say themselves what a cell is.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from elman.data.table_files import CHUNK, read_chunks
from elman.errors import DataError


@dataclass(frozen=True)
class Table:
    """Rows with named columns.

    Attributes:
        name: what messages call it: the file's path, or "table".
        frame: the rows, whoever's they are, behind narwhals.
        first: the number of the first row in the whole table, counted from 1.
    """

    name: str
    frame: nw.DataFrame[Any]
    first: int = 1

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self.frame.columns

    def column(self, option: str, given: str | None, usual: Sequence[str] = ()) -> str:
        """Return the name of the column that an option means.

        Args:
            option: the option, for the message.
            given: the name that the user gave, or None.
            usual: names to look for, whatever their case, where none was given; one of them has to be there.

        Raises:
            DataError: the column is not there, or it cannot be guessed; the message lists what is there.
        """
        there = ", ".join(self.columns)
        if given is not None:
            if given not in self.columns:
                raise DataError(f"{self.name}: no column {given!r}: {option} has to be one of {there}")
            return given
        found = [name for name in self.columns if name.lower() in usual]
        if len(found) != 1:
            came = f"both {' and '.join(found)}" if found else "none by a usual name"
            raise DataError(f"{self.name}: which column is the {option}? There is {came}: name one of {there}")
        return found[0]

    def values(self, column: str) -> list[Any]:
        """Return the cells of a column as Python objects.

        Raises:
            DataError: a cell is missing; the message names the first such row.
        """
        cells: list[Any] = self.frame[column].to_list()
        missing = self.missing(column)
        if missing.any():
            raise DataError(f"{self._cell(missing, column)} is missing ({_of(missing)}): fill it in, or leave it out")
        return cells

    def texts(self, column: str) -> list[str]:
        """Return the cells of a column as text.

        Raises:
            DataError: a cell is missing, or is no text.
        """
        cells = self.values(column)
        other = np.array([not isinstance(cell, str) for cell in cells], dtype=bool)
        if other.any():
            came = cells[int(other.argmax())]
            raise DataError(f"{self._cell(other, column)}: expected text, came {came!r}: name a column of texts")
        return cells

    def numbers(self, columns: Sequence[str], gaps: bool = False) -> npt.NDArray[np.float64]:
        """Return columns as numbers, shape `(rows, columns)`.

        Args:
            columns: their names.
            gaps: whether a missing cell is NaN, for the caller to deal with; otherwise it is refused.

        Raises:
            DataError: a cell is missing, no number, or not finite; the message names it.
        """
        return np.stack([self._numbers(column, gaps) for column in columns], axis=1)

    def missing(self, column: str) -> npt.NDArray[np.bool_]:
        """Return which cells of a column are missing, shape `(rows,)`: null, NaN or an empty text."""
        series = self.frame[column]
        missing = series.is_null()
        if series.dtype.is_float():
            missing = missing | series.is_nan().fill_null(True)
        elif series.dtype in (nw.String, nw.Object):
            missing = missing | nw.new_series(
                "", [isinstance(c, str) and not c for c in series.to_list()], nw.Boolean, backend=series.implementation
            )
        return np.asarray(missing.to_numpy(), dtype=bool)

    def _numbers(self, column: str, gaps: bool) -> npt.NDArray[np.float64]:
        cells = self.frame[column].to_list() if gaps else self.values(column)
        found = np.array([_number(cell) for cell in cells])
        broken = ~np.isfinite(found) & ~(self.missing(column) if gaps else False)
        if broken.any():
            came = cells[int(broken.argmax())]
            raise DataError(f"{self._cell(broken, column)}: expected a number, came {came!r}: mend the cell")
        return found

    def _cell(self, marked: npt.NDArray[np.bool_], column: str) -> str:
        """Return the place of the first marked cell, for a message."""
        return f"{self.name}: row {self.first + int(marked.argmax())}, column {column!r}"


def read_table(source: Any) -> Table:
    """Read a whole table.

    Args:
        source: the path of a .csv, .tsv, .jsonl or .parquet file, or a pandas, Polars or other eager frame.

    Raises:
        DataError: the file is missing, empty, broken, of another kind, or changed while it was read.
        InputError: a package that reads such a file is not installed.
    """
    tables = list(stream_table(source))
    frames = [table.frame for table in tables]
    return Table(tables[0].name, frames[0] if len(frames) == 1 else nw.concat(frames, how="vertical"))


def stream_table(source: Any, rows: int = CHUNK) -> Iterator[Table]:
    """Read a table piece by piece, so that a file may be larger than memory; errors are those of `read_table`."""
    if isinstance(source, str | os.PathLike):
        path, first = Path(source), 1
        for chunk in read_chunks(path, rows):
            yield Table(str(path), nw.from_native(chunk, eager_only=True), first)
            first += len(chunk)
        return
    frame = as_frame(source)
    if frame is None:
        raise DataError(f"table: expected a pandas or Polars frame or a path, came {type(source).__name__}")
    if len(frame) == 0:
        raise DataError("table: it has no rows: give a table with data")
    for begin in range(0, len(frame), rows):
        yield Table("table", frame[begin : begin + rows], begin + 1)


def as_frame(source: Any) -> nw.DataFrame[Any] | None:
    """Return a frame behind narwhals, or None for anything else."""
    try:
        frame: nw.DataFrame[Any] = nw.from_native(source, eager_only=True)
    except TypeError:
        return None
    return frame


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return float("nan")


def _of(missing: npt.NDArray[np.bool_]) -> str:
    return f"{missing.sum():,} of {len(missing):,} rows"
