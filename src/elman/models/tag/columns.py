"""Read a file as sequences and tags: a table with both in a row, or a file with one token a line."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from elman.data.conll import Tagged, read_columns
from elman.data.part import Part
from elman.data.table_files import is_table
from elman.data.tables import Table, stream_table
from elman.errors import DataError
from elman.models.tag.options import TaggerOptions
from elman.quoting import quote

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
        found: the sequences as a file with one token a line has them; none for a table.
    """

    numbers: list[int]
    rows: list[Any]
    tags: list[Any]
    found: list[Tagged] = field(default_factory=list)


@dataclass(frozen=True)
class TagColumns:
    """The columns of a file by their roles: of a table by name, of a file with one token a line by number.

    Attributes:
        source: the column of a table that holds the sequences; None guesses it by its name.
        target: the column that holds their tags.
        token: the column of tokens, as `read_columns` counts or names it.
        tag: the column of tags.
    """

    source: str | None = None
    target: str | None = None
    token: int | str = 1
    tag: int | str = -1

    @classmethod
    def named(cls, options: TaggerOptions) -> "TagColumns":
        """Return the columns that the options name, and the usual ones for the others."""
        return cls(options.source, options.target, options.token, options.tag)

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return asdict(self)

    def pieces(self, source: Any, answers: bool) -> Iterator[Piece]:
        """Read a file or frame piece by piece, so that a file may be larger than memory.

        A .tsv file is a table, unless `token` or `tag` is other than usual: then it has one token a line.

        Args:
            source: a path or a pandas or Polars frame.
            answers: whether to read the tags, which have to be there then.

        Raises:
            DataError: a column is not there, a cell is missing, or the file cannot be read; the message says where.
        """
        if isinstance(source, str | os.PathLike) and self._by_line(Path(source)):
            yield from self._of_lines(source, answers)
        else:
            for table in stream_table(source):
                yield self._of_table(table, answers)

    def _by_line(self, path: Path) -> bool:
        """Say whether a file has one token a line."""
        said = (self.token, self.tag) != (TagColumns.token, TagColumns.tag)
        return not is_table(path) or (said and path.suffix.lower() == ".tsv")

    def examples(self, source: Any) -> tuple[list[Any], list[Any]]:
        """Return all sequences of a file or frame, and their tags; errors are those of `pieces`."""
        pieces = list(self.pieces(source, answers=True))
        return [row for piece in pieces for row in piece.rows], [tags for piece in pieces for tags in piece.tags]

    def _of_table(self, table: Table, answers: bool) -> Piece:
        for option, column in (("token", self.token), ("tag", self.tag)):
            if isinstance(column, str):
                raise DataError(
                    f"{table.name}: a table, but {option}={quote(column)} names a column of a file with one token a "
                    "line: give a .tsv or .conll file, or name the columns of the table by source and target"
                )
        rows = table.values(table.column("source", self.source, SOURCE))
        tags = table.values(table.column("target", self.target, TARGET)) if answers else []
        return Piece(list(range(table.first, table.first + len(rows))), rows, tags)

    def _of_lines(self, source: str | os.PathLike[str], answers: bool) -> Iterator[Piece]:
        named = isinstance(self.tag, str)
        every = enumerate(read_columns(Path(source), self.token, self.tag if answers else None, header=named), 1)
        wanted = frozenset((source.rows + 1).tolist()) if isinstance(source, Part) else None
        found = (one for one in every if wanted is None or one[0] in wanted)
        while part := list(islice(found, PIECE)):
            each = [one for _, one in part]
            tags = [one.tags for one in each if answers]
            yield Piece([number for number, _ in part], [one.tokens for one in each], tags, each)
