"""Tables on disk: CSV, TSV, JSON lines and Parquet, by the ending of their names, read in chunks of rows.

The cells of a chunk are Python objects in columns of objects, or Arrow's own numbers: nothing is guessed from them, so
that a large integer stays exact and the same column is read alike in every chunk.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from elman.data.separated import layout, read_rows
from elman.errors import DataError
from elman.extras import required_by
from elman.limits import MOST_COLUMNS
from elman.opening import lines, opened
from elman.quoting import quote, said, shown

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 50_000
"""Rows read at once, at most."""
CHUNK_CELLS = 2_000_000
"""Cells read at once, at most, unless a single row has more."""
_HALF = re.compile("[\ud800-\udfff]")
FEW_KEYS, SPARSE = 1000, 10
"""JSON lines may have so many different keys, and so many times as many as their largest object."""


class Chunk(NamedTuple):
    """Some rows, and whether a number may have a decimal comma."""

    frame: "pd.DataFrame"
    decimal_comma: bool = False


def read_chunks(path: Path, rows: int = CHUNK) -> Iterator[Chunk]:
    """Read a file piece by piece; at least one piece, none of them empty.

    Raises:
        DataError: the file is missing, empty, broken, of another kind, or changed while it was read.
        InputError: Parquet is read and pyarrow is not installed.
    """
    any_rows = False
    for chunk in _READERS[ending(path)](path, rows):
        if len(chunk.frame):
            any_rows = True
            yield chunk
    if not any_rows:
        raise DataError(f"{shown(path)}: the table has no rows: give a file with a header and data")


def is_table(path: Path) -> bool:
    """Say whether a file's name ends as a table's does."""
    return path.suffix.lower() in _READERS


def ending(path: Path) -> str:
    """Return the kind of table that a file's name says it is.

    Raises:
        DataError: the ending is none of those known.
    """
    if not is_table(path):
        raise DataError(
            f"{shown(path)}: expected a name that ends in {', '.join(_READERS)}: rename or convert the file"
        )
    return path.suffix.lower()


def pyarrow_parquet(path: Path) -> Any:
    """Return the module that reads and writes Parquet.

    Raises:
        MissingLibraryError: it is not installed.
    """
    with required_by(f"{shown(path)}: Parquet"):
        from pyarrow import parquet
    return parquet


def check_names(name: str, columns: Sequence[str]) -> list[int]:
    """Return the places of the columns that have a name; one without cannot be asked for and is left out.

    Raises:
        DataError: two columns have one name, no column has any, or there are too many.
    """
    if len(columns) > MOST_COLUMNS:
        raise DataError(f"{name}: expected at most {MOST_COLUMNS:,} columns, got {len(columns):,}: leave some out")
    kept = [place for place, column in enumerate(columns) if column]
    if not kept:
        raise DataError(f"{name}: expected a name for each column, got none: give the table a header")
    column, count = Counter(columns[place] for place in kept).most_common(1)[0]
    if count > 1:
        raise DataError(f"{name}: {count} columns have the name {quote(column)}: rename or remove all but one")
    return kept


def _rows_of(columns: int, rows: int) -> int:
    """Return how many rows of so many columns are read at once."""
    return max(1, min(rows, CHUNK_CELLS // max(1, columns)))


def _read_separated(path: Path, rows: int) -> Iterator[Chunk]:
    import pandas as pd

    found = layout(path)
    given = read_rows(path, found)
    names = [name.strip() for name in next(given).fields]
    kept = check_names(shown(path), names)
    columns, count = [names[place] for place in kept], _rows_of(len(names), rows)
    while part := list(islice(given, count)):
        cells = np.array([row.fields for row in part], dtype=object)
        yield Chunk(pd.DataFrame(cells[:, kept], columns=columns, dtype=object), found.separator == ";")


def _read_json_lines(path: Path, rows: int) -> Iterator[Chunk]:
    """A key that is not in an object is a missing cell, whether it is earlier or later in the file."""
    import pandas as pd

    name, columns, most = shown(path), dict[str, None](), 0
    objects: list[dict[str, Any]] = []

    def chunk() -> Chunk:
        check_names(name, list(columns))
        cells = {column: [found.get(column) for found in objects] for column in columns}
        objects.clear()
        return Chunk(pd.DataFrame(cells, dtype=object))

    for found in _read_objects(path):
        objects.append(found)
        columns.update(dict.fromkeys(found))
        most = max(most, len(found))
        if len(columns) > FEW_KEYS + SPARSE * most:
            raise DataError(
                f"{name}: expected objects with the same keys, got {len(columns):,} different keys in objects of at "
                f"most {most:,}: give each object the same keys"
            )
        if len(objects) >= _rows_of(len(columns), rows):
            yield chunk()
    if objects:
        yield chunk()


def _read_objects(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the object of each line that is not blank.

    Raises:
        DataError: a line is no JSON, is no object, has a key twice, or half a character; the message names the line.
    """
    name = shown(path)
    for number, line in lines(path):
        if line.strip():
            try:
                yield _object(line)
            except ValueError as error:
                raise DataError(f"{name}: line {number}{error}: mend the line") from error


