"""A user's table, a pandas or Polars frame or a file, and what is taken out of its columns.

A cell of a CSV or TSV file is text: "007", "NA" and "null" stay what they are, an empty cell is a missing value, and a
column becomes numbers where numbers are asked for, as `data/numbers.py` reads them. JSON lines and Parquet say
themselves what a cell is.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from elman.data.numbers import missing, numbers, usable
from elman.data.part import Part
from elman.data.sequences import Rows
from elman.data.table_files import CHUNK, read_chunks
from elman.data.vocabulary import composed
from elman.errors import DataError
from elman.limits import LARGEST_NUMBER, MOST_CELLS
from elman.quoting import listed, named, quote, shown

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Table:
    """Rows with named columns.

    Attributes:
        name: what messages call it: the file's path, or "table".
        frame: the rows, whoever's they are, behind narwhals.
        first: the number of the first row in the whole table, counted from 1.
        decimal_comma: whether a number in text may have a decimal comma.
        rows: the places in the file of rows that do not follow each other; None where they do.
    """

    name: str
    frame: nw.DataFrame[Any]
    first: int = 1
    decimal_comma: bool = False
    rows: Rows | None = None

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return self.frame.columns

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.columns)

    def column(self, option: str, given: str | None, usual: Sequence[str] = ()) -> str:
        """Return the name of the column that an option means.

        Args:
            option: the option, for the message.
            given: the name that the user gave, or None.
            usual: names to look for, whatever their case, where none was given; one of them has to be there.

        Raises:
            DataError: the column is not there, or it cannot be guessed; the message lists what is there.
        """
        if given is not None:
            if given not in self._names:
                there = listed(self.columns)
                raise DataError(f"{self.name}: no column {quote(given)}: {option} has to be one of {there}")
            return given
        found = [name for name in self.columns if str(name).lower() in usual]
        if len(found) != 1:
            got = f"both {' and '.join(map(named, found))}" if found else "none by a usual name"
            headless = not found and usable(numbers(self.columns)).any()
            raise DataError(
                f"{self.name}: which column is the {option}? There is {got}: name one of {listed(self.columns)}"
                + (", or write a header above the first row, if these are data" if headless else "")
            )
        return found[0]

    def values(self, column: str) -> list[Any]:
        """Return the cells of a column as Python objects.

        Raises:
            DataError: a cell is missing; the message names the first such row.
        """
        cells: list[Any] = self.frame[column].to_list()
        self._refuse_missing(self.missing(column), column)
        return cells

    def texts(self, column: str) -> list[str]:
        """Return the cells of a column as text.

        Raises:
            DataError: a cell is missing, or is no text.
        """
        cells = self.values(column)
        other = np.array([not isinstance(cell, str) for cell in cells], dtype=bool)
        if other.any():
            got = cells[int(other.argmax())]
            raise DataError(f"{self._cell(other, column)}: expected text, got {quote(got)}: name a column of texts")
        return cells

    def names(self, column: str) -> list[Any]:
        """Return the cells of a column of labels or ids: texts without white space around them, letters composed.

        Raises:
            DataError: a cell is missing, or has nothing but white space.
        """
        cells = [composed(cell.strip()) if isinstance(cell, str) else cell for cell in self.values(column)]
        self._refuse_missing(np.array([isinstance(cell, str) and not cell for cell in cells], dtype=bool), column)
        return cells

    def numbers(self, columns: Sequence[str], gaps: bool = False) -> npt.NDArray[np.float64]:
        """Return columns as numbers, shape `(rows, columns)`.

        Args:
            columns: their names.
            gaps: whether a missing cell is NaN, for the caller to deal with; otherwise it is refused.

        Raises:
            DataError: a cell is missing, no number, not finite, or too large for float32; the message names it.
        """
        cells = self.frame.select(list(dict.fromkeys(columns))).to_dict(as_series=False)
        return np.stack([self._numbers(column, cells[column], gaps) for column in columns], axis=1)

    def missing(self, column: str) -> Mask:
        """Return which cells of a column are missing, shape `(rows,)`: null, NaN or an empty text."""
        series = self.frame[column]
        missing = series.is_null()
        if series.dtype.is_float():
            missing = missing | series.is_nan().fill_null(True)
        found = np.asarray(missing.to_numpy(), dtype=bool)
        if not series.dtype.is_numeric():
            found = found | np.array([isinstance(c, str) and not c for c in series.to_list()], dtype=bool)
        return found

    def _numbers(self, column: str, cells: list[Any], gaps: bool) -> npt.NDArray[np.float64]:
        absent = missing(cells)
        if not gaps:
            self._refuse_missing(absent, column)
        found = np.where(absent, np.nan, numbers(cells, self.decimal_comma))
        broken = ~usable(found) & ~absent
        if broken.any():
            at = int(broken.argmax())
            raise DataError(f"{self._cell(broken, column)}: {_no_number(cells[at], found[at])}")
        return found

    def _refuse_missing(self, missing: Mask, column: str) -> None:
        if missing.any():
            count = f"{missing.sum():,} of {len(missing):,} rows"
            raise DataError(f"{self._cell(missing, column)} is missing ({count}): fill it in, or leave it out")

    def _cell(self, marked: Mask, column: str) -> str:
        """Return the place of the first marked cell, for a message."""
        place = int(marked.argmax())
        row = self.first + (place if self.rows is None else int(self.rows[place]))
        return f"{self.name}: row {row:,}, column {quote(column)}"

    def take(self, rows: Rows) -> "Table":
        """Return some of the rows of a whole table."""
        return Table(self.name, self.frame[rows.tolist()], self.first, self.decimal_comma, rows)


def read_table(source: Any) -> Table:
    """Read a whole table.

    Args:
        source: the path of a .csv, .tsv, .jsonl or .parquet file, or a `Part` of one; or a pandas, Polars or other
            eager frame.

    Raises:
        DataError: the file is missing, empty, broken, of another kind, too large, or changed while it was read.
        InputError: a package that reads such a file is not installed.
    """
    if isinstance(source, Part):
        return read_table(source.path).take(source.rows)
    tables: list[Table] = []
    cells = 0
    for table in stream_table(source):
        tables.append(table)
        cells += len(table) * len(table.columns)
        if cells > MOST_CELLS:
            raise DataError(f"{table.name}: more than {MOST_CELLS:,} cells: leave out columns, or read a part of it")
    last = tables[-1]  # of JSON lines the one that knows every column
    frames = [table.frame for table in tables]
    frame = frames[0] if len(frames) == 1 else nw.concat(frames, how="diagonal").select(last.columns)
    return Table(last.name, frame, decimal_comma=last.decimal_comma)


def stream_table(source: Any, rows: int = CHUNK) -> Iterator[Table]:
    """Read a table piece by piece, so that a file may be larger than memory; errors are those of `read_table`."""
    if isinstance(source, Part):
        yield read_table(source)
        return
    if isinstance(source, str | os.PathLike):
        path, first = Path(source), 1
        for chunk in read_chunks(path, rows):
            yield Table(shown(path), nw.from_native(chunk.frame, eager_only=True), first, chunk.decimal_comma)
            first += len(chunk.frame)
        return
    frame = as_frame(source)
    if frame is None:
        raise DataError(
            f"table: expected a pandas or Polars frame or a path, got {type(source).__name__}: "
            "give a table, or sequences and their answers apart"
        )
    if len(frame) == 0:
        raise DataError("table: it has no rows: give a table with data")
    for begin in range(0, len(frame), rows):
        yield Table("table", frame[begin : begin + rows], begin + 1)


def as_frame(source: Any) -> nw.DataFrame[Any] | None:
    """Return a frame behind narwhals, or None for anything else.

    Raises:
        DataError: two columns of the frame have one name.
    """
    try:
        frame: nw.DataFrame[Any] = nw.from_native(source, eager_only=True)
    except TypeError:
        return None
    except nw.exceptions.DuplicateError as error:
        raise DataError("table: two columns have one name: rename or remove one") from error
    return frame


def _no_number(cell: Any, found: float) -> str:
    if isinstance(cell, str) and "," in cell:
        return f"expected a number, got {quote(cell)}: write a decimal point, and no mark between thousands"
    if abs(found) > LARGEST_NUMBER and (not isinstance(cell, str) or any(map(str.isdigit, cell))):
        return (
            f"expected a number of at most {LARGEST_NUMBER:.1e}, got {quote(cell)}: mend the cell, or scale the column"
        )
    return f"expected a number, got {quote(cell)}: mend the cell"
