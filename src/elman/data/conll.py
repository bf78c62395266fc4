"""Files with one token a line, its tag in another column, and a blank line between two sequences: CoNLL's formats.

Columns are separated by tabs if the first line of a token has one, otherwise by any white space. Where a column is
asked for by its name, the first line is a header. Every other line holds a token, except these, which belong to the
format: `-DOCSTART-` as the first line of a sequence; between tabs a comment, `# ...` without a tab; and in CoNLL-U
every line that begins with `#`, and the ids `1-2` and `1.1` of tokens that are made of others or not written.

A file is CoNLL-U only if its lines have ten columns between tabs, of which the first numbers the words of a sequence
from 1. In any other file such ids are tokens like others. A file is read sequence by sequence, so that it may be larger
than memory.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from elman.errors import DataError, InputError
from elman.opening import lines
from elman.quoting import listed, quote, shown

Column: TypeAlias = int | str
"""A column by its number, from 1, or from -1 backwards; or by its name in the header."""
TAB = "\t"
CONLLU_COLUMNS = 10
UNSPECIFIED = "_"
"""The mark of an empty column in CoNLL."""
_DOCUMENT = re.compile(r"-DOCSTART-(\s|$)")
_COMMENT = re.compile(r"#(?: [^\t]*)?")
_ID = re.compile(r"([0-9]{1,9})(?:([-.])([0-9]{1,9}))?")


class Layout(NamedTuple):
    """The form of a file.

    Attributes:
        separator: a tab, or None for any white space.
        numbered: whether the file is CoNLL-U.
        header: the line of the names of the columns; 0 where there is none.
        names: of the columns, as the header has them.
    """

    separator: str | None
    numbered: bool
    header: int = 0
    names: tuple[str, ...] = ()

    def place(self, column: Column, width: int) -> int | None:
        """Return the index of a column among so many; None where it is not there."""
        if isinstance(column, str):
            return self.names.index(column) if column in self.names else None
        place = column - 1 if column > 0 else width + column
        return place if 0 <= place < width else None


@dataclass(frozen=True)
class Tagged:
    """A sequence of tokens with their tags.

    Attributes:
        line: where it begins in its file, from 1.
        tokens: the tokens.
        tags: a tag for each token; empty where the file was read without tags.
        lines: the columns of each token, and between them the lines that hold none, as they are.
        layout: the form of the file.
    """

    line: int
    tokens: list[str]
    tags: list[str]
    lines: list[str | list[str]] = field(repr=False)
    layout: Layout = field(repr=False)

    def with_tags(self, tags: Sequence[Any], column: Column) -> list[str]:
        """Return the lines with other tags, for a file of the same form.

        The tags replace a column that is named or counted from the first one, and in CoNLL-U also one that is counted
        from the last. Any other column stays, and the tags are added after the last one.

        Args:
            tags: a tag for each token.
            column: the column of the tags.

        Raises:
            DataError: a tag has white space that would part it, or the column is none of CoNLL-U's ten.
        """
        width = next(len(line) for line in self.lines if not isinstance(line, str))
        place, waiting = self._target(column, width), map(self._cell, tags)
        return [
            line if isinstance(line, str) else self._joined(_put(line, place, next(waiting))) for line in self.lines
        ]

    def header(self, column: Column) -> list[str]:
        """Return the lines before the first sequence of a file with tags in a column: its header, or none."""
        names = list(self.layout.names)
        return [self._joined(_put(names, self._target(column, len(names)), str(column)))] if names else []

    def _target(self, column: Column, width: int) -> int:
        """Return the index of the column that tags are written to."""
        layout = self.layout
        certain = layout.numbered or isinstance(column, str) or column > 0
        place = layout.place(column, width) if certain else None
        if place is None and layout.numbered:
            raise DataError(f"tag: expected one of the {CONLLU_COLUMNS} columns of CoNLL-U, got {quote(column)}")
        if place is None:
            return max(width, column - 1) if isinstance(column, int) else width
        return place

    def _joined(self, columns: list[str]) -> str:
        return (self.layout.separator or " ").join(columns)

    def _cell(self, tag: Any) -> str:
        text = str(tag)
        if text.split(self.layout.separator) != [text] or "\n" in text or "\r" in text:
            raise DataError(f"tag: expected one that a column can hold, got {quote(text)}: write a .jsonl or .csv file")
        return text


def is_conll(path: Path) -> bool:
    """Say whether a file's name ends as that of a file with one token a line does."""
    return path.suffix.lower() in (".conll", ".conllu")


def _put(columns: list[str], place: int, cell: str) -> list[str]:
    """Return columns with a cell in its place, which may be behind them."""
    filled = columns + [UNSPECIFIED] * (place - len(columns))
    return [*filled[:place], cell, *filled[place + 1 :]]