def _object(line: str) -> dict[str, Any]:
    """Return the object in a line; a ValueError ends the message about it."""
    try:
        found = json.loads(line, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise ValueError(f" is not JSON ({error.msg} at character {error.pos + 1})") from error
    except RecursionError as error:
        raise ValueError(": it is nested too deep") from error
    except _RepeatedKeyError as error:
        raise ValueError(f": the key {error} is there twice") from error
    except ValueError as error:  # an integer with more digits than Python converts
        raise ValueError(f" is not JSON that can be read ({said(error)})") from error
    if not isinstance(found, dict):
        raise ValueError(f": expected an object {{...}}, got {quote(line.strip(), 40)}")
    if "\\u" in line and _HALF.search(_line_of(found)):
        raise ValueError(": a text has half of a character, a lone surrogate such as \\ud83d")
    return found


def _line_of(found: object) -> str:
    """Return a value as the text of JSON, its characters as they are."""
    return json.dumps(found, ensure_ascii=False)


class _RepeatedKeyError(ValueError):
    """A key is there twice in one object."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise _RepeatedKeyError(quote(next(key for key, count in counts.items() if count > 1)))
    return found


def _read_parquet(path: Path, rows: int) -> Iterator[Chunk]:
    name, parquet = shown(path), pyarrow_parquet(path)
    with opened(path) as file:
        batches = _arrow_batches(parquet, file, name, rows)
        while True:
            try:
                batch = next(batches, None)
                frame = None if batch is None else _frame(batch)
            except DataError:
                raise
            except Exception as error:
                # Arrow's decoder raises nearly any built-in type on bytes it does not expect, and MemoryError for a
                # size that the file only claims.
                raise DataError(
                    f"{name}: not a Parquet file that can be read ({said(error, 120)}): check the file"
                ) from error
            if frame is None:
                return
            yield Chunk(frame)


def _arrow_batches(parquet: Any, file: Any, name: str, rows: int) -> Iterator[Any]:
    """Yield the columns that have a name; pandas writes an index without one as `__index_level_0__`."""
    found = parquet.ParquetFile(file)
    names = ["" if _is_index(column) else column for column in found.schema_arrow.names]
    kept = check_names(name, names)
    for batch in found.iter_batches(batch_size=_rows_of(len(names), rows)):
        yield batch.select(kept)


def _is_index(column: str) -> bool:
    return column.startswith("__index_level_") and column.endswith("__")


def _frame(batch: Any) -> "pd.DataFrame":
    """Return a batch without the metadata of another library, so that an index is a column like others."""
    import pyarrow

    columns = [_plain(column) for column in batch.columns]
    table = pyarrow.Table.from_arrays(columns, names=batch.schema.names)
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True, integer_object_nulls=True)
    return frame


def _plain(column: Any) -> Any:
    """Return a column of categories as their values."""
    from pyarrow import types

    return column.dictionary_decode() if types.is_dictionary(column.type) else column


_READERS: dict[str, Callable[[Path, int], Iterator[Chunk]]] = {
    ".csv": _read_separated,
    ".tsv": _read_separated,
    ".jsonl": _read_json_lines,
    ".parquet": _read_parquet,
}
