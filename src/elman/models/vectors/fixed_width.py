"""Share training, prediction and files among classifiers whose network reads a fixed number of inputs."""

from typing import Any, ClassVar, Self, Unpack

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from torch import Tensor

from elman.data.inputs import SeriesInput, TokenInput, input_from_state
from elman.data.splits import count_duplicates, pick, split_rows
from elman.errors import DataError
from elman.models.estimator.base import Estimator
from elman.models.estimator.examples import ByLength
from elman.models.estimator.feature_names import content_of_names, in_order, learn_names, set_names
from elman.models.networks.feed_forward import LabelledVectors, Taught, probabilities
from elman.models.scoring.classification import CLASS_FREQUENCIES, Measured, mean_nats
from elman.models.scoring.labels import Label, Labels, as_labels
from elman.train.run import RunOptions, check_run


class FixedWidth(ClassifierMixin, Estimator):  # type: ignore[misc]
    """A classifier that sees each input as a vector of one length, and one input at a time.

    A child says how it reads inputs (`_read`), what it learns of them (`_learn_input`), how they become vectors
    (`_encode`), and which network takes those (`_make_network`).

    Attributes:
        target: what one input is called, such as "vector".
    """

    target: ClassVar[str]
    input_: TokenInput | SeriesInput
    labels_: Labels
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
        check_run(run)
        options = self._options()
        items, labels = self._examples(X, y, options)
        learned, held_out = split_rows(len(items), options.validation_fraction, options.split, options.seed, labels)
        self.labels_ = Labels.fit(pick(labels, learned))
        self._learn_input(pick(items, learned), options)
        training = self._labelled(pick(items, learned), pick(labels, learned))
        measured = None
        self.duplicates_ = 0
        if len(held_out):
            measured = self._labelled(pick(items, held_out), pick(labels, held_out))
            self.duplicates_ = count_duplicates(training.vectors, measured.vectors)
        self._learn(run, training.fingerprint(), lambda: self._begin(training, measured, options))
        self.held_out_ = self._measured(measured) if measured else None
        return self

    def predict(self, X: Any) -> Any:
        """Return the likeliest label of each input, shape `(n,)`; errors as in `predict_proba`."""
        found = self.predict_proba(X)
        return self.labels_.decode(found)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of every class for each input, shape `(n, K)`.

        Raises:
            DataError: the inputs are of another kind or width than those of training, or cannot be used.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        return probabilities(self.network_, self._encode(self._read(in_order(self, X, self._unread()))))

    @property
    def classes_(self) -> Any:
        """The labels of the training part, sorted."""
        return self.labels_.classes

    def _unread(self) -> tuple[str | None, ...]:
        """Return the columns of a frame that may be there and are not read."""
        return ()

    def _read(self, X: Any) -> list[Any]:
        """Return the inputs as a list of what `_encode` takes."""
        raise NotImplementedError

    def _learn_input(self, items: list[Any], options: Any) -> None:
        """Set `input_` from the training part."""
        raise NotImplementedError

    def _encode(self, items: list[Any]) -> npt.NDArray[Any]:
        """Return inputs as numbers, `(n, ...)`, the same width for each."""
        raise NotImplementedError

    def _make_network(self, options: Any) -> None:
        """Set `network_` with first weights: from what `_encode` returns to scores `(n, K)`."""
        raise NotImplementedError

    def _examples(self, X: Any, y: Any, options: Any) -> tuple[list[Any], list[Label]]:
        """Return inputs and their labels."""
        learn_names(self, X)
        items = self._read(X)
        labels = as_labels(y, len(items))
        if any(isinstance(label, list) for label in labels):
            raise DataError(
                f"y: expected one label a {self.target}, got a list: take SequenceClassifier for several labels"
            )
        return items, labels

    def _labelled(self, items: list[Any], labels: list[Label]) -> LabelledVectors:
        return LabelledVectors(self._encode(items), self.labels_.encode(labels).astype(np.int64))

    def _measured(self, examples: LabelledVectors) -> Measured:
        found = probabilities(self.network_, examples.vectors)
        priors = np.tile(self.priors_, (len(found), 1))
        return Measured(self.labels_, examples.targets, {CLASS_FREQUENCIES: priors, "network": found}, self.target)

    def _begin(self, training: LabelledVectors, held_out: LabelledVectors | None, options: Any) -> ByLength:
        """Return the job of learning vectors, with a new network."""
        self._make_network(options)
        self.priors_ = self.labels_.priors(training.targets)
        self.baselines_ = {}
        if held_out:
            priors = np.tile(self.priors_, (len(held_out.targets), 1))
            self.baselines_ = {CLASS_FREQUENCIES: mean_nats(priors, held_out.targets)}
        return ByLength(
            self.network_,
            Taught(self.network_, training),
            Taught(self.network_, held_out) if held_out else None,
            batch=options.batch_size,
            seed=options.seed,
            target=self.target,
            loss_unit=self.loss_unit,
            baselines=self.baselines_,
        )

    def _content(self) -> dict[str, Any]:
        return {
            "input": self.input_.content(),
            "classes": self.classes_.tolist(),
            "priors": self.priors_.tolist(),
            "duplicates": self.duplicates_,
        } | content_of_names(self)

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.input_ = input_from_state(content["input"])
        set_names(self, content)
        self.labels_ = Labels(content["classes"], multilabel=False)
        self.priors_, self.duplicates_ = np.array(content["priors"]), content["duplicates"]
        self._make_network(self._options())
