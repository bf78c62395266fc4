"""One input, one output: a classifier without memory, to stand beside those that have one."""

import os
from collections.abc import Iterator
from typing import Any, Self, Unpack

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from torch import Tensor

from elman.data.inputs import SeriesInput
from elman.data.items import Floats, as_items
from elman.data.splits import Split, count_duplicates, split_rows
from elman.data.tables import Table, as_frame, read_table, stream_table
from elman.errors import DataError, InputError
from elman.models.by_length import ByLength
from elman.models.classifier_columns import LABEL
from elman.models.classifier_report import Measured, mean_nats, report_of
from elman.models.estimator import Estimator
from elman.models.feed_forward_network import FeedForwardNetwork, LabelledVectors, Taught, probabilities
from elman.models.feed_forward_settings import FeedForwardSettings
from elman.models.labels import Labels, as_labels
from elman.models.reports import Columns, Report
from elman.models.running import Run, RunOptions


class FeedForward(ClassifierMixin, Estimator):  # type: ignore[misc]
    """A multilayer perceptron on vectors of one length: each input gives one output, and none knows of another.

    It takes what a feed-forward network can take. Sequences of unequal lengths it has to refuse.

    Args:
        hidden: units in a layer.
        layers: hidden layers.
        dropout: share of units dropped after each hidden layer while training, 0 up to 1.
        batch: vectors in an update.
        epochs: passes over the vectors; 20 where neither epochs nor minutes are given.
        minutes: time to train. The first limit reached counts.
        optimizer: "adam", "sgd" (with momentum) or "rmsprop".
        learning_rate: step size.
        momentum: of "sgd" and "rmsprop".
        weight_decay: what each update takes off the weights, as a share of them for each unit of the learning rate.
        averaging: share of the past in a running mean of the weights, which is measured and kept in place of the last
            ones; 0 keeps no mean.
        schedule: "constant", "cosine" or "linear" (to nothing at the last epoch), "exponential" (times `decay` an
            epoch), "plateau" (times `decay` when two evaluations bring nothing).
        decay: factor of "exponential" and "plateau".
        clip: largest global norm of the gradients; None leaves it alone.
        clip_value: largest magnitude of a single gradient; None leaves it alone.
        validation: share of the vectors that is held out, to choose the best weights on.
        split: which are held out: "stratified" draws the same share of each class, "shuffled" draws among all, "tail"
            takes the last ones.
        patience: stop after so many evaluations without a better held-out loss; None never does.
        evaluate_every: updates between two evaluations; None evaluates after every epoch, or eight times in `minutes`.
        seed: fixes first weights, dropout, order and split. Same seed, same data, same weights.
        label: the column of labels, where a table is read; None guesses.
        features: the columns of numbers; None takes all others.

    Attributes:
        classes_: the labels of the training part, sorted, after `fit`.
        network_: the trained network.
        baselines_: held-out nats per vector of the classes' shares; empty with nothing held out.
        progress_: counts and losses of the training.
        duplicates_: held-out vectors that stand in the training part too.
        held_out_: how the network and the shares did on the held-out part, after `fit`; None with nothing held out.

    Raises:
        InputError: an option is out of range.

    Example:
        >>> both = [[0, 0], [0, 1], [1, 0], [1, 1]] * 10
        >>> model = elman.FeedForward(hidden=16, batch=8, epochs=60, validation=0).fit(both, [0, 1, 1, 0] * 10)
        >>> model.predict([[1, 0], [1, 1]]).tolist()
        [1, 0]
    """

    kind = "feed-forward"
    settings_type = FeedForwardSettings
    loss_unit = "nats/vector"
    network_: FeedForwardNetwork
    input_: SeriesInput
    labels_: Labels
    held_out_: Measured | None

    def __init__(
        self,
        *,
        hidden: int = 128,
        layers: int = 1,
        dropout: float = 0.3,
        batch: int = 64,
        epochs: int | None = None,
        minutes: float | None = None,
        optimizer: str = "adam",
        learning_rate: float = 2e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        averaging: float = 0.99,
        schedule: str = "constant",
        decay: float = 0.5,
        clip: float | None = 5.0,
        clip_value: float | None = None,
        validation: float = 0.1,
        split: Split = "stratified",
        patience: int | None = None,
        evaluate_every: int | None = None,
        seed: int = 0,
        label: str | None = None,
        features: list[str] | None = None,
    ) -> None:
        self._take_options(locals())

    def fit(self, X: Any, y: Any = None, **run: Unpack[RunOptions]) -> Self:
        """Learn vectors and their labels.

        Args:
            X: an array `(n, I)`, or `(n, ...)`, which is flattened; rows of numbers; a frame of numbers. Without `y`, a
                table with a column of labels, a path or a frame.
            y: a label for each vector.
            **run: `files`, `resume`, `overwrite`, `listener` and `checkpoint_seconds`, see `models/running.py`.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: the data cannot be used, such as vectors of unequal lengths; the message says why.
            InputError: `files` cannot be written.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        checked, settings = Run.checked(run), self._settings()
        vectors, labels = self._examples(X, y, settings)
        learned, held_out = split_rows(len(vectors), settings.validation, settings.split, settings.seed, labels)
        self.labels_ = Labels.learn([labels[row] for row in learned])
        self.input_ = SeriesInput.learn([vectors[learned]])
        self.duplicates_ = count_duplicates(*([v.tobytes() for v in vectors[part]] for part in (learned, held_out)))
        training, measured = (
            LabelledVectors(self._scaled(vectors[part]), self._numbers([labels[row] for row in part]))
            for part in (learned, held_out)
        )
        self._learn(
            checked,
            training.fingerprint(),
            lambda: self._begin(training, measured if len(held_out) else None, settings),
        )
        self.held_out_ = self._measured(measured) if len(held_out) else None
        return self

    def predict(self, X: Any) -> Any:
        """Return the likeliest label of each vector, shape `(n,)`; errors as in `predict_proba`."""
        found = self.predict_proba(X)
        return self.labels_.decode(found)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of every class for each vector, shape `(n, K)`.

        Raises:
            DataError: the vectors are of another length than those of training, or cannot be used.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        return probabilities(self.network_, self._scaled(as_vectors(X)))

    def read(self, source: Any) -> Iterator[Table]:
        """Return a table piece by piece; see `elman.models.reports.OnFiles`."""
        return stream_table(source)

    def rows(self, piece: Table) -> Columns:
        """Return number, label and the probability of every class of each row of a piece."""
        found = self.predict_proba(self._features(piece))
        numbers = list(range(piece.first, piece.first + len(piece)))
        shares = {f"p({name})": each.tolist() for name, each in zip(self.classes_, found.T.round(6), strict=True)}
        return {"row": numbers, "label": self.labels_.decode(found).tolist()} | shares

    def report(self, source: Any) -> Report:
        """Return accuracy, F1 and loss on a table with labels, beside the shares of the classes."""
        table = read_table(source)
        vectors = self._scaled(as_vectors(self._features(table)))
        labels = as_labels(table.values(table.column("label", self.label_)), len(table))
        found = self._measured(LabelledVectors(vectors, self._numbers(labels)))
        return report_of(found, f"{table.name}: {len(table):,} vectors")

    @property
    def classes_(self) -> Any:
        """The labels of the training part, sorted."""
        return self.labels_.classes

    def _examples(self, X: Any, y: Any, settings: FeedForwardSettings) -> tuple[Floats, list[Any]]:
        """Return vectors `(n, I)` and their labels, from two arguments or from a table."""
        self.label_, self.features_ = None, None
        if y is None and (isinstance(X, str | os.PathLike) or as_frame(X) is not None):
            table = read_table(X)
            self.label_ = table.column("label", settings.label, LABEL)
            others = [name for name in table.columns if name != self.label_]
            self.features_ = [table.column("features", name) for name in settings.features or others]
            X, y = self._features(table), table.values(self.label_)
        vectors = as_vectors(X)
        self.n_features_in_ = vectors.shape[1]
        labels = as_labels(y, len(vectors))
        if any(isinstance(label, list) for label in labels):
            raise DataError("y: expected one label a vector, came a list: take SequenceClassifier for several labels")
        return vectors, labels

    def _features(self, table: Table) -> Floats:
        self._check_columns()
        return table.numbers([table.column("features", name) for name in self.features_ or ()]).astype(np.float32)

    def _check_columns(self) -> None:
        if getattr(self, "features_", None) is None:
            raise InputError("model: trained on vectors, not on a table: train it on a file, or call predict")

    def _scaled(self, vectors: Floats) -> Floats:
        return self.input_.encode([vectors]).values

    def _numbers(self, labels: list[Any]) -> npt.NDArray[np.int64]:
        return self.labels_.encode(labels).astype(np.int64)

    def _measured(self, examples: LabelledVectors) -> Measured:
        found = probabilities(self.network_, examples.vectors)
        shares = np.tile(self.shares_, (len(found), 1))
        return Measured(self.labels_, examples.targets, {"class shares": shares, "network": found})

    def _begin(
        self, training: LabelledVectors, held_out: LabelledVectors | None, settings: FeedForwardSettings
    ) -> ByLength:
        """Return the job of learning vectors, with a new network."""
        self._prepare(settings)
        self.shares_ = self.labels_.chances(training.targets)
        if held_out:
            shares = np.tile(self.shares_, (len(held_out.targets), 1))
            self.baselines_ = {"class shares": mean_nats(shares, held_out.targets)}
        return ByLength(
            self.network_,
            Taught(self.network_, training),
            Taught(self.network_, held_out) if held_out else None,
            batch=settings.batch,
            seed=settings.seed,
            target="vector",
            loss_unit=self.loss_unit,
            baselines=self.baselines_,
        )

    def _prepare(self, settings: FeedForwardSettings) -> None:
        """Make a network with first weights."""
        s = settings
        self.network_ = FeedForwardNetwork(
            len(self.input_.mean), len(self.labels_), hidden=s.hidden, layers=s.layers, dropout=s.dropout
        )
        self.baselines_ = {}

    def _content(self) -> dict[str, Any]:
        return {
            "input": self.input_.content(),
            "classes": self.classes_.tolist(),
            "shares": self.shares_.tolist(),
            "label": self.label_,
            "features": self.features_,
            "duplicates": self.duplicates_,
        }

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        scale = content["input"]
        self.input_ = SeriesInput(np.array(scale["mean"], np.float32), np.array(scale["deviation"], np.float32))
        self.labels_ = Labels(content["classes"], several=False)
        self.shares_ = np.array(content["shares"])
        self.label_, self.features_, self.duplicates_ = (content[name] for name in ("label", "features", "duplicates"))
        self.n_features_in_ = len(self.input_.mean)
        self._prepare(self._settings())


def as_vectors(source: Any) -> Floats:
    """Return vectors of one length as an array `(n, I)`.

    Args:
        source: an array `(n, I)` or `(n, ...)`, a frame of numbers, or rows of numbers.

    Raises:
        DataError: rows are of unequal lengths, are no numbers or not finite, or there are none.
    """
    if isinstance(source, np.ndarray) and source.ndim > 2:
        source = source.reshape(len(source), -1)
    items = as_items(source)
    if not isinstance(items[0], np.ndarray):
        raise DataError("X: expected vectors of numbers, came texts: take SequenceClassifier, which reads them")
    widths = sorted({item.size for item in items if isinstance(item, np.ndarray)})
    if len(widths) > 1:
        raise DataError(
            f"X: expected vectors of one length, came {widths[0]} to {widths[-1]} numbers: a feed-forward network "
            "takes no sequences of unequal lengths; take SequenceClassifier"
        )
    return np.stack([np.ravel(item) for item in items])
