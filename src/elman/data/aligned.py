"""Sequences with a tag for every step: texts cut, and tags brought beside them, row by row.

A row of tags is a list of labels, or a text that holds them: one a character, or apart by spaces, whichever fits.
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from elman.errors import DataError, InputError

Cut: TypeAlias = Literal["symbols", "words", "characters"]
"""How a text becomes tokens: what stands between spaces, the same in lower case, or every character."""


def cut(row: Any, how: Cut) -> Any:
    """Return the tokens of a text; a row that is no text comes back as it is, but for the case of words."""
    if isinstance(row, str):
        return list(row) if how == "characters" else cut(row.split(), how)
    return [token.lower() for token in row] if how == "words" and isinstance(row, list) else row


def guess_cut(rows: Sequence[Any], tags: Sequence[Any]) -> Cut:
    """Return the cut that gives more texts as many tokens as tags; at a tie "symbols", if there are spaces."""
    texts = [(row, given) for row, given in zip(rows, tags, strict=False) if isinstance(row, str)]
    if texts and all(len(row.split()) < 2 for row, _ in texts):
        return "characters"
    apart = sum(tags_of(given, len(row.split())) is not None for row, given in texts)
    each = sum(tags_of(given, len(row)) is not None for row, given in texts)
    return "symbols" if apart >= each else "characters"


def cut_rows(rows: Sequence[Any], how: Cut, first: int = 1) -> list[Any]:
    """Return every row cut; `first` is the number of the first one, for messages.

    Raises:
        DataError: a row has no step; the message names the first.
    """
    found = [cut(row, how) for row in rows]
    empty = next((number for number, row in enumerate(found, first) if len(row) == 0), None)
    if empty:
        raise DataError(f"row {empty}: the sequence is empty: leave the row out")
    return found


def align_tags(rows: Sequence[Any], tags: Sequence[Any]) -> list[list[Any]]:
    """Return each row of tags as a list, as long as its sequence.

    Args:
        rows: the sequences, cut; anything that has a length.
        tags: a row of labels for each.

    Raises:
        InputError: there are more or fewer rows of tags than sequences.
        DataError: a row has more or fewer tags than steps, or lacks one; the message names the first such row.
    """
    if len(tags) != len(rows):
        raise InputError(f"y: expected a row of tags for each of {len(rows):,} sequences, came {len(tags):,} rows")
    found = []
    for number, (row, given) in enumerate(zip(rows, tags, strict=True), 1):
        aligned = tags_of(given, len(row))
        if aligned is None:
            came = len(given.split() if isinstance(given, str) else given)
            raise DataError(f"row {number}: {len(row)} steps, but {came} tags: give every step one tag")
        if any(tag is None or tag != tag or tag == "" for tag in aligned):  # noqa: PLR0124 -- NaN differs from itself
            raise DataError(f"row {number}: a tag is missing: give every step one tag")
        found.append(aligned)
    return found


def tags_of(given: Any, steps: int) -> list[Any] | None:
    """Return a row of tags as a list, or None where it does not hold one for each of the steps."""
    if isinstance(given, str):
        ways = [given.split(), list(given)]
    else:
        ways = [given.tolist() if hasattr(given, "tolist") else list(given)]
    return next((way for way in ways if len(way) == steps), None)
