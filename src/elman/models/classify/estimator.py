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
from elman.models.classify.network import ClassifierNetwork, LabelledSequences, loss_of, scores_of
from elman.models.classify.options import ClassifierOptions, batch_size_for, epochs_for
from elman.models.classify.preprocess import Labelled, Preprocessor, Scores, prepare
from elman.models.estimator.base import Estimator
from elman.models.estimator.columns import content_of_names, in_order, learn_names, of_file, set_names
from elman.models.estimator.contents import ClassifierContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.reports import Columns as OutputColumns
from elman.models.estimator.reports import Report
from elman.models.networks.encoder import Encoder
from elman.models.scoring.bag_of_words import likelihoods
from elman.models.scoring.classification import Measured, mean_nats, report_of
from elman.models.scoring.labels import as_labels
from elman.models.scoring.ngrams import Mix, choose_mix
from elman.rounding import counted
from elman.train import Task
from elman.train.run import RunOptions


class SequenceClassifier(ClassifierMixin, Estimator, ClassifierOptions):  # type: ignore[misc]
    """A recurrent classifier of sequences of words, characters, symbols or numbers.

    Sequences may differ in length. They are packed, not padded, so a prediction does not depend on the other sequences
    in its batch. Vocabulary, scale and classes are fitted on the training part alone.

    Attributes:
        classes_: the labels of the training part, sorted, after `fit`.
        network_: the trained network.
        preprocessor_: vocabulary or scale, classes, and the two baselines that are fitted, all from the training part.
        mix_: the weights of the network's scores and of the n-grams' scores; chosen on the held-out part.
        baselines_: held-out nats per sequence of the class frequencies, of a bag of words (of series: of steps) and of
            n-grams; empty with none held out.
        progress_: counts and losses of the training.
        duplicates_: held-out sequences that are in the training part too.
        held_out_: how the network and the baselines did on the held-out part; None with nothing held out.

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
    network_: ClassifierNetwork
    preprocessor_: Preprocessor
    columns_: Columns | None
    held_out_: Measured | None
    mix_: Mix

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
        self._take(data.preprocessor)
        rows = len(data.training.items)
        options = replace(options, batch_size=batch_size_for(options, rows), epochs=epochs_for(options, rows))
        self._learn(run, data.fingerprint(), lambda: self._begin(data.training, data.held_out, options), options)
        self.held_out_ = self._measured(data.held_out) if data.held_out else None
        return self

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
        network = scores_of(self.network_, self.preprocessor_.input.encode(items))
        return likelihoods(self._joined(network, self.preprocessor_.wide(items)), self.preprocessor_.labels.multilabel)

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
        found = self._measured(self.preprocessor_.label(items, as_labels(labels, len(items))))
        return report_of(found, f"{table.name}: {counted(len(items), 'sequence')}")

    def _columns(self) -> Columns:
        self._check_fitted()
        return of_file(self.columns_, "sequences")

    def _measured(self, found: Labelled) -> Measured:
        multilabel = self.preprocessor_.labels.multilabel
        network, wide = scores_of(self.network_, found.inputs), self.preprocessor_.wide(found.items)
        said = self.preprocessor_.baselines(found.inputs, wide) | {"network": likelihoods(network, multilabel)}
        if wide is not None:
            said["network + n-grams"] = likelihoods(self._joined(network, wide), multilabel)
        return Measured(self.preprocessor_.labels, found.targets, said)

    def _joined(self, network: Scores, wide: Scores | None) -> Scores:
        """Return the network's scores `(n, K)` with those of the n-grams."""
        return network if wide is None else self.mix_[0] * network + self.mix_[1] * wide

    def _finish(self, task: Task) -> None:
        """Choose how much the best weights and the n-grams count; alike with nothing held out."""
        preprocessor, held_out = self.preprocessor_, cast(ByLength, task).held_out
        self.mix_ = (1.0, 1.0 if preprocessor.ngrams else 0.0)
        if preprocessor.ngrams and held_out:
            unseen = cast(LabelledSequences, held_out).examples
            network, wide = scores_of(self.network_, unseen.inputs), cast(Scores, preprocessor.wide(unseen.items))
            self.mix_ = choose_mix(network, wide, unseen.targets, preprocessor.labels.multilabel)

    def _take(self, preprocessor: Preprocessor) -> None:
        self.preprocessor_, self.classes_ = preprocessor, preprocessor.labels.classes

    def _begin(self, taught: Labelled, unseen: Labelled | None, options: ClassifierOptions) -> ByLength:
        """Return the job of learning some sequences, with a new network."""
        multilabel = self.preprocessor_.labels.multilabel
        vectors = self._vectors(options)
        self._make_network(options, len(next(iter(vectors.values()))) if vectors else options.embedding_dim)
        self._set_vectors(vectors)
        self.baselines_ = {}
        held_out = None
        if unseen:
            found = self.preprocessor_.baselines(unseen.inputs, self.preprocessor_.wide(unseen.items))
            self.baselines_ = {name: mean_nats(probabilities, unseen.targets) for name, probabilities in found.items()}
            held_out = LabelledSequences(self.network_, unseen, loss_of(multilabel))
        return ByLength(
            self.network_,
            self._learned(taught, options),
            held_out,
            batch=options.batch_size or 1,
            seed=options.seed,
            target="sequence",
            loss_unit=self.loss_unit,
            baselines=self.baselines_,
        )

    def _as_taught(self, X: Any, y: Any) -> LabelledSequences:
        options = self._options()
        if y is None:
            table = read_table(X)
            X, y = (self.columns_ or Columns.found(table, options)).examples(table)
        items = as_items(in_order(self, X))
        return self._learned(self.preprocessor_.label(items, as_labels(y, len(items))), options)

    def _learned(self, taught: Labelled, options: ClassifierOptions) -> LabelledSequences:
        """Return sequences with the loss of training."""
        preprocessor = self.preprocessor_
        weights = preprocessor.labels.weights(options.class_weight, preprocessor.priors)
        loss = loss_of(preprocessor.labels.multilabel, weights, options.label_smoothing)
        return LabelledSequences(self.network_, taught, loss)

    def _make_network(self, options: ClassifierOptions, embedding: int) -> None:
        s, preprocessor = options, self.preprocessor_
        self.embedding_ = embedding
        self.network_ = self._build(
            lambda: ClassifierNetwork(
                Encoder(
                    preprocessor.symbols,
                    embedding if preprocessor.symbols else preprocessor.features,
                    s,
                ),
                s.pooling,
                len(preprocessor.labels),
            )
        )

    def _vectors(self, options: ClassifierOptions) -> dict[int, npt.NDArray[np.float32]]:
        """Return the word vectors that somebody trained, by the number of the symbol; none where none are asked for."""
        if options.pretrained is None:
            return {}
        if not isinstance(self.preprocessor_.input, TokenInput):
            raise InputError("pretrained: expected texts to go with word vectors, got series: leave it out")
        return read_vectors(Path(options.pretrained), self.preprocessor_.input.vocabulary)

    def _set_vectors(self, vectors: dict[int, npt.NDArray[np.float32]]) -> None:
        embed = self.network_.encoder.embed
        for number, vector in vectors.items():
            if embed is not None:
                embed.weight.data[number] = torch.from_numpy(vector)

    def _content(self) -> dict[str, Any]:
        columns = None if self.columns_ is None else vars(self.columns_)
        own = {"columns": columns, "embedding": self.embedding_, "mix": list(self.mix_)} | content_of_names(self)
        return self.preprocessor_.content() | own

    def _tensors(self) -> dict[str, Tensor]:
        return self.preprocessor_.tensors()

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._take(Preprocessor.from_state(content, tensors))
        set_names(self, content)
        self.mix_ = (content["mix"][0], content["mix"][1])
        columns = content["columns"]
        self.columns_ = None if columns is None else Columns(**columns | {"features": tuple(columns["features"])})
        self._make_network(self._options(), content["embedding"])
