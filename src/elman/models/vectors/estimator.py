"""Define `FeedForward`, a classifier of single vectors, to compare recurrent classifiers with."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import Tensor

from elman.data.inputs import SeriesInput
from elman.data.items import Floats, as_items
from elman.data.tables import Table, as_frame, read_table, stream_table
from elman.errors import DataError
from elman.models.estimator.base import of_file
from elman.models.estimator.contents import FeedForwardContent
from elman.models.estimator.feature_names import set_names
from elman.models.estimator.reports import Columns, Report
from elman.models.networks.feed_forward import FeedForwardNetwork
from elman.models.scoring.classification import report_of
from elman.models.scoring.labels import LABEL_COLUMNS, as_labels
from elman.models.vectors.fixed_width import FixedWidth
from elman.models.vectors.options import FeedForwardOptions


class FeedForward(FixedWidth, FeedForwardOptions):
    """A multilayer perceptron on vectors of one length: each input gives one output, and none knows of another.

    It takes what a feed-forward network can take: an array `(n, I)`, or `(n, ...)`, which is flattened; rows of
    numbers; a frame of numbers; or, without labels as `y`, a table that has them in a column, a path or a frame.
    Sequences of unequal lengths it has to refuse.

    Attributes:
        classes_: the labels of the training part, sorted, after `fit`.
        network_: the trained network.
        baselines_: held-out nats per vector of the class frequencies; empty with nothing held out.
        progress_: counts and losses of the training.
        duplicates_: held-out vectors that are in the training part too.
        held_out_: how the network and the class frequencies did on the held-out part; None with nothing held out.

    Raises:
        InputError: an option is out of range.

    Example:
        >>> both = [[0, 0], [0, 1], [1, 0], [1, 1]] * 10
        >>> model = elman.FeedForward(hidden_size=16, batch_size=8, epochs=60, validation_fraction=0)
        >>> model = model.fit(both, [0, 1, 1, 0] * 10)
        >>> model.predict([[1, 0], [1, 1]]).tolist()
        [1, 0]
    """

    kind = "feed-forward"
    content_type = FeedForwardContent
    loss_unit = "nats/vector"
    target = "vector"
    network_: FeedForwardNetwork
    input_: SeriesInput

    def read(self, source: Any) -> Iterator[Table]:
        """Return a table piece by piece; see `elman.models.estimator.reports.OnFiles`."""
        return stream_table(source)

    def rows(self, piece: Table) -> Columns:
        """Return number, label and the probability of every class of each row of a piece."""
        found = self.predict_proba(self._features(piece))
        numbers = list(range(piece.first, piece.first + len(piece)))
        shares = {f"p({name})": each.tolist() for name, each in zip(self.classes_, found.T.round(6), strict=True)}
        return {"row": numbers, "label": self.labels_.decode(found).tolist()} | shares

    def report(self, source: Any) -> Report:
        """Return accuracy, F1 and loss on a table with labels, compared with the class frequencies."""
        table = read_table(source)
        vectors = self._read(self._features(table))
        labels = as_labels(table.names(table.column("label", self.label_)), len(table))
        found = self._measured(self._labelled(vectors, labels))
        return report_of(found, f"{table.name}: {len(table):,} vectors")

    def _examples(self, X: Any, y: Any, options: FeedForwardOptions) -> tuple[list[Floats], list[Any]]:
        """Return vectors `(I,)` and their labels, from two arguments or from a table."""
        self.label_, self.features_ = None, None
        if y is None and (isinstance(X, str | os.PathLike) or as_frame(X) is not None):
            table = read_table(X)
            self.label_ = table.column("label", options.label, LABEL_COLUMNS)
            others = [name for name in table.columns if name != self.label_]
            self.features_ = [table.column("features", name) for name in options.features or others]
            if not self.features_:
                raise DataError(f"{table.name}: expected columns of numbers beside the labels, got none: add some")
            self.read_ = f"{len(table):,} rows"
            X, y = self._features(table), table.names(self.label_)
        vectors, labels = super()._examples(X, y, options)
        if self.features_:
            set_names(self, {"feature_names": self.features_})
        self.n_features_in_ = len(vectors[0])
        return vectors, labels

    def _unread(self) -> tuple[str | None, ...]:
        return (getattr(self, "label_", None),)

    def _read(self, X: Any) -> list[Floats]:
        return list(as_vectors(X))

    def _features(self, table: Table) -> Floats:
        columns = of_file(getattr(self, "features_", None), "vectors")
        return table.numbers([table.column("features", name) for name in columns]).astype(np.float32)

    def _learn_input(self, items: list[Floats], options: FeedForwardOptions) -> None:
        self.input_ = SeriesInput.fit([np.stack(items)])

    def _encode(self, items: list[Floats]) -> Floats:
        return self.input_.encode([np.stack(items)]).values

    def _make_network(self, options: FeedForwardOptions) -> None:
        s = options
        width, classes = len(self.input_.mean), len(self.labels_)
        self.network_ = self._build(
            lambda: FeedForwardNetwork(
                width, classes, hidden_size=s.hidden_size, num_layers=s.num_layers, dropout=s.dropout
            )
        )

    def _content(self) -> dict[str, Any]:
        return super()._content() | {"label": self.label_, "features": self.features_}

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._rebuild(content, tensors)
        self.label_, self.features_ = content["label"], content["features"]
        self.n_features_in_ = len(self.input_.mean)


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
