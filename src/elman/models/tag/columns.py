"""Read a file as sequences and tags: a table with both in a row, or a file with one token a line."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from elman.data.columns import read_columns
from elman.data.table_files import is_table
from elman.data.tables import Table, stream_table
from elman.models.tag.options import TaggerOptions

SOURCE = ("source", "text", "tokens", "sentence", "sequence", "word", "words")
TARGET = ("target", "tags", "labels", "tag", "label")
PIECE = 10_000
"""Sequences read at once from a file with one token a line."""


@dataclass(frozen=True)
class Piece:
    """Some sequences of a file.

    Attributes:
        numbers: the row of each in its table, or its place in the file, from 1.
        rows: the sequences.
        tags: a row of tags for each; none where the file was read without.
    """

    numbers: list[int]
    rows: list[Any]
    tags: list[Any]


@dataclass(frozen=True)
class TagColumns:
    """The columns of a file by their roles: of a table by name, of a file with one token a line by number.

    Attributes:
        source: the column of a table that holds the sequences; None guesses it by its name.
        target: the column that holds their tags.
        token: the number of the column of tokens, as `read_columns` counts.
        tag: the number of the column of tags.
    """

    source: str | None = None
    target: str | None = None
    token: int = 1
    tag: int = -1

    @classmethod
    def named(cls, options: TaggerOptions) -> "TagColumns":
        """Return the columns that the options name, and the usual ones for the others."""
        return cls(options.source, options.target, options.token, options.tag)

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return asdict(self)

    def pieces(self, source: Any, answers: bool) -> Iterator[Piece]:
        """Read a file or frame piece by piece, so that a file may be larger than memory.

        Args:
            source: a path or a pandas or Polars frame.
            answers: whether to read the tags, which have to be there then.

        Raises:
            DataError: a column is not there, a cell is missing, or the file cannot be read; the message says where.
        """
        if isinstance(source, str | os.PathLike) and not is_table(Path(source)):
            yield from self._of_lines(Path(source), answers)
        else:
            for table in stream_table(source):
                yield self._of_table(table, answers)

    def examples(self, source: Any) -> tuple[list[Any], list[Any]]:
        """Return all sequences of a file or frame, and their tags; errors are those of `pieces`."""
        pieces = list(self.pieces(source, answers=True))
        return [row for piece in pieces for row in piece.rows], [tags for piece in pieces for tags in piece.tags]

    def _of_table(self, table: Table, answers: bool) -> Piece:
        rows = table.values(table.column("source", self.source, SOURCE))
        tags = table.values(table.column("target", self.target, TARGET)) if answers else []
        return Piece(list(range(table.first, table.first + len(rows))), rows, tags)

    def _of_lines(self, path: Path, answers: bool) -> Iterator[Piece]:
        found = enumerate(read_columns(path, self.token, self.tag if answers else None), 1)
        while part := list(islice(found, PIECE)):
            numbers = [number for number, _ in part]
            yield Piece(numbers, [each.tokens for _, each in part], [each.tags for _, each in part if answers])
