"""Encode the labels of sequences: one of several classes each, or any number of them."""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import column_or_1d

from elman.errors import DataError
from elman.limits import LONGEST_LABEL, MOST_CLASSES
from elman.quoting import quote

Targets: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.float32]
"""A class number for each row, shape `(n,)`; or 1 and 0 for each row and class, shape `(n, K)`, with several labels."""
Label: TypeAlias = Any
"""A text, a whole number or a boolean; with several labels a list of such."""
LABEL_COLUMNS = ("label", "class", "target", "category")
"""Names by which a column of labels is recognised where no option names it."""


class Labels:
    """The classes that training saw.

    Args:
        classes: their names, sorted.
        multilabel: whether a row has a list of labels instead of one.
    """

    def __init__(self, classes: Sequence[Any], multilabel: bool):
        self.classes = np.array(classes)
        self.multilabel = multilabel
        self._numbers = {name: number for number, name in enumerate(self.classes.tolist())}

    @classmethod
    def fit(cls, labels: Sequence[Label]) -> "Labels":
        """Take the classes of the training part.

        Raises:
            DataError: there are fewer than two, or their types cannot be told apart.
        """
        multilabel = isinstance(labels[0], list)
        _check_kinds(labels, multilabel)
        names = {name for label in labels for name in label} if multilabel else set(labels)
        try:
            found = sorted(names)
        except TypeError as error:
            raise DataError(f"y: labels of several types ({error}): make them all texts") from error
        if len(found) > MOST_CLASSES:
            raise DataError(
                f"y: expected at most {MOST_CLASSES:,} different labels, got {len(found):,}: is it the column?"
            )
        if len(found) < 2 and not multilabel:
            raise DataError(
                f"y: expected two classes or more, got one class, {quote(found[0])}: there is nothing to learn"
            )
        if not found:
            raise DataError("y: no row has a label: there is nothing to learn")
        return cls(found, multilabel)

    def __len__(self) -> int:
        return len(self.classes)

    def encode(self, labels: Sequence[Label]) -> Targets:
        """Return targets.

        Raises:
            DataError: a label is none of the classes, or one label came where lists did, or the other way round.
        """
        self._check(labels)
        if not self.multilabel:
            return np.array([self._numbers[label] for label in labels], np.int64)
        targets = np.zeros((len(labels), len(self)), np.float32)
        for row, names in enumerate(labels):
            targets[row, [self._numbers[name] for name in names]] = 1
        return targets

    def decode(self, probabilities: npt.NDArray[np.floating]) -> Any:
        """Return the likeliest class of each row, an array; with several labels, lists of those above one half."""
        if not self.multilabel:
            return self.classes[probabilities.argmax(axis=1)]
        return [self.classes[row > 0.5].tolist() for row in probabilities]

    def priors(self, targets: Targets) -> npt.NDArray[np.float64]:
        """Return how often each class came, each at least once, as a share of the rows: the prior probabilities."""
        if self.multilabel:
            return np.asarray((targets.sum(axis=0) + 1.0) / (len(targets) + 2))
        counts = np.bincount(targets.astype(np.int64), minlength=len(self)) + 1.0
        return np.asarray(counts / counts.sum())

    def weights(self, class_weight: Any, priors: npt.NDArray[np.float64]) -> npt.NDArray[np.float32] | None:
        """Return a weight for each class, as scikit-learn counts "balanced", or None.

        Args:
            class_weight: "balanced", a weight for each class, or None.
            priors: how often each class came in training, as `priors` counts it.

        Raises:
            DataError: a class of a dictionary is unknown.
        """
        if class_weight is None:
            return None
        if class_weight == "balanced":
            return np.asarray(1 / (len(self) * priors), np.float32)
        unknown = set(class_weight) - set(self._numbers)
        if unknown:
            raise DataError(f"class_weight: {sorted(map(str, unknown))} not among the classes {self._listed()}")
        return np.array([class_weight.get(name, 1.0) for name in self.classes.tolist()], np.float32)

    def _check(self, labels: Sequence[Label]) -> None:
        _check_kinds(labels, self.multilabel)
        for row, label in enumerate(labels, 1):
            for name in label if self.multilabel else [label]:
                if name not in self._numbers:
                    raise DataError(
                        f"y: row {row:,}: {quote(name)} is none of the classes of training, {self._listed()}"
                    )

    def _listed(self, most: int = 5) -> str:
        names = [quote(name, 30) for name in self.classes.tolist()]
        return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def _check_kinds(labels: Sequence[Label], multilabel: bool) -> None:
    for row, label in enumerate(labels, 1):
        if isinstance(label, list) != multilabel:
            kind = "a list of labels" if multilabel else "one label"
            raise DataError(f"y: row {row:,}: expected {kind}, got {quote(label)}")


def as_labels(source: Any, rows: int) -> list[Label]:
    """Return labels as a list of plain Python objects, or of lists of such.

    Args:
        source: a list, array or series of labels, or a list of lists.
        rows: how many there have to be.

    Raises:
        DataError: there are more or fewer, one is missing, or is no text, whole number or boolean.
    """
    labels = [_plain(label) for label in _listed(source)]
    if len(labels) != rows:
        raise DataError(f"y: Found input variables with inconsistent numbers of samples: X {rows:,}, y {len(labels):,}")
    for row, label in enumerate(labels, 1):
        for name in label if isinstance(label, list) else [label]:
            _check_label(name, row)
    return labels


def _check_label(name: Any, row: int) -> None:
    if name is None or (isinstance(name, float) and math.isnan(name)):
        raise DataError(f"y: row {row:,}: the label is missing, Input y contains NaN: leave the row out")
    if isinstance(name, float) and not name.is_integer():
        raise DataError(
            f"y: Unknown label type: continuous ({name!r} in row {row:,}): labels have names or whole numbers"
        )
    if not isinstance(name, str | int | float) or (isinstance(name, int) and not -(2**63) <= name < 2**63):
        raise DataError(
            f"y: row {row:,}: expected a text, a whole number of 64 bits or a boolean as label, got {quote(name)}: "
            "convert the labels"
        )
    if isinstance(name, str) and len(name) > LONGEST_LABEL:
        raise DataError(
            f"y: row {row:,}: expected a label of at most {LONGEST_LABEL:,} characters, got {quote(name)}: "
            "is it the column of labels?"
        )


def _listed(source: Any) -> list[Any]:
    if source is None:
        raise DataError(
            "y: a classifier requires y to be passed, but the target y is None: give a label for each sequence"
        )
    if hasattr(source, "__array__") and not isinstance(source, np.ndarray):
        source = np.asarray(source)
    if isinstance(source, str | bytes | dict | set) or not hasattr(source, "__len__"):
        raise DataError(f"y: expected a label for each sequence, got {quote(source)}: give a list")
    if isinstance(source, np.ndarray) and source.ndim == 2 and source.shape[1] == 1:
        source = column_or_1d(source, warn=True)
    if getattr(source, "ndim", 1) != 1:
        raise DataError(f"y: expected one label a sequence, got shape {source.shape}: give lists for several labels")
    return list(source)


def _plain(label: Any) -> Label:
    if isinstance(label, np.generic) or (isinstance(label, np.ndarray) and not label.ndim):
        return label.item()
    return [_plain(name) for name in label] if isinstance(label, list | tuple | set | np.ndarray) else label
