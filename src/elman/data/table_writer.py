"""Tables to disk, piece by piece: the file is there whole once it is done, and not at all before."""

import io
import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from elman.data.table_files import ending, pyarrow_parquet
from elman.files import Replacement, cannot_write, make_folder


class TableWriter:
    """Writes rows to a .csv, .tsv, .jsonl or .parquet file; used in a `with` block.

    A piece goes to a spare file beside the path, which replaces the file there when the block ends without an error.

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
        import pandas as pd

        frame = pd.DataFrame(columns)
        try:
            if self._kind == ".parquet":
                self._write_parquet(frame)
            elif self._kind == ".jsonl":
                self._write_json_lines(columns)
            else:
                separator = "," if self._kind == ".csv" else "\t"
                frame.to_csv(self._file, sep=separator, index=False, header=not self._columns)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self._columns = list(columns)

    def _write_json_lines(self, columns: dict[str, list[Any]]) -> None:
        for cells in zip(*columns.values(), strict=True):
            line = json.dumps(dict(zip(columns, cells, strict=True)), ensure_ascii=False)
            print(line, file=self._file)

    def _write_parquet(self, frame: Any) -> None:
        import pyarrow

        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
        if self._parquet is None:
            self._parquet = pyarrow_parquet(self.path).ParquetWriter(self._new.file, table.schema)
        self._parquet.write_table(table)

    def _close(self) -> None:
        """Write what is buffered. Whether the file is kept, and its closing, is up to the replacement."""
        if self._parquet:
            self._parquet.close()
        if self._file:
            self._file.detach()