def read_columns(path: Path, token: Column = 1, tag: Column | None = -1, *, header: bool = False) -> Iterator[Tagged]:
    """Yield the sequences of a file, in order.

    Args:
        path: a UTF-8 file.
        token: the column of the tokens.
        tag: the column of the tags; None reads no tags.
        header: whether the first line names the columns, even if neither column is asked for by name.

    Raises:
        InputError: a column is 0.
        DataError: the file is missing, not readable or not UTF-8; lines differ in their columns, or lack the one asked
            for; tokens and tags are one column; the ids of CoNLL-U are not in order; the file holds no token.
    """
    if 0 in (token, tag):
        raise InputError("column: expected 1, 2, ... or -1, -2, ... from the end, got 0")
    name, width, before = shown(path), 0, list[str]()
    layout = _layout(path, header or isinstance(token, str) or isinstance(tag, str))
    for block in _blocks(path):
        rows = _rows(name, [line for line in block if line.number != layout.header], layout)
        found = [(line, row) for line, row in rows if not isinstance(row, str)]
        here = [row for _, row in rows]
        if not found:
            before += [row for row in here if isinstance(row, str)] + [""] * bool(here)
            continue
        width = width or len(layout.names) or len(found[0][1])
        places = _places(f"{name}: line {found[0][0].number}", width, layout, (token, tag))
        for line, row in found:
            _check(f"{name}: line {line.number}", row, width, places[0])
        tokens, *tags = ([row[place] for _, row in found] for place in places)
        yield Tagged(found[0][0].number, tokens, tags[0] if tags else [], [*before, *here], layout)
        before = []
    if not width:
        raise DataError(f"{name}: holds no token: expected a token and its tag a line, a blank line between sequences")


class _Line(NamedTuple):
    number: int
    text: str


def _blocks(path: Path) -> Iterator[list[_Line]]:
    """Yield the lines between blank ones, without their ends."""
    given = (_Line(number, line.rstrip("\r\n")) for number, line in lines(path))
    for blank, group in groupby(given, key=lambda line: not line.text.strip()):
        if not blank:
            yield list(group)


def _layout(path: Path, header: bool) -> Layout:
    """Return the form of a file, as its first sequence shows it."""
    for block in _blocks(path):
        rows = [line for line in block if not line.text.startswith("#") and not _DOCUMENT.match(line.text)]
        if rows:
            break
    else:  # each line begins as a comment does, so that only a tab says that it is none
        tab = any(TAB in line.text for block in _blocks(path) for line in block)
        return Layout(TAB if tab else None, numbered=False)
    separator = TAB if TAB in rows[0].text else None
    if header:
        return Layout(separator, False, rows[0].number, tuple(rows[0].text.split(separator)))
    columns = [line.text.split(separator) for line in rows]
    numbered = separator == TAB and all(len(row) == CONLLU_COLUMNS for row in columns)
    return Layout(separator, numbered and _misplaced([row[0] for row in columns]) is None)


def _rows(name: str, block: list[_Line], layout: Layout) -> list[tuple[_Line, str | list[str]]]:
    """Return the columns of each line that holds a token, and other lines as they are."""
    if layout.numbered:
        rows = [(line, line.text.split(TAB)) for line in block if not line.text.startswith("#")]
        odd = _misplaced([row[0] for _, row in rows])
        if rows and odd is not None:
            line, row = rows[odd]
            raise DataError(
                f"{name}: line {line.number}: expected the ids of CoNLL-U in order (1, 2-3, 2, 3, 3.1), as before, "
                f"got {quote(row[0])}: mend the ids"
            )
        words = {line.number for line, row in rows if row[0].isdigit()}
        return [(line, line.text.split(TAB) if line.number in words else line.text) for line in block]
    found: list[tuple[_Line, str | list[str]]] = []
    for line in block:
        marker = (line is block[0] and _DOCUMENT.match(line.text)) or (
            layout.separator and _COMMENT.fullmatch(line.text)
        )
        found.append((line, line.text if marker else line.text.split(layout.separator)))
    return found


def _misplaced(ids: Sequence[str]) -> int | None:
    """Return the index of the first id that is not in its place in CoNLL-U, or None.

    Words are numbered 1, 2, ...; the id of several, 2-3, precedes the first of them, and that of an empty node,
    3.1, behind a word or, 0.1, before the first.
    """
    last, spans = 0, dict[int, int]()
    for at, found in enumerate(map(_ID.fullmatch, ids)):
        number = int(found[1]) if found else -1
        sign = found[2] if found else ""
        if number != (last if sign == "." else last + 1) or (found and sign == "-" and int(found[3]) <= number):
            return at
        if found and sign == "-":
            spans[int(found[3])] = at
        last = last if sign else number
    return next((at for end, at in spans.items() if end > last), None if last else 0)


def _places(where: str, width: int, layout: Layout, asked: tuple[Column, Column | None]) -> list[int]:
    """Return the indices of the columns asked for, after seeing that they are there."""
    found = []
    for column in (column for column in asked if column is not None):
        place = layout.place(column, width)
        if place is None and layout.names:
            there = listed(layout.names)
            raise DataError(f"{where}: no column {quote(column)}: the header has {there}: name one of these")
        if place is None:
            raise DataError(f"{where}: expected a column {column}, got {width} in all: name another column")
        found.append(place)
    if len(set(found)) < len(found):
        raise DataError(f"{where}: tokens and tags are both read from column {asked[0]}: name two columns")
    if layout.numbered and found[0] == 0:
        raise DataError(f"{where}: the first column has the ids of CoNLL-U: name the others, as --token 2 --tag 4")
    return found


def _check(where: str, row: list[str], width: int, token: int) -> None:
    if len(row) != width:
        raise DataError(f"{where}: got {len(row)} columns, but the lines before have {width}: mend the line")
    if not row[token].strip():
        raise DataError(f"{where}: the token is missing: fill it in, or leave the line out")
