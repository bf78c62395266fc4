"""Sequences with a tag for every step: texts are split into tokens and aligned with their tags, row by row.

A row of tags is a list of labels, or a text that holds them: one a character, or apart by spaces, whichever fits.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.data.tokenizer import Kind, PlainSplitter
from elman.data.vocabulary import composed
from elman.errors import DataError, InputError
from elman.limits import LONGEST_LABEL
from elman.quoting import quote


def guess_kind(rows: Sequence[Any], tags: Sequence[Any]) -> Kind:
    """Return the kind that gives more texts as many tokens as tags; at a tie "symbols", if there are spaces."""
    texts = [(row, given) for row, given in zip(rows, tags, strict=False) if isinstance(row, str)]
    if texts and all(len(row.split()) < 2 for row, _ in texts):
        return "characters"
    apart = sum(tags_of(given, len(row.split())) is not None for row, given in texts)
    each = sum(tags_of(given, len(row)) is not None for row, given in texts)
    return "symbols" if apart >= each else "characters"


def tokens_of(rows: Sequence[Any], kind: Kind, first: int = 1) -> list[Any]:
    """Return the tokens of every row; a row that is no text stays as it is, except for the case of words.

    Args:
        rows: texts, lists of tokens, or arrays.
        kind: how to split texts.
        first: the number of the first row, for messages.

    Raises:
        DataError: a row has no step; the message names the first.
    """
    splitter = PlainSplitter(kind, "tag")
    found = [splitter.split(row) if isinstance(row, str) else row for row in rows]
    if kind == "words":
        found = [[token.lower() for token in row] if isinstance(row, list) else row for row in found]
    empty = next((number for number, row in enumerate(found, first) if len(row) == 0), None)
    if empty:
        raise DataError(f"row {empty:,}: the sequence is empty: leave the row out")
    return found


def align_tags(rows: Sequence[Any], tags: Any) -> list[list[Any]]:
    """Return each row of tags as a list, as long as its sequence.

    Args:
        rows: the sequences, split; anything that has a length.
        tags: a row of labels for each.

    Raises:
        InputError: there are more or fewer rows of tags than sequences, or they are no rows of tags.
        DataError: a row has more or fewer tags than steps, or lacks one; the message names the first such row.
    """
    given = tag_rows(tags)
    if len(given) != len(rows):
        raise InputError(f"y: expected a row of tags for each of {len(rows):,} sequences, got {len(given):,} rows")
    found = []
    for number, (row, each) in enumerate(zip(rows, given, strict=True), 1):
        aligned = tags_of(each, len(row))
        if aligned is None:
            got = len(each.split() if isinstance(each, str) else each)
            raise DataError(f"row {number:,}: {len(row)} steps, but {got} tags: give every step one tag")
        found.append([_tag(tag, number) for tag in aligned])
    return found


def tag_rows(tags: Any) -> list[Any]:
    """Return rows of tags, each a text or something that has a length.

    Raises:
        InputError: they are none; the message names the first such row.
    """
    if isinstance(tags, str | bytes | dict | set) or not hasattr(tags, "__iter__") or getattr(tags, "ndim", 1) == 0:
        raise InputError(f"y: expected a row of tags for each sequence, got {type(tags).__name__}: give a list of rows")
    rows = list(tags)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, str | list | tuple) and not (hasattr(row, "tolist") and hasattr(row, "__len__")):
            raise InputError(
                f"y: row {number:,}: expected a tag for each step, got {quote(row)}: give a list or a text"
            )
        if getattr(row, "ndim", 1) != 1:
            raise InputError(f"y: row {number:,}: expected a tag for each step, got shape {row.shape}: give one list")
    return rows


def tags_of(given: Any, steps: int) -> list[Any] | None:
    """Return a row of tags as a list, or None where it does not hold one for each of the steps."""
    if isinstance(given, str):
        ways = [given.split(), list(given)]
    else:
        ways = [given.tolist() if hasattr(given, "tolist") else list(given)]
    return next((way for way in ways if len(way) == steps), None)


def _tag(tag: Any, row: int) -> Any:
    """Return a tag that a file can hold: a text, a whole number or a boolean."""
    tag = tag.item() if isinstance(tag, np.generic) else tag
    if tag is None or tag == "" or (isinstance(tag, float) and math.isnan(tag)):
        raise DataError(f"row {row:,}: a tag is missing: give every step one tag")
    if not isinstance(tag, str | int | float):
        raise DataError(f"row {row:,}: expected a text or a number as tag, got {quote(tag)}: convert the tags")
    if isinstance(tag, str) and len(tag) > LONGEST_LABEL:
        raise DataError(f"row {row:,}: expected a tag of at most {LONGEST_LABEL:,} characters, got {quote(tag)}")
    return composed(tag) if isinstance(tag, str) else tag
