"""Read vectors, or windows of sequences, and their labels; split them, and encode both parts as arrays.

All that is learned from data, vocabulary or scale and the classes, is learned from the training part alone.
"""

import os
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.data.inputs import SeriesInput, TokenInput, fit_input, input_from_state
from elman.data.items import Floats, as_items
from elman.data.sequences import Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.data.tables import Table, as_frame, read_table
from elman.errors import DataError
from elman.models.estimator.preprocess import InputPreprocessor, PreparedData
from elman.models.scoring.labels import LABEL_COLUMNS, Label, Labels, as_labels
from elman.models.vectors.options import FeedForwardOptions, WindowOptions
from elman.options import SideName
from elman.rounding import counted


class Columns(NamedTuple):
    """The columns of a table: that of the labels, and those of the numbers of a vector."""

    label: str
    features: list[str]

    @classmethod
    def found(cls, table: Table, options: FeedForwardOptions) -> "Columns":
        """Take the columns that the options name, guess that of the labels, and take all others where none is named.

        Raises:
            DataError: a column is not there, cannot be guessed, or none is left for the vectors.
        """
        label = table.column("label", options.label, LABEL_COLUMNS)
        others = [name for name in table.columns if name != label]
        features = [table.column("features", name) for name in options.features or others]
        if not features:
            raise DataError(f"{table.name}: expected columns of numbers beside the labels, got none: add some")
        return cls(label, features)

    def vectors(self, table: Table) -> Floats:
        """Return the vectors of a table, shape `(n, I)`."""
        return table.numbers([table.column("features", name) for name in self.features]).astype(np.float32)

    def labels(self, table: Table) -> list[Label]:
        """Return the labels of a table."""
        return table.names(table.column("label", self.label))


@dataclass(frozen=True)
class Labelled:
    """Inputs in numbers, shape `(n, ...)`, such as scaled vectors, and the number of each one's class, shape `(n,)`."""

    vectors: npt.NDArray[Any]
    targets: npt.NDArray[np.int64]

    def fingerprint(self) -> dict[str, str]:
        """Return digests of every vector and every class."""
        return {
            "vectors": Sequences.of([self.vectors]).fingerprint(),
            "labels": Sequences.of([self.targets]).fingerprint(),
        }


@dataclass(frozen=True)
class Preprocessor(InputPreprocessor):
    """Encode inputs and labels as numbers, the same width for every input.

    Attributes:
        labels: the classes.
        priors: prior probability of each class, shape `(K,)`.
        window: the number of steps that are read of a sequence, and which; None where the inputs are vectors.
    """

    labels: Labels
    priors: npt.NDArray[np.float64]
    window: tuple[int, SideName] | None

    @classmethod
    def fit(cls, items: list[Any], names: list[Label], options: FeedForwardOptions | WindowOptions) -> "Preprocessor":
        """Learn from the training part.

        Raises:
            DataError: there are fewer than two classes.
        """
        labels = Labels.fit(names)
        found: TokenInput | SeriesInput
        if isinstance(options, WindowOptions):
            found = fit_input(items, options.tokens, options.min_count)
        else:
            found = SeriesInput.fit([np.stack(items)])
        return cls(found, labels, labels.priors(labels.encode(names)), window_of(options))

    @classmethod
    def from_state(cls, content: dict[str, Any], options: FeedForwardOptions | WindowOptions) -> "Preprocessor":
        """Return the preprocessor that `content` was made from."""
        labels = Labels(content["classes"], multilabel=False)
        return cls(input_from_state(content["input"]), labels, np.array(content["priors"]), window_of(options))

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        classes = self.labels.classes.tolist()
        return {"input": self.input.content(), "classes": classes, "priors": self.priors.tolist()}

    def read(self, X: Any) -> list[Any]:
        """Return the inputs as a list of what `encode` takes.

        Raises:
            DataError: they cannot be used.
        """
        return list(as_vectors(X)) if self.window is None else as_items(X)

    def encode(self, items: list[Any]) -> npt.NDArray[Any]:
        """Return scaled vectors `(n, I)`; or, of windows, numbers of symbols `(n, N)` or scaled steps `(n, N, I)`.

        Raises:
            DataError: the inputs are of another kind or width than those of training.
        """
        if self.window is None:
            return self.input.encode([np.stack(items)]).values
        # Where there is no step: a symbol after all others, or the mean of a feature.
        return self.input.encode(items).window(*self.window, self.symbols or 0)

    def label(self, items: list[Any], names: list[Label]) -> Labelled:
        """Return inputs and labels in numbers.

        Raises:
            DataError: a label is none of the classes, or the inputs are of another kind.
        """
        return Labelled(self.encode(items), self.labels.encode(names).astype(np.int64))


