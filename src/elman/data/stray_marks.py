"""Tell a quotation mark that opens a cell of many lines from a stray one that would swallow whole rows.

The lines of such a cell are compared with the other rows of the file: a column whose cells are a few words again and
again, as labels are, or numbers throughout, is evidence. If every line has such cells in its place, they are rows.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

EVIDENCE = 1000
"""Lines from the head of a file that show what its columns hold."""
_FEWEST_ROWS = 4
_FEW_WORDS, _OFTEN = 20, 2
_NUMBER = re.compile(r"[-+]?(?:[0-9]+[.,]?[0-9]*|[.][0-9]+)(?:[eE][-+]?[0-9]+)?")


class Span(NamedTuple):
    """A quoted cell of several lines, each line cut as if it were a row.

    Attributes:
        lines: the fields of each line, the first of which begins before the cell, and the last of which ends after it.
        column: the number of the cell's column, from 0.
    """

    lines: list[list[str]]
    column: int


@dataclass(frozen=True)
class Columns:
    """The columns that are evidence: the words of each by number, or None where it holds numbers."""

    words: dict[int, frozenset[str] | None]

    @classmethod
    def of(cls, rows: list[list[str]]) -> "Columns":
        """Learn from rows of equal width."""
        found: dict[int, frozenset[str] | None] = {}
        for column, cells in enumerate(zip(*rows, strict=True)) if len(rows) >= _FEWEST_ROWS else ():
            different = frozenset(cells)
            if len(different) <= min(_FEW_WORDS, len(rows) / _OFTEN) and "" not in different:
                found[column] = different
            elif all(map(_NUMBER.fullmatch, different)):
                found[column] = None
        return cls(found)

    def fit(self, cells: dict[int, str]) -> bool:
        """Say whether some cells, by column, fit and one of them is evidence."""
        known = [column for column in cells if column in self.words]
        return bool(known) and all(self._fits(column, cells[column]) for column in known)

    def _fits(self, column: int, cell: str) -> bool:
        words = self.words[column]
        return _NUMBER.fullmatch(cell) is not None if words is None else cell in words


def looks_like_rows(span: Span, width: int, evidence: Columns) -> bool:
    """Say whether every line of a quoted cell has, on either side of the cell's column, what the other rows have."""
    first, *middle, last = span.lines
    behind = width - 1 - span.column
    if behind < 0 or any(len(fields) < width for fields in span.lines):
        return False
    after = [_after(fields, width, behind) for fields in (first, *middle)]
    before = [dict(enumerate(fields[: span.column])) for fields in (*middle, last)]
    sides = [side for side, there in ((after, behind), (before, span.column)) if there]
    fitting = [all(map(evidence.fit, side)) for side in sides if any(c in evidence.words for c in side[0])]
    return bool(fitting) and all(fitting)


def _after(fields: list[str], width: int, behind: int) -> dict[int, str]:
    """Return the last fields by the numbers of their columns."""
    return dict(zip(range(width - behind, width), fields[len(fields) - behind :], strict=True)) if behind else {}
