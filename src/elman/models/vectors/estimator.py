"""Define `FeedForward`, a classifier of single vectors, to compare recurrent classifiers with, and its base."""

from collections.abc import Iterator
from typing import Any, Self, Unpack

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from torch import Tensor

from elman.data.tables import Table, read_table, stream_table
from elman.models.estimator.base import Estimator
from elman.models.estimator.columns import content_of_names, in_order, learn_names, of_file, set_names
from elman.models.estimator.contents import FeedForwardContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.reports import Columns as OutputColumns
from elman.models.estimator.reports import Report
from elman.models.scoring.classification import CLASS_FREQUENCIES, Measured, mean_nats, report_of
from elman.models.scoring.labels import as_labels
from elman.models.vectors.network import FeedForwardNetwork, LabelledVectors, probabilities
from elman.models.vectors.options import FeedForwardOptions
from elman.models.vectors.preprocess import Columns, Labelled, Preprocessor, prepare
from elman.rounding import counted
from elman.train.run import RunOptions


class FixedWidth(ClassifierMixin, Estimator):  # type: ignore[misc]
    """A classifier that sees each input as a vector of one length, and one input at a time.

    A child makes the network (`_make_network`).

    Attributes:
        target: what one input is called, such as "vector".
    """

    target: str
    preprocessor_: Preprocessor
    columns_: Columns | None
    held_out_: Measured | None

    def fit(self, X: Any, y: Any = None, **run: Unpack[RunOptions]) -> Self:
        """Learn inputs and their labels.

        Args:
            X: the inputs, as the class describes them.
            y: a label for each input.
            **run: `files`, `resume`, `overwrite`, `callback` and `checkpoint_seconds`, see `elman.train.RunOptions`.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: the data cannot be used; the message says why.
            InputError: `files` cannot be written.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        options = self._options_for(run)
        data = prepare(X, y, options)
        learn_names(self, None if data.columns else X)
        self.preprocessor_, self.columns_, self.duplicates_ = data.preprocessor, data.columns, data.duplicates
        if data.columns:
            set_names(self, {"feature_names": data.columns.features})
            self.read_ = str(data.read)
        self._learn(run, data.fingerprint(), lambda: self._begin(data.training, data.held_out, options))
        self.held_out_ = self._measured(data.held_out) if data.held_out else None
        return self

    def predict(self, X: Any) -> Any:
        """Return the likeliest label of each input, shape `(n,)`; errors as in `predict_proba`."""
        found = self.predict_proba(X)
        return self.preprocessor_.labels.decode(found)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of every class for each input, shape `(n, K)`.

        Raises:
            DataError: the inputs are of another kind or width than those of training, or cannot be used.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        unread = (self.columns_.label,) if self.columns_ else ()
        items = self.preprocessor_.read(in_order(self, X, unread))
        return probabilities(self.network_, self.preprocessor_.encode(items))

    @property
    def classes_(self) -> Any:
        """The labels of the training part, sorted."""
        return self.preprocessor_.labels.classes

    def _make_network(self, options: Any) -> None:
        """Set `network_` with first weights: from what the preprocessor's `encode` returns to scores `(n, K)`."""
        raise NotImplementedError

    def _measured(self, examples: Labelled) -> Measured:
        found = {
            CLASS_FREQUENCIES: self._priors(examples),
            "network": probabilities(self.network_, examples.vectors),
        }
        return Measured(self.preprocessor_.labels, examples.targets, found, self.target)

    def _priors(self, examples: Labelled) -> npt.NDArray[np.float64]:
        """Return the class frequencies of training for each example, shape `(n, K)`."""
        return np.tile(self.preprocessor_.priors, (len(examples.targets), 1))

    def _begin(self, training: Labelled, held_out: Labelled | None, options: Any) -> ByLength:
        """Return the job of learning vectors, with a new network."""
        self._make_network(options)
        self.baselines_ = {}
        if held_out:
            self.baselines_ = {CLASS_FREQUENCIES: mean_nats(self._priors(held_out), held_out.targets)}
        return ByLength(
            self.network_,
            LabelledVectors(self.network_, training),
            LabelledVectors(self.network_, held_out) if held_out else None,
            batch=options.batch_size,
            seed=options.seed,
            target=self.target,
            loss_unit=self.loss_unit,
            baselines=self.baselines_,
        )

    def _content(self) -> dict[str, Any]:
        return self.preprocessor_.content() | {"duplicates": self.duplicates_} | content_of_names(self)

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        options = self._options()
        self.preprocessor_ = Preprocessor.from_state(content, options)
        self.columns_, self.duplicates_ = None, content["duplicates"]
        set_names(self, content)
        self._make_network(options)


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
    example = "vector"
    network_: FeedForwardNetwork

    @property
    def n_features_in_(self) -> int:
        """The length of a vector, I."""
        return self.preprocessor_.features

    def read(self, source: Any) -> Iterator[Table]:
        """Return a table piece by piece; see `elman.models.estimator.reports.OnFiles`."""
        return stream_table(source)

    def rows(self, piece: Table) -> OutputColumns:
        """Return number, label and the probability of every class of each row of a piece."""
        found = self.predict_proba(self._columns().vectors(piece))
        numbers = list(range(piece.first, piece.first + len(piece)))
        shares = {f"p({name})": each.tolist() for name, each in zip(self.classes_, found.T.round(6), strict=True)}
        return {"row": numbers, "label": self.preprocessor_.labels.decode(found).tolist()} | shares

    def report(self, source: Any) -> Report:
        """Return accuracy, F1 and loss on a table with labels, compared with the class frequencies."""
        columns, table = self._columns(), read_table(source)
        items = self.preprocessor_.read(columns.vectors(table))
        found = self.preprocessor_.label(items, as_labels(columns.labels(table), len(table)))
        return report_of(self._measured(found), f"{table.name}: {counted(len(table), 'vector')}")

    def _columns(self) -> Columns:
        self._check_fitted()
        return of_file(self.columns_, "vectors")

    def _make_network(self, options: FeedForwardOptions) -> None:
        width, classes = self.preprocessor_.features, len(self.preprocessor_.labels)
        self.network_ = self._build(lambda: FeedForwardNetwork(width, classes, options))

    def _content(self) -> dict[str, Any]:
        label, features = self.columns_ or (None, None)
        return super()._content() | {"label": label, "features": features}

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        super()._rebuild(content, tensors)
        if content["features"] is not None:
            self.columns_ = Columns(content["label"], content["features"])