@dataclass(frozen=True)
class Prepared(PreparedData[Labelled, Preprocessor]):
    """The data of one training. Duplicates are inputs that look alike to the network.

    Attributes:
        columns: the columns of the table that was read; None where `X` and `y` were given.
        read: how much of a table was read, such as "40 rows"; None likewise.
    """

    columns: Columns | None
    read: str | None


def prepare(X: Any, y: Any, options: FeedForwardOptions | WindowOptions) -> Prepared:
    """Read inputs and labels, split them, and encode both parts.

    Args:
        X: vectors, or a table that holds their labels too, a path or a frame; for windows sequences.
        y: a label for each input; None with a table.
        options: the options of the classifier.

    Raises:
        DataError: the data cannot be used; the message says why.
    """
    columns = read = None
    windows = isinstance(options, WindowOptions)
    if isinstance(options, FeedForwardOptions) and y is None and is_table(X):
        table = read_table(X)
        columns, read = Columns.found(table, options), counted(len(table), "row")
        X, y = columns.vectors(table), columns.labels(table)
    items = as_items(X) if windows else list(as_vectors(X))
    labels = as_labels(y, len(items))
    if any(isinstance(label, list) for label in labels):
        raise DataError(
            f"y: expected one label a {options.target}, got a list: take SequenceClassifier for several labels"
        )
    rows = split_rows(len(items), options.validation_fraction, options.split, options.seed, labels)
    learned, asked = ((pick(items, part), pick(labels, part)) for part in rows)
    preprocessor = Preprocessor.fit(*learned, options)
    training = preprocessor.label(*learned)
    held_out = preprocessor.label(*asked) if len(rows[1]) else None
    duplicates = count_duplicates(training.vectors, held_out.vectors) if held_out else 0
    return Prepared(training, held_out, preprocessor, duplicates, columns, read)


def is_table(X: Any) -> bool:
    """Say whether X is a path or a frame."""
    return isinstance(X, str | os.PathLike) or as_frame(X) is not None


def window_of(options: FeedForwardOptions | WindowOptions) -> tuple[int, SideName] | None:
    """Return the number of steps that are read of a sequence, and which; None for vectors."""
    return (options.window, options.side) if isinstance(options, WindowOptions) else None


def as_vectors(source: Any) -> Floats:
    """Return vectors of one length as an array `(n, I)`.

    Args:
        source: an array `(n, I)` or `(n, ...)`, a frame of numbers, or rows of numbers.

    Raises:
        DataError: rows are of unequal lengths, are no numbers or not finite, or there are none.
    """
    if isinstance(source, np.ndarray) and source.ndim > 2 and len(source):
        source = source.reshape(len(source), -1)
    items = as_items(source)
    if not isinstance(items[0], np.ndarray):
        raise DataError("X: expected vectors of numbers, got texts: take SequenceClassifier, which reads them")
    widths = sorted({item.size for item in items if isinstance(item, np.ndarray)})
    if len(widths) > 1:
        raise DataError(
            f"X: expected vectors of one length, got {widths[0]} to {widths[-1]} numbers: a feed-forward network "
            "takes no sequences of unequal lengths; take SequenceClassifier"
        )
    return np.stack([np.ravel(item) for item in items])
