"""Which rows a model learns from and which are held out, and how many stand on both sides."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from elman.data.sequences import Rows
from elman.errors import DataError, InputError

Split: TypeAlias = Literal["tail", "shuffled", "stratified"]


def split_rows(
    count: int, share: float, how: Split = "tail", seed: int = 0, labels: Sequence[Hashable] | None = None
) -> tuple[Rows, Rows]:
    """Return the rows to learn from and those held out, each ascending.

    Args:
        count: all rows.
        share: how much to hold out, 0 up to but not including 1; rounded down.
        how: "tail" holds out the last rows; "shuffled" draws them; "stratified" draws the same share of each label.
        seed: of the drawing.
        labels: a label for each row, for "stratified".

    Raises:
        DataError: nothing is left to learn from.
        InputError: `share` is out of range, or "stratified" has no labels.
    """
    if not 0 <= share < 1:
        raise InputError(f"validation: expected a share from 0 up to 1, came {share}")
    held_out = int(count * share)
    if count - held_out < 1:
        raise DataError(f"rows: expected at least one to learn from, came {count}: give more data")
    random = np.random.default_rng(seed)
    if how == "tail":
        order = np.arange(count)
    elif how == "shuffled":
        order = random.permutation(count)
    elif labels is None:
        raise InputError("split: stratified needs a label for each row: give labels, or take shuffled")
    else:
        order = _spread(labels, random)
    return np.sort(order[: count - held_out]), np.sort(order[count - held_out :])


def _spread(labels: Sequence[Hashable], random: np.random.Generator) -> Rows:
    """Return all rows in an order whose tails have each label in its share, as near as whole rows allow.

    The rows of a label lie evenly apart between 0 and 1; all rows are sorted by that place. One row of each label goes
    to the front, so that the held-out part has no label that the other part lacks.
    """
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    codes = np.array([numbers[label] for label in labels])
    places = np.empty(len(codes))
    for code in range(len(numbers)):
        rows = random.permutation(np.flatnonzero(codes == code))
        places[rows] = (np.arange(len(rows)) + random.random()) / len(rows)
        places[rows[0]] = -1
    return np.argsort(places, kind="stable")


def count_duplicates(training: Iterable[Hashable], held_out: Iterable[Hashable]) -> int:
    """Return how many held-out rows stand in the training part too, where a model may have learned them by heart."""
    known = set(training)
    return sum(row in known for row in held_out)
