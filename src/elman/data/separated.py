"""Rows of separated values, CSV and TSV: as many fields in each as the header has, or the line is named.

A cell is quoted if it begins with a quotation mark and the mark that closes it is followed by a separator or the end of
a line; it may span lines, and a mark inside it is written twice (RFC 4180). Every other mark is a character like any
other, so that a stray one changes no other cell.

A mark opens a cell of many lines, or it is stray and would swallow whole rows. Its lines are compared with the other
rows of the file: a column whose cells are a few words again and again, as labels are, or numbers throughout, is
evidence. If every line has such cells in its place, they are rows.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

from elman.errors import DataError
from elman.limits import LONGEST_LINE, MOST_COLUMNS
from elman.opening import lines
from elman.quoting import quote, shown

_SEPARATORS = (",", ";", "\t")
"""Of a .csv file, as the header decides; that of a .tsv file is a tab."""
_SNIFFED = 20
"""Lines that decide where the header holds commas and semicolons."""
_SAID = re.compile("sep=(.)\\s*")
"""A first line that names the separator, as Excel writes and reads it."""
_EVIDENCE = 1000
"""Lines from the head of a file that show what its columns hold."""
_FEWEST_ROWS = 4
_FEW_WORDS, _OFTEN = 20, 2
_NUMBER = re.compile(r"[-+]?(?:[0-9]+[.,]?[0-9]*|[.][0-9]+)(?:[eE][-+]?[0-9]+)?")


class Layout(NamedTuple):
    """The separator of a file, and the line of its header."""

    separator: str
    header: int


class _Line(NamedTuple):
    number: int
    text: str
    end: str


class Row(NamedTuple):
    """The fields of a row, and the line where it begins."""

    line: int
    fields: list[str]


def layout(path: Path) -> Layout:
    """Return the separator of a file: a tab for .tsv; otherwise the one that the header has.

    Raises:
        DataError: the file cannot be read, or is empty.
    """
    head = [_Line(number, *_parted(line)) for number, line in islice(lines(path), _SNIFFED + 1)]
    said = _SAID.fullmatch(head[0].text) if head else None
    rest = [line for line in head[1 if said else 0 :] if line.text.strip(" ")]
    if not rest:
        raise DataError(f"{shown(path)}: the file is empty: give a table with a header")
    if path.suffix.lower() == ".tsv":
        return Layout("\t", rest[0].number)
    return Layout(said[1] if said else _sniffed([line.text for line in rest]), rest[0].number)


def _sniffed(texts: list[str]) -> str:
    """Return the separator that the header has; of several the one that cuts most lines as it cuts the header."""
    header, *others = texts
    there = [separator for separator in _SEPARATORS if separator in header] or [","]
    return max(
        there, key=lambda separator: sum(len(t.split(separator)) == len(header.split(separator)) for t in others)
    )


def read_rows(path: Path, found: Layout) -> Iterator[Row]:
    """Yield the header, then every row that is not blank.

    Raises:
        DataError: a row has more or fewer fields than the header, has too many, or seems to swallow the next ones.
    """
    name = shown(path)
    parser = _Parser(path, found.separator)
    given = (_Line(number, *_parted(line)) for number, line in lines(path))
    records = _Records(parser, (line for line in given if line.number >= found.header))
    header = next(records)
    if len(header.fields) > MOST_COLUMNS:
        raise DataError(
            f"{name}: expected at most {MOST_COLUMNS:,} columns, got {len(header.fields):,}: leave some out"
        )
    parser.width = len(header.fields)
    yield header
    for row in records:
        if len(row.fields) != parser.width:
            raise DataError(f"{name}: line {row.line}: {_mismatch(row.fields, parser.width, found.separator)}")
        yield row


class _Span(NamedTuple):
    """A quoted cell of several lines, each line cut as if it were a row.

    Attributes:
        lines: the fields of each line, the first of which begins before the cell, and the last of which ends after it.
        column: the number of the cell's column, from 0.
    """

    lines: list[list[str]]
    column: int


@dataclass(frozen=True)
class _Columns:
    """The columns that are evidence: the words of each by number, or None where it holds numbers."""

    words: dict[int, frozenset[str] | None]

    @classmethod
    def of(cls, rows: list[list[str]]) -> "_Columns":
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


def _looks_like_rows(span: _Span, width: int, evidence: _Columns) -> bool:
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


@dataclass
class _Parser:
    """Cuts text at separators.

    Attributes:
        path: the file, to look for evidence in.
        separator: one character.
        width: the fields of a row; 0 before the header is known.
    """

    path: Path
    separator: str
    width: int = 0
    evidence: _Columns | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        end = rf"(?={re.escape(self.separator)}|\Z)"
        self._quoted = re.compile(rf'"((?:[^"]++|"")*+)"{end}')
        self._open = re.compile(r'"(?:[^"]++|"")*+\Z')
        self._closing = re.compile(rf'(?:[^"]++|"")*+"{end}')
        self._lone = re.compile(r'(?:[^"]++|"")*+"')

    def split(self, text: str, fields: list[str], *, literal: bool = False) -> str | None:
        """Append the fields of a text; return its rest from a quotation mark on that opens and does not close.

        Args:
            text: a line, or several that a quoted cell joins, without the last line's end.
            fields: the list to append to.
            literal: take such a mark as a character; then nothing is left.
        """
        if '"' not in text:
            fields += text.split(self.separator)
            return None
        at = 0
        while True:
            quoted = self._quoted.match(text, at)
            if quoted:
                fields.append(quoted[1].replace('""', '"'))
                at = quoted.end()
            elif not literal and self._open.match(text, at):
                return text[at:]
            else:
                end = text.find(self.separator, at)
                end = len(text) if end < 0 else end
                fields.append(text[at:end])
                at = end
            if at >= len(text):
                return None
            at += 1

    def literal(self, text: str) -> list[str]:
        """Return the fields of a line on its own."""
        fields: list[str] = []
        self.split(text, fields, literal=True)
        return fields

    def closes(self, text: str) -> bool | None:
        """Say whether an open cell closes in this line; None if it neither closes nor can go on after it."""
        if self._closing.match(text):
            return True
        return None if self._lone.match(text) else False

    def swallowed(self, span: _Span) -> bool:
        """Say whether the lines of a quoted cell are rows of their own."""
        if not self.width:
            return False
        if self.separator == "\t" and all(len(fields) == self.width for fields in span.lines):
            return True  # a tab and a line break in one cell are far rarer than a stray mark
        if self.evidence is None:
            texts = (_parted(line)[0] for _, line in islice(lines(self.path), _EVIDENCE))
            plain = (text.split(self.separator) for text in texts if '"' not in text)
            self.evidence = _Columns.of([fields for fields in islice(plain, 1, None) if len(fields) == self.width])
        return _looks_like_rows(span, self.width, self.evidence)


class _Records:
    """Rows as they are parsed, blank lines left out."""

    def __init__(self, parser: _Parser, given: Iterator[_Line]):
        self._parser, self._given = parser, given
        self._waiting: deque[_Line] = deque()

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        line = self._next()
        while line is not None and not line.text.strip(" "):
            line = self._next()
        if line is None:
            raise StopIteration
        return Row(line.number, self._fields(line))

    def _next(self) -> _Line | None:
        return self._waiting.popleft() if self._waiting else next(self._given, None)

    def _fields(self, line: _Line) -> list[str]:
        """Return the fields of the row that begins with a line, and take the lines that belong to it."""
        fields: list[str] = []
        first, rest = line, self._parser.split(line.text, fields)
        while rest is not None:
            more = self._until_closed(len(rest))
            before = len(fields)
            if more is None or self._stray(first, more, before):
                self._waiting.extendleft(reversed(more or ()))
                self._parser.split(rest, fields, literal=True)
                break
            ends = [first.end, *(each.end for each in more[:-1])]
            rest += "".join(end + each.text for end, each in zip(ends, more, strict=True))
            first = more[-1]
            rest = self._parser.split(rest, fields)
        return fields

    def _until_closed(self, size: int) -> list[_Line] | None:
        """Return the next lines up to the one where an open cell closes; None, and no line taken, if none does."""
        taken: list[_Line] = []
        closed: bool | None = False
        while closed is False and size <= LONGEST_LINE:
            line = self._next()
            if line is None:
                break
            taken.append(line)
            size += len(line.text) + 1
            closed = self._parser.closes(line.text)
        if closed:
            return taken
        self._waiting.extendleft(reversed(taken))
        return None

    def _stray(self, first: _Line, more: list[_Line], column: int) -> bool:
        """Say whether a mark that could open a cell is stray; lines that only seem to be rows are refused in CSV."""
        parser = self._parser
        span = _Span([parser.literal(line.text) for line in (first, *more)], column)
        if not parser.swallowed(span):
            return False
        if parser.separator != "\t":
            raise DataError(
                f"{shown(parser.path)}: line {first.number}: a quotation mark opens a cell that ends in line "
                f"{more[-1].number}, but each of these lines looks like a row: remove the mark, or quote the whole "
                "cell and write the mark twice in it"
            )
        return True


def _parted(line: str) -> tuple[str, str]:
    """Return a line without its end, and its end."""
    text = line.rstrip("\r\n")
    return text, line[len(text) :]


def _mismatch(fields: list[str], width: int, separator: str) -> str:
    """Return the message about a row of another width than the header's."""
    got = f"got {len(fields):,} fields, but the header has {width:,}"
    if len(fields) < width:
        return f"{got}: complete the row, or put a cell with a line break in quotation marks"
    mark = {",": "comma", ";": "semicolon", "\t": "tab"}.get(separator, quote(separator))
    if not fields[-1].strip():
        return f"{got}: remove the {mark} at the end of the line"
    if separator == "," and any(_decimal(*pair) for pair in pairwise(fields)):
        return f"{got}: a decimal comma? Write 1.5, or put semicolons between the fields"
    return f"{got}: put a cell that holds a {mark} in quotation marks"


def _decimal(whole: str, digits: str) -> bool:
    return re.fullmatch(r"\s*[-+]?[0-9]+", whole) is not None and re.fullmatch(r"[0-9]+\s*", digits) is not None
