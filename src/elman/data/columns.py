"""Files with one token a line, its tag in another column, and a blank line between two sequences: the CoNLL habit.

Columns are separated by tabs if the first line of a token has one, otherwise by any white space. What is no token is
passed over: `-DOCSTART-` lines; and where tabs part the columns, as in CoNLL-U, `# comment` lines, and the ids `1-2`
and `1.1` of tokens that are made of others or not written. A file is read line by line, so that it may be larger than
memory.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from elman.errors import DataError, InputError
from elman.opening import lines, shown

TAB = "\t"
NO_TOKEN = re.compile(r"-DOCSTART-(\s|$)")
NO_TOKEN_BETWEEN_TABS = re.compile(r"-DOCSTART-(\s|$)|#(?!\t)|[0-9]+[-.][0-9]+\t")


@dataclass(frozen=True)
class Tagged:
    """A sequence of tokens with their tags.

    Attributes:
        line: where it begins in its file, from 1.
        tokens: the tokens.
        tags: a tag for each token; empty where the file was read without tags.
    """

    line: int
    tokens: list[str]
    tags: list[str]


def read_columns(path: Path, token: int = 1, tag: int | None = -1) -> Iterator[Tagged]:
    """Yield the sequences of a file, in order.

    Args:
        path: a UTF-8 file.
        token: the column of the tokens, from 1, or from -1 backwards.
        tag: the column of the tags, counted likewise; None reads no tags.

    Raises:
        InputError: a column is 0.
        DataError: the file is missing, not readable or not UTF-8; lines differ in their columns, or lack the one asked
            for; tokens and tags are one column; the file holds no token.
    """
    if 0 in (token, tag):
        raise InputError("column: expected 1, 2, ... or -1, -2, ... from the end, got 0")
    name, width = shown(path), 0
    for blank, group in groupby(_rows(path), key=lambda row: not row[1]):
        if blank:
            continue
        rows = list(group)
        width = width or _width(f"{name}: line {rows[0][0]}", len(rows[0][1]), token, tag)
        for line, columns in rows:
            if len(columns) != width:
                raise DataError(
                    f"{name}: line {line}: got {len(columns)} columns, but the lines before have {width}: mend the line"
                )
            if not columns[_place(token)].strip():
                raise DataError(f"{name}: line {line}: the token is missing: fill it in, or leave the line out")
        tags = [] if tag is None else [columns[_place(tag)] for _, columns in rows]
        yield Tagged(rows[0][0], [columns[_place(token)] for _, columns in rows], tags)
    if not width:
        raise DataError(f"{name}: holds no token: expected a token and its tag a line, a blank line between sequences")


def _place(column: int) -> int:
    return column - 1 if column > 0 else column


def _width(where: str, width: int, token: int, tag: int | None) -> int:
    """Return the number of columns after seeing that those asked for are there."""
    asked = [token] if tag is None else [token, tag]
    for column in asked:
        if not -width <= _place(column) < width:
            raise DataError(f"{where}: expected a column {column}, got {width} in all: name another column")
    if len({_place(column) % width for column in asked}) < len(asked):
        raise DataError(f"{where}: tokens and tags are both read from column {token}: name two columns")
    return width


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield `(line number, columns)` of tokens, and `(line number, [])` for a blank line."""
    separator = _separator(path)
    no_token = NO_TOKEN_BETWEEN_TABS if separator else NO_TOKEN
    for number, line in lines(path):
        text = line.rstrip("\r\n")
        if not text.strip():
            yield number, []
        elif not no_token.match(text):
            yield number, text.split(separator)


def _separator(path: Path) -> str | None:
    """Return what parts the columns: a tab, or None for any white space."""
    tokens = (line for _, line in lines(path) if line.strip() and not NO_TOKEN_BETWEEN_TABS.match(line))
    return TAB if TAB in next(tokens, "") else None
