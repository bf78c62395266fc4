"""Tables on disk: CSV, TSV, JSON lines and Parquet, told apart by the ending, read in chunks of rows."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elman.errors import DataError, InputError

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 50_000
"""Rows read at once."""


def read_chunks(path: Path, rows: int = CHUNK) -> "Iterator[pd.DataFrame]":
    """Read a file piece by piece; at least one piece, none of them empty.

    Raises:
        DataError: the file is missing, empty, broken, of another kind, or changed while it was read.
        InputError: Parquet is read and pyarrow is not installed.
    """
    read, any_rows = _reader(path), False
    before = _stamp(path)
    try:
        for chunk in read(path, rows):
            if len(chunk):
                any_rows = True
                yield chunk
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise DataError(f"{path}: not UTF-8 (byte 0x{byte:02x}): convert the file to UTF-8") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}): give a readable file") from error
    if _stamp(path) != before:
        raise DataError(f"{path}: the file changed while it was read: start again once it is complete")
    if not any_rows:
        raise DataError(f"{path}: the table has no rows: give a file with a header and data")


def is_table(path: Path) -> bool:
    """Say whether a file's name ends as a table's does."""
    return path.suffix.lower() in _READERS


def ending(path: Path) -> str:
    """Return the kind of table that a file's name says it is.

    Raises:
        DataError: the ending is none of those known.
    """
    if not is_table(path):
        raise DataError(f"{path}: expected a name that ends in {', '.join(_READERS)}: rename or convert the file")
    return path.suffix.lower()


def pyarrow_parquet(path: Path) -> Any:
    """Return the module that reads and writes Parquet.

    Raises:
        InputError: it is not installed.
    """
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(f"{path}: Parquet needs pyarrow: pip install pyarrow, or take CSV") from error
    return parquet


def _reader(path: Path) -> "Callable[[Path, int], Iterator[pd.DataFrame]]":
    return _READERS[ending(path)]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file: check the path") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}): give a readable file") from error
    return found.st_size, found.st_mtime_ns


def _read_separated(path: Path, rows: int, separator: str) -> "Iterator[pd.DataFrame]":
    import pandas as pd

    try:
        with pd.read_csv(
            path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig", chunksize=rows
        ) as chunks:
            yield from chunks
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{path}: the file is empty: give a table with a header") from error
    except pd.errors.ParserError as error:
        raise DataError(f"{path}: a broken line ({str(error).strip()}): mend or quote it") from error


def _read_csv(path: Path, rows: int) -> "Iterator[pd.DataFrame]":
    return _read_separated(path, rows, ",")


def _read_tsv(path: Path, rows: int) -> "Iterator[pd.DataFrame]":
    return _read_separated(path, rows, "\t")


def _read_json_lines(path: Path, rows: int) -> "Iterator[pd.DataFrame]":
    import pandas as pd

    with path.open(encoding="utf-8-sig") as file:
        lines = ((at, line) for at, line in enumerate(file, 1) if line.strip())
        while objects := [_json_object(path, *pair) for pair in islice(lines, rows)]:
            yield pd.DataFrame(objects)


def _json_object(path: Path, at: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise DataError(f"{path}: line {at} is not JSON ({error}): mend the line") from error
    if not isinstance(found, dict):
        raise DataError(f"{path}: line {at}: expected an object {{...}}, came {line.strip()[:40]!r}: mend the line")
    return found


def _read_parquet(path: Path, rows: int) -> "Iterator[pd.DataFrame]":
    parquet = pyarrow_parquet(path)
    from pyarrow import ArrowInvalid

    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield batch.to_pandas()
    except ArrowInvalid as error:
        raise DataError(f"{path}: not a Parquet file ({error}): check the file") from error


_READERS = {".csv": _read_csv, ".tsv": _read_tsv, ".jsonl": _read_json_lines, ".parquet": _read_parquet}
