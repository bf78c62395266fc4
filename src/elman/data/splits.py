"""Split rows into a training and a held-out part, or into folds, and count those that are in both parts."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from elman.data.sequences import Rows
from elman.errors import DataError, InputError
from elman.options import SplitName


def split_rows(
    count: int, share: float, how: SplitName = "tail", seed: int = 0, labels: Sequence[Any] | None = None
) -> tuple[Rows, Rows]:
    """Return the rows to learn from and those held out, each ascending.

    Args:
        count: all rows.
        share: how much to hold out, 0 up to but not including 1; rounded down.
        how: "tail" holds out the last rows; "shuffled" draws them; "stratified" draws the same share of each label.
        seed: of the drawing.
        labels: a label, or a list of labels, for each row, for "stratified".

    Raises:
        DataError: nothing is left to learn from.
        InputError: `share` is out of range, or "stratified" has no labels.
    """
    if not 0 <= share < 1:
        raise InputError(f"validation: expected a share from 0 up to 1, got {share}")
    held_out = int(count * share)
    if count - held_out < 1:
        raise DataError(f"rows: expected at least one to learn from, got {count}: give more data")
    random = np.random.default_rng(seed)
    if how == "tail":
        order = np.arange(count)
    elif how == "shuffled":
        order = random.permutation(count)
    elif labels is None:
        raise InputError("split: stratified needs a label for each row: give labels, or take shuffled")
    else:
        order = _spread([_key(label) for label in labels], random)
    return np.sort(order[: count - held_out]), np.sort(order[count - held_out :])


def _spread(labels: Sequence[Hashable], random: np.random.Generator) -> Rows:
    """Return all rows in an order whose tails have each label in its share, as near as whole rows allow.

    The rows of a label are spaced evenly between 0 and 1; all rows are sorted by that position. One row of each label
    is put first, so that the held-out part has no label that the other part lacks.
    """
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    codes = np.array([numbers[label] for label in labels])
    places = np.empty(len(codes))
    for code in range(len(numbers)):
        rows = random.permutation(np.flatnonzero(codes == code))
        places[rows] = (np.arange(len(rows)) + random.random()) / len(rows)
        places[rows[0]] = -1
    return np.argsort(places, kind="stable")


def fold_rows(labels: Sequence[Any], count: int, seed: int = 0) -> Rows:
    """Return the fold of each row, shape `(n,)`: each label is spread evenly over the folds.

    Args:
        labels: a label, or a list of labels, for each row.
        count: the number of folds.
        seed: of the drawing.

    Returns:
        0 to `count - 1`; or -1 for the only row with its label, which has to be learned from in every fold. Lists of
        labels are spread without regard to what is in them.
    """
    random = np.random.default_rng(seed)
    found = np.empty(len(labels), np.int64)
    if isinstance(labels[0], list):
        found[random.permutation(len(labels))] = np.arange(len(labels)) % count
        return found
    numbers = {label: number for number, label in enumerate(dict.fromkeys(labels))}
    codes = np.array([numbers[label] for label in labels])
    at = 0
    for code in range(len(numbers)):
        rows = random.permutation(np.flatnonzero(codes == code))
        found[rows] = (np.arange(len(rows)) + at) % count if len(rows) > 1 else -1
        at += len(rows)
    return found


def pick(items: Any, rows: Iterable[int]) -> list[Any]:
    """Return the items of some rows."""
    return [items[row] for row in rows]


def count_duplicates(training: Iterable[Any], held_out: Iterable[Any]) -> int:
    """Return how many held-out rows are in the training part too, where a model may have learned them by heart.

    Rows are texts, lists of what can be hashed, or arrays.
    """
    known = {_key(row) for row in training}
    return sum(_key(row) in known for row in held_out)


def _key(row: Any) -> Hashable:
    """Return a key that equal rows share."""
    if isinstance(row, np.ndarray):
        return row.tobytes()
    return tuple(row) if isinstance(row, list) else row
