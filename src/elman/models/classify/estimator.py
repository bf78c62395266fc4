"""Define `SequenceClassifier`, which predicts the label, or the labels, of a whole sequence."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, Unpack, cast

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import ClassifierMixin
from torch import Tensor

from elman.data.inputs import TokenInput
from elman.data.items import Items, as_items
from elman.data.tables import read_table
from elman.data.vocabulary import read_vectors
from elman.errors import InputError
from elman.models.classify.columns import Columns
from elman.models.classify.network import LabelledSequences, Network, members_of, scores_of
from elman.models.classify.options import FOLDS, ClassifierOptions, Sizes, chosen
from elman.models.classify.preprocess import Prepared, Preprocessor, prepare
from elman.models.classify.simple import IGNORE_ORDER, Examples, SimpleModels, equal_answer
from elman.models.classify.stream import LabelStream
from elman.models.classify.training import LeftOut, cross_validate, joined, learned, plan, task
from elman.models.estimator.answer import NETWORK, Answer, Scores
from elman.models.estimator.base import Estimator
from elman.models.estimator.columns import content_of_names, in_order, learn_names, of_file, set_names
from elman.models.estimator.contents import ClassifierContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.reports import Columns as OutputColumns
from elman.models.estimator.reports import Report
from elman.models.estimator.streaming import check_answer
from elman.models.scoring.answer import choose
from elman.models.scoring.bag_of_words import likelihoods
from elman.models.scoring.classification import Measured, mean_nats, report_of
from elman.models.scoring.labels import Targets, as_labels
from elman.options import AnswerName
from elman.rounding import counted
from elman.train import Task
from elman.train.run import RunOptions


class SequenceClassifier(ClassifierMixin, Estimator, ClassifierOptions):  # type: ignore[misc]
    """A recurrent classifier of sequences of words, characters, symbols or numbers.

    Sequences may differ in length. They are packed, not padded, so a prediction does not depend on the other sequences
    in its batch. Vocabulary, scale and classes are fitted on the training part alone.

    Attributes:
        classes_: the labels of the training part, sorted, after `fit`.
        network_: the trained network, or an ensemble of several.
        preprocessor_: vocabulary or scale, and classes, all from the training part.
        simple_: the simple models: a bag of words (of series: of steps), n-grams of texts, convolutions of series, and
            models of symbols at fixed positions; fitted on all sequences, once the answer is chosen.
        baselines_: held-out nats per sequence of the class frequencies and the simple models; empty with none held out.
        progress_: counts and losses of the training.
        duplicates_: held-out sequences that are in the training part too.
        held_out_: how the network, the simple models and the answer did on the held-out part, or in a
            cross-validation on all sequences; None with nothing held out.

    Raises:
        InputError: an option is out of range.

    Example:
        >>> import elman
        >>> texts = ["what a good film", "what a bad film", "a good cast and a good plot", "a bad plot badly cast"]
        >>> small = {"hidden_size": 8, "embedding_dim": 8, "min_count": 1, "epochs": 30}
        >>> model = elman.SequenceClassifier(**small, validation_fraction=0)
        >>> model = model.fit(texts, ["good", "bad", "good", "bad"])
        >>> model.predict(["such a good plot"]).tolist()
        ['good']
    """

    kind = "sequence-classifier"
    content_type = ClassifierContent
    loss_unit = "nats/sequence"
    example = "sequence"
    network_: Network
    preprocessor_: Preprocessor
    columns_: Columns | None
    held_out_: Measured | None
    simple_: SimpleModels
    answer_: Answer
    _left_out: LeftOut | None
    """The cross-validation, until the answer is chosen."""

    def fit(self, X: Any, y: Any = None, **run: Unpack[RunOptions]) -> Self:
        """Learn sequences and their labels.

        Args:
            X: texts, lists of symbols, or series of numbers, see `elman.data.items.as_items`; or a table with a column
                of labels, a path or a frame, with `y` left out.
            y: a label for each sequence, or a list of labels for each.
            **run: `files`, `resume`, `overwrite`, `callback` and `checkpoint_seconds`, see `elman.train.RunOptions`.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: the data cannot be used; the message names the row.
            InputError: an option is out of range, or `files` cannot be written.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        options = self._options_for(run)
        data = prepare(X, y, options)
        self.columns_, self.duplicates_ = data.columns, data.duplicates
        if data.read:
            self.read_ = data.read
        learn_names(self, None if data.columns else X)
        if isinstance(X, np.ndarray) and X.ndim == 2:
            self.n_features_in_ = X.shape[1]
        self.preprocessor_, self.classes_ = data.preprocessor, data.preprocessor.labels.classes
        options = self._chosen(data, options)
        found = data.preprocessor.input
        self.simple_, one_left_out = SimpleModels.fit(found, data.training, data.preprocessor.labels, options)
        left_out = None
        if data.folds is not None:
            left_out = cross_validate(data, options, (self.simple_, one_left_out), self.loss_unit)
            if self.epochs is None:
                options = replace(options, epochs=left_out.epochs, patience=None)
        self._learn(run, data.fingerprint(), lambda: self._begin(data, left_out, options), options)
        return self

    def _chosen(self, data: Prepared, options: ClassifierOptions) -> ClassifierOptions:
        inputs, found = data.training.inputs, data.preprocessor.input
        tokens = found.tokens if isinstance(found, TokenInput) else None
        folds = 0 if data.folds is None else FOLDS
        sizes = Sizes(len(inputs), len(inputs.values), len(data.preprocessor.labels))
        return chosen(options, sizes, tokens, data.held_out is not None, folds)

    def predict(self, X: Any) -> Any:
        """Return the likeliest label of each sequence, shape `(n,)`; with several labels, a list of lists."""
        probabilities = self.predict_proba(X)
        return self.preprocessor_.labels.decode(probabilities)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of every class for each sequence, shape `(n, K)`.

        Raises:
            DataError: the sequences are of another kind than those of training.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        items = as_items(in_order(self, X))
        inputs, factors = self.preprocessor_.input.encode(items), self.answer_.factors
        parts = self.simple_.scores(items, inputs, factors)
        if NETWORK in factors:
            parts[NETWORK] = scores_of(self.network_, inputs)
        return likelihoods(self.answer_.scores(parts), self.preprocessor_.labels.multilabel)

    def stream(self, batch: int = 1, precision: str = "float32", *, answer: AnswerName = "best") -> LabelStream:
        """Return a stream that classifies what was read of each sequence so far: `stream.step(symbol)`.

        It has the network alone, in one direction: the classifier has to be fitted with `bidirectional=False`. Its
        labels are then those of `predict` for the beginning of a sequence, if the network answers there.

        Args:
            batch: B, the number of rows, each with a sequence of its own.
            precision: "float32", "bfloat16" or "int8"; see `elman.Stream`.
            answer: "best" is what `predict` answers with, and has to be the network; "network" takes the network
                whatever `predict` answers with.

        Raises:
            InputError: the model reads in both directions, pools by attention, answers with something else than its
                network, or is not fitted.
        """
        self._check_fitted()
        check_answer(self.answer_, answer)
        return LabelStream(self.network_, self.preprocessor_, batch, precision)

    def read(self, source: Any) -> Iterator[tuple[list[Any], Items]]:
        """Return the pieces of a table: names of rows or series, and their sequences (see `OnFiles`)."""
        return self._columns().sequences(source)

    def rows(self, piece: tuple[list[Any], Items]) -> OutputColumns:
        """Return name, label and the probability of every class of each sequence of a piece (see `OnFiles`)."""
        names, items = piece
        probabilities = self.predict_proba(items)
        found = self.preprocessor_.labels.decode(probabilities)
        labels = list(found) if self.preprocessor_.labels.multilabel else found.tolist()
        classes = {
            f"p({name})": some.tolist() for name, some in zip(self.classes_, probabilities.T.round(6), strict=True)
        }
        return {"series" if self._columns().series else "row": names, "label": self._columns().cells(labels)} | classes

    def report(self, source: Any) -> Report:
        """Return accuracy, F1 and loss on a table with labels, compared with the baselines (see `OnFiles`)."""
        columns, table = self._columns(), read_table(source)
        items, labels = columns.examples(table)
        asked = self.preprocessor_.label(items, as_labels(labels, len(items)))
        parts = self._parts(asked)
        found = self._measured(parts, asked.targets, self.answer_.scores(parts))
        return report_of(found, f"{table.name}: {counted(len(items), 'sequence')}")

    def _columns(self) -> Columns:
        self._check_fitted()
        return of_file(self.columns_, "sequences")

    def _parts(self, found: Examples) -> dict[str, Scores]:
        """Return the scores of the simple models, and of the network, by name."""
        return self.simple_.scores(found.items, found.inputs) | {NETWORK: scores_of(self.network_, found.inputs)}

    def _measured(self, parts: dict[str, Scores], targets: Targets, answers: Scores) -> Measured:
        """Compare the parts, and the answer's own scores, which come last."""
        labels, name = self.preprocessor_.labels, self.answer_.name
        scores = {other: part for other, part in parts.items() if other != name} | {name: answers}
        return Measured(labels, targets, {one: likelihoods(each, labels.multilabel) for one, each in scores.items()})

    def _finish(self, task: Task) -> None:
        """Choose the answer, measure it, and let the simple models learn from the held-out part too."""
        ours, preprocessor = cast(ByLength, task), self.preprocessor_
        left_out, self.held_out_ = self._left_out, None
        del self._left_out
        training = cast(LabelledSequences, ours.training).examples
        held_out = cast(LabelledSequences, ours.held_out).examples if ours.held_out else None
        if held_out:
            left_out = LeftOut(self._parts(held_out), held_out.targets)
        if left_out is None:
            self.answer_ = equal_answer(self.simple_, self.answer == "network")
            return
        multilabel = preprocessor.labels.multilabel
        blind = {name: part for name, part in left_out.parts.items() if name in IGNORE_ORDER}
        parts = {name: part for name, part in left_out.parts.items() if name not in IGNORE_ORDER}
        weights = preprocessor.labels.weights(self.class_weight, preprocessor.priors)
        self.answer_, candidates = choose(parts, left_out.targets, multilabel, blind, weights)
        if self.answer == "network":
            self.answer_ = Answer.only(NETWORK, self.answer_.losses)
        answers = candidates[self.answer_.name]
        self.held_out_ = self._measured(left_out.parts, left_out.targets, answers)
        if held_out:
            self.simple_, _ = SimpleModels.fit(
                preprocessor.input,
                joined(training, held_out),
                preprocessor.labels,
                self._filled_options(),
                like=self.simple_,
            )

    def _begin(self, data: Prepared, left_out: LeftOut | None, options: ClassifierOptions) -> ByLength:
        """Return the job of learning some sequences, with a new network."""
        self._left_out = left_out
        vectors = self._vectors(options)
        self._make_network(options, len(next(iter(vectors.values()))) if vectors else options.embedding_dim)
        self._set_vectors(vectors)
        found: dict[str, Scores] = {}
        targets = data.training.targets
        if left_out:
            found, targets = {name: part for name, part in left_out.parts.items() if name != NETWORK}, left_out.targets
        elif data.held_out:
            found, targets = self.simple_.scores(data.held_out.items, data.held_out.inputs), data.held_out.targets
        multilabel = self.preprocessor_.labels.multilabel
        self.baselines_ = {name: mean_nats(likelihoods(part, multilabel), targets) for name, part in found.items()}
        parts = (data.training, data.held_out)
        return task(self.network_, parts, self.preprocessor_, options, self.baselines_, self.loss_unit)

    def _as_taught(self, X: Any, y: Any) -> LabelledSequences:
        options = self._filled_options()
        if y is None:
            table = read_table(X)
            X, y = (self.columns_ or Columns.found(table, options)).examples(table)
        items = as_items(in_order(self, X))
        found = self.preprocessor_.label(items, as_labels(y, len(items)))
        return learned(self.network_, found, self.preprocessor_, options)

    def _make_network(self, options: ClassifierOptions, embedding: int) -> None:
        self.embedding_ = embedding
        self.network_ = self._build(lambda: plan(self.preprocessor_, options, embedding))

    def _vectors(self, options: ClassifierOptions) -> dict[int, npt.NDArray[np.float32]]:
        """Return the word vectors that somebody trained, by the number of the symbol; none where none are asked for."""
        if options.pretrained is None:
            return {}
        if not isinstance(self.preprocessor_.input, TokenInput):
            raise InputError("pretrained: expected texts to go with word vectors, got series: leave it out")
        return read_vectors(Path(options.pretrained), self.preprocessor_.input.vocabulary)

    def _set_vectors(self, vectors: dict[int, npt.NDArray[np.float32]]) -> None:
        for member in members_of(self.network_):
            if embed := member.encoder.embed:
                for number, vector in vectors.items():
                    embed.weight.data[number] = torch.from_numpy(vector)

    def _content(self) -> dict[str, Any]:
        columns = None if self.columns_ is None else vars(self.columns_)
        own = {"columns": columns, "embedding": self.embedding_} | content_of_names(self)
        return self.preprocessor_.content() | {"simple": self.simple_.content()} | own

    def _tensors(self) -> dict[str, Tensor]:
        return self.simple_.tensors()

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.preprocessor_ = Preprocessor.from_state(content)
        labels = self.preprocessor_.labels
        self.classes_ = labels.classes
        self.simple_ = SimpleModels.from_state(labels, self.preprocessor_.input, content["simple"], tensors)
        self.simple_.check(self.answer_.factors)
        set_names(self, content)
        columns = content["columns"]
        self.columns_ = None if columns is None else Columns(**columns | {"features": tuple(columns["features"])})
        self._make_network(self._filled_options(), content["embedding"])
