"""Read sequences and labels, split them, and fit vocabulary or scale, and classes, on the training part."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.inputs import fit_input, input_from_state
from elman.data.items import Items, as_items
from elman.data.sequences import Rows
from elman.data.splits import count_duplicates, fold_rows, pick, split_rows
from elman.data.tables import as_frame, read_table
from elman.models.classify.columns import Columns
from elman.models.classify.options import FOLDS, VALIDATION_FRACTION, ClassifierOptions, cross_validates
from elman.models.classify.simple import Examples
from elman.models.estimator.preprocess import InputPreprocessor, PreparedData
from elman.models.scoring.labels import Label, Labels, as_labels
from elman.rounding import counted


@dataclass(frozen=True)
class Preprocessor(InputPreprocessor):
    """Vocabulary or scale, and classes, fitted on the training part alone.

    Attributes:
        labels: the classes.
        priors: prior probability of each class, shape `(K,)`.
    """

    labels: Labels
    priors: npt.NDArray[np.float64]

    @classmethod
    def fit(
        cls, items: Items, names: list[Label], options: ClassifierOptions, labels: Labels | None = None
    ) -> "Preprocessor":
        """Learn from the training part; with `labels`, whose classes are known, from one fold of it.

        Raises:
            DataError: there are fewer than two classes.
        """
        labels = labels or Labels.fit(names)
        found = fit_input(items, options.tokens, options.min_count)
        return cls(found, labels, labels.priors(labels.encode(names)))

    @classmethod
    def from_state(cls, content: dict[str, Any]) -> "Preprocessor":
        """Return the preprocessor that `content` was made from."""
        labels = Labels(content["classes"], content["multilabel"])
        return cls(input_from_state(content["input"]), labels, np.array(content["priors"]))

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {
            "input": self.input.content(),
            "classes": self.labels.classes.tolist(),
            "multilabel": self.labels.multilabel,
            "priors": self.priors.tolist(),
        }

    def label(self, items: Items, names: list[Label]) -> Examples:
        """Return sequences and labels in numbers.

        Raises:
            DataError: a label is none of the classes, or the sequences are of another kind.
        """
        return Examples(items, self.input.encode(items), self.labels.encode(names))


@dataclass(frozen=True)
class Prepared(PreparedData[Examples, Preprocessor]):
    """The data of one training.

    Attributes:
        columns: the columns of the table that was read; None where `X` and `y` were given.
        read: how much of a table was read, such as "40 rows"; None likewise.
        names: the labels of the training part as given.
        folds: the fold of each training sequence, where all of them are cross-validated (`splits.fold_rows`).
    """

    columns: Columns | None
    read: str | None
    names: list[Label]
    folds: Rows | None


def prepare(X: Any, y: Any, options: ClassifierOptions) -> Prepared:
    """Read sequences and labels, split them, and encode both parts.

    Args:
        X: sequences, or a table that holds their labels too: a path or a frame.
        y: a label, or a list of labels, for each sequence; None with a table.
        options: the options of the classifier.

    Raises:
        DataError: the data cannot be used; the message names the row.
    """
    columns = read = None
    if y is None and (isinstance(X, str | os.PathLike) or as_frame(X) is not None):
        table = read_table(X)
        columns = Columns.found(table, options)
        items, y = columns.examples(table)
        read = counted(len(table), "row") + (f", {len(items):,} series" if len(items) < len(table) else "")
    else:
        items = as_items(X)
    labels = as_labels(y, len(items))
    folds = None
    if cross_validates(options, len(items), len({str(label) for label in labels})):
        training, held_out = np.arange(len(items)), np.arange(0)
        folds = fold_rows(labels, FOLDS, options.seed)
    else:
        share = VALIDATION_FRACTION if options.validation_fraction is None else options.validation_fraction
        training, held_out = split_rows(len(items), share, options.split, options.seed, labels)
    parts = [(pick(items, rows), pick(labels, rows)) for rows in (training, held_out)]
    preprocessor = Preprocessor.fit(*parts[0], options)
    return Prepared(
        preprocessor.label(*parts[0]),
        preprocessor.label(*parts[1]) if len(held_out) else None,
        preprocessor,
        count_duplicates(parts[0][0], parts[1][0]),
        columns,
        read,
        parts[0][1],
        folds,
    )
