"""Write tables piece by piece; the file appears when it is complete."""

import io
import json
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from elman.data.table_files import ending, pyarrow_parquet
from elman.errors import DataError, InputError
from elman.files import Replacement, cannot_write, make_folder


class TableWriter:
    """Writes rows to a .csv, .tsv, .jsonl or .parquet file; used in a `with` block.

    Pieces are written to a temporary file, which replaces the file at the path when the block ends without an error.

    Args:
        path: the file; its ending says what it is.

    Raises:
        DataError: the ending is none of those known.
        InputError: the path is no place for a file, or pyarrow is needed and not installed.
        ModelFileError: the file cannot be written; what was there before is untouched.
    """

    def __init__(self, path: Path):
        self.path = path
        self._kind = ending(path)
        self._new = Replacement(path)
        self._file: io.TextIOWrapper | None = None
        self._parquet: Any = None
        self._columns: list[str] = []

    def __enter__(self) -> Self:
        make_folder(self.path.parent)
        self._new.__enter__()
        if self._kind != ".parquet":
            self._file = io.TextIOWrapper(self._new.file, encoding="utf-8", newline="")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._close()
        except (OSError, ValueError) as trouble:  # pyarrow's own errors are ValueErrors
            if error is None:  # otherwise `error` is the one to report
                error = cannot_write(self.path, trouble)
                self._new.__exit__(type(error), error, at)
                raise error from trouble
        self._new.__exit__(kind, error, at)

    def write(self, columns: dict[str, list[Any]]) -> None:
        """Add rows, given as columns of equal length by name; every piece has the same columns."""
        try:
            if self._kind == ".parquet":
                self._write_parquet(columns)
            elif self._kind == ".jsonl":
                self._write_json_lines(columns)
            else:
                self._write_separated(columns)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        except UnicodeEncodeError as error:
            raise DataError(f"{self.path}: a text has half of a character, a lone surrogate: mend the table") from error
        self._columns = list(columns)

    def _write_json_lines(self, columns: dict[str, list[Any]]) -> None:
        for cells in zip(*columns.values(), strict=True):
            line = json.dumps(dict(zip(columns, cells, strict=True)), ensure_ascii=False)
            print(line, file=self._file)

    def _write_separated(self, columns: dict[str, list[Any]]) -> None:
        separator = "," if self._kind == ".csv" else "\t"
        rows = zip(*columns.values(), strict=True)
        for cells in rows if self._columns else chain([columns], rows):
            fields = [_cell(cell, separator) for cell in cells]
            if separator == "\t" and any("\t" in field and ("\n" in field or "\r" in field) for field in fields):
                raise InputError(
                    f"{self.path}: a cell with a tab and a line break is not told from two rows: write .csv or .jsonl"
                )
            print(separator.join(fields), file=self._file)

    def _write_parquet(self, columns: dict[str, list[Any]]) -> None:
        import pandas as pd
        import pyarrow

        table = pyarrow.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
        if self._parquet is None:
            self._parquet = pyarrow_parquet(self.path).ParquetWriter(self._new.file, table.schema)
        self._parquet.write_table(table)

    def _close(self) -> None:
        """Write what is buffered. Whether the file is kept, and its closing, is up to the replacement."""
        if self._parquet:
            self._parquet.close()
        if self._file:
            self._file.detach()


def _cell(value: Any, separator: str) -> str:
    """Return a cell as `data/separated.py` reads it back: quoted if it holds a mark, a separator or a line's end."""
    text = "" if value is None or value != value else str(value)  # noqa: PLR0124 -- NaN differs from itself
    if "\0" in text:
        raise InputError("output: a cell with a NUL character cannot be written as text: write .jsonl or .parquet")
    if not text.strip() or text[0].isspace() or any(mark in text for mark in ('"', separator, "\r", "\n")):
        return '"' + text.replace('"', '""') + '"'
    return text
