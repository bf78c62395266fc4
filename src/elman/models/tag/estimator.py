"""A tagger: learns to give every step of a sequence its label."""

import os
from collections.abc import Iterator
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
from torch import Tensor

from elman.data.aligned import align_tags
from elman.data.sequences import Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.errors import DataError
from elman.models.estimator.base import Estimator
from elman.models.estimator.contents import TaggerContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.reports import Columns, Report
from elman.models.estimator.run import Run, RunOptions
from elman.models.networks.encoder import Trunk
from elman.models.scoring.tag_counts import TagCounts
from elman.models.tag.columns import Piece, TagColumns
from elman.models.tag.network import TaggedSteps, TaggingNetwork, probabilities
from elman.models.tag.options import TaggerSettings
from elman.models.tag.preprocess import UNSEEN, Labelled, Reading, read_examples
from elman.models.tag.report import MeasuredTags
from elman.quoting import quote


class SequenceTagger(Estimator):
    """A network that reads a sequence and gives a tag to each of its steps: words, characters, symbols or numbers.

    Sequences have any lengths. They are packed, never padded, so that company never changes a result.

    Args:
        cell: "lstm", "gru" or "rnn".
        hidden: size of each layer's state in one direction.
        layers: recurrent layers, one on top of the other.
        bidirectional: whether each layer reads from the end as well, so that a tag may follow from what comes later.
        embedding: length of the vector learned for each token.
        tokens: how a text is cut: "symbols" at spaces, "words" at spaces and in lower case, "characters" into all of
            its characters; "auto" takes what gives as many tokens as tags.
        min_count: how often a token has to come in training to be known; the others share one vector.
        dropout: share of features dropped between layers and before the output while training, 0 up to 1.
        input_dropout: share of what comes in at each step that is dropped while training.
        symbol_dropout: share of tokens read as the unknown one while training, so that unknown ones mean something.
        batch: sequences in an update.
        epochs: passes over the sequences; 10 where neither epochs nor minutes are given.
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
        validation: share of the sequences, the last ones, that is held out.
        patience: stop after so many evaluations without a better held-out loss; None never does.
        evaluate_every: updates between two evaluations; None evaluates after every epoch, or eight times in `minutes`.
        seed: fixes first weights, dropout and order. Same seed, same data, same weights.
        source: the column of a table that holds the sequences; None takes one with a usual name.
        target: the column of a table that holds their tags.
        token: of a file with one token a line, the column of the tokens, from 1, or from -1 backwards.
        tag: of such a file, the column of the tags.

    Attributes:
        classes_: the tags of the training part, sorted, after `fit`.
        network_: the trained network.
        baselines_: held-out nats per tag of predictors that look at no neighbour; empty with nothing held out.
        progress_: counts and losses of the training.
        duplicates_: held-out sequences that stand in the training part too.
        strangers_: held-out sequences left out of the loss because they have a tag that training never saw.
        held_out_: how the network and the counts did on the held-out part, after `fit`; None with nothing held out.

    Raises:
        InputError: an option is unknown, of the wrong type, or out of range.

    Example:
        >>> words, phones = ["cab", "bad", "ace"] * 20, ["K AE B", "B AE D", "EY S -"] * 20
        >>> model = elman.SequenceTagger(hidden=16, epochs=20).fit(words, phones)
        >>> model.predict(["bad"])
        [['B', 'AE', 'D']]
    """

    kind = "sequence-tagger"
    settings_type = TaggerSettings
    content_type = TaggerContent
    loss_unit = "nats/tag"
    reading_: Reading
    network_: TaggingNetwork
    likeliest_: npt.NDArray[np.int64]
    held_out_: MeasuredTags | None

    def __init__(
        self,
        *,
        cell: str = "lstm",
        hidden: int = 96,
        layers: int = 1,
        bidirectional: bool = True,
        embedding: int = 32,
        tokens: str = "auto",
        min_count: int = 1,
        dropout: float = 0.3,
        input_dropout: float = 0.0,
        symbol_dropout: float = 0.02,
        batch: int = 64,
        epochs: int | None = None,
        minutes: float | None = None,
        optimizer: str = "adam",
        learning_rate: float = 3e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        averaging: float = 0.99,
        schedule: str = "constant",
        decay: float = 0.5,
        clip: float | None = 5.0,
        clip_value: float | None = None,
        validation: float = 0.1,
        patience: int | None = None,
        evaluate_every: int | None = None,
        seed: int = 0,
        source: str | None = None,
        target: str | None = None,
        token: int = 1,
        tag: int = -1,
    ) -> None:
        self._take_options(locals())

    def fit(self, X: Any, y: Any = None, **run: Unpack[RunOptions]) -> "SequenceTagger":
        """Learn from sequences and a tag for each of their steps.

        Args:
            X: texts; lists of tokens; arrays `(T,)` or `(T, I)` of any T; one array `(n, T)` or `(n, T, I)`. Without y,
                a frame or file that holds the tags too: a table (.csv, .tsv, .jsonl, .parquet), or a file with one
                token a line and a blank line between sequences, as CoNLL's are.
            y: for each sequence a list of T tags, or a text that holds them, apart by spaces or one a character.
            **run: `files`, `resume`, `overwrite`, `listener` and `checkpoint_seconds`, see `models/estimator/run.py`.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: a row has more or fewer tags than steps, or data cannot be used otherwise; the row is named.
            InputError: `files` cannot be written, or there are more or fewer rows of tags than sequences.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        checked, settings = Run.checked(run), self._settings()
        rows, tags, cut = read_examples(*_pair(X, y, settings), settings.tokens)
        self.read_ = f"{len(rows):,} sequences, {sum(map(len, tags)):,} tags"
        learned, held_out = split_rows(len(rows), settings.validation)
        reading = Reading.learn(pick(rows, learned), pick(tags, learned), cut, settings.min_count)
        known = reading.known(tags, held_out)
        training = reading.label(pick(rows, learned), pick(tags, learned))
        measured = reading.label(pick(rows, known), pick(tags, known)) if known else None

        def begin() -> ByLength:
            self._prepare(reading)
            self.duplicates_ = count_duplicates(pick(rows, learned), pick(rows, held_out))
            self.strangers_ = len(held_out) - len(known)
            return self._task(training, measured)

        self._learn(checked, training.fingerprint(), begin)
        self.held_out_ = self._measured(pick(rows, held_out), pick(tags, held_out)) if len(held_out) else None
        return self

    def predict(self, X: Any) -> list[list[Any]]:
        """Return the likeliest tag of every step, a list for each sequence.

        Raises:
            DataError: the sequences are of another kind than in training, or one is empty; the row is named.
            InputError: the model is not fitted.
        """
        return self._names(*self._probabilities(X))

    def predict_proba(self, X: Any) -> list[npt.NDArray[np.float32]]:
        """Return the probability of every tag at every step, an array `(T, K)` for each sequence, as `classes_` lie.

        Raises:
            DataError: the sequences are of another kind than in training, or one is empty; the row is named.
            InputError: the model is not fitted.
        """
        found, inputs = self._probabilities(X)
        return np.split(found, inputs.starts[1:-1])

    def predict_counts(self, X: Any) -> list[list[Any]]:
        """Return the tag that came most often with each token in training: what to beat; errors as in `predict`."""
        inputs = self._encode(X)
        return self.reading_.names(self.likeliest_[self.reading_.token_numbers(inputs)], inputs)

    def score(self, X: Any, y: Any) -> float:
        """Return the share of steps whose tag is right, over all sequences.

        Raises:
            DataError: a row has more or fewer tags than steps, or `predict` would raise it.
            InputError: the model is not fitted, or there are more or fewer rows of tags than sequences.
        """
        found = self.predict(X)
        wanted = align_tags(found, y)
        pairs = [pair for rows in zip(found, wanted, strict=True) for pair in zip(*rows, strict=True)]
        return float(np.mean([tag == other for tag, other in pairs]))

    def read(self, source: Any) -> Iterator[Piece]:
        """Return the sequences of a file or frame, piece by piece; see `elman.models.estimator.reports.OnFiles`."""
        return TagColumns.named(self._settings()).pieces(source, answers=False)

    def rows(self, piece: Piece) -> Columns:
        """Return for each sequence its number, the sequence and its tags, apart by spaces."""
        found = self._names(*self._probabilities(piece.rows, piece.numbers[0]))
        return {"row": piece.numbers, "source": [_shown(row) for row in piece.rows], "tags": [_shown(t) for t in found]}

    def report(self, source: Any) -> Report:
        """Return how good the model is on a file that holds the tags; a tag that training never saw counts as wrong.

        Raises:
            DataError: the file lacks a column or cannot be used, or has no tag that training saw.
        """
        self._check_fitted()
        rows, given = TagColumns.named(self._settings()).examples(source)
        measured = self._measured(rows, given)
        if measured.unseen == sum(map(len, measured.wanted)):
            raise DataError(
                f"y: no tag was in training, such as {quote(measured.wanted[0][0])}: name the column of the tags"
            )
        return measured.report(str(source) if isinstance(source, str | os.PathLike) else "table")

    def _as_taught(self, X: Any, y: Any) -> TaggedSteps:
        reading = self.reading_
        rows, tags, _ = read_examples(*_pair(X, y, self._settings()), reading.cut)
        known = reading.known(tags, range(len(rows)))
        if not known:
            raise DataError("y: every sequence has a tag that training never saw: give tags such as it was trained on")
        found = reading.label(pick(rows, known), pick(tags, known))
        return TaggedSteps(self.network_, found.inputs, found.tags)

    def _measured(self, rows: Any, given: Any) -> MeasuredTags:
        """Tag sequences whose tags are given."""
        found = self.predict(rows)
        wanted = align_tags(found, given)
        unseen = int((self.reading_.numbers(wanted) == UNSEEN).sum())
        return MeasuredTags(wanted, self.predict_counts(rows), found, unseen)

    @property
    def classes_(self) -> list[Any]:
        """The tags of the training part, sorted."""
        return self.reading_.classes

    def _probabilities(self, source: Any, first: int = 1) -> tuple[npt.NDArray[np.float32], Sequences]:
        """Return the probability of every tag at every step, `(N, K)`, and the sequences as numbers."""
        inputs = self._encode(source, first)
        return probabilities(self.network_, inputs, self.batch), inputs

    def _encode(self, source: Any, first: int = 1) -> Sequences:
        self._check_fitted()
        return self.reading_.input.encode(self.reading_.read(source, first))

    def _names(self, found: npt.NDArray[np.float32], inputs: Sequences) -> list[list[Any]]:
        return self.reading_.names(found.argmax(-1), inputs)

    def _content(self) -> dict[str, Any]:
        return self.reading_.content() | {
            "likeliest": self.likeliest_.tolist(),
            "duplicates": self.duplicates_,
            "strangers": self.strangers_,
        }

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._prepare(Reading.of(content))
        self.likeliest_ = np.array(content["likeliest"], np.int64)
        self.duplicates_, self.strangers_ = content["duplicates"], content["strangers"]

    def _prepare(self, reading: Reading) -> None:
        """Make a network with first weights."""
        s: TaggerSettings = self._settings()
        self.reading_ = reading
        self.network_ = self._build(
            lambda: TaggingNetwork(
                Trunk(
                    reading.symbols,
                    s.embedding if reading.symbols else reading.features,
                    cell=s.cell,
                    hidden=s.hidden,
                    layers=s.layers,
                    bidirectional=s.bidirectional,
                    dropout=s.dropout,
                    input_dropout=s.input_dropout,
                    symbol_dropout=s.symbol_dropout,
                ),
                len(reading.classes),
            )
        )
        self.baselines_ = {}

    def _task(self, training: Labelled, held_out: Labelled | None) -> ByLength:
        """Return the job of learning tagged sequences, and keep what counting their tags gives."""
        size = self.reading_.symbols or 1
        symbols = self.reading_.token_numbers(training.inputs)
        counts = TagCounts.of(symbols, training.tags, size, len(self.classes_))
        self.likeliest_ = counts.likeliest()
        if held_out:
            self.baselines_ = counts.losses(self.reading_.token_numbers(held_out.inputs), held_out.tags)
        s: TaggerSettings = self._settings()
        return ByLength(
            self.network_,
            TaggedSteps(self.network_, training.inputs, training.tags),
            TaggedSteps(self.network_, held_out.inputs, held_out.tags) if held_out else None,
            batch=s.batch,
            seed=s.seed,
            target="tag",
            loss_unit=self.loss_unit,
            baselines=self.baselines_,
        )


def _pair(X: Any, y: Any, settings: TaggerSettings) -> tuple[Any, Any]:
    """Return sequences and tags, from two arguments or from a file."""
    return TagColumns.named(settings).examples(X) if y is None else (X, y)


def _shown(row: Any) -> str:
    return row if isinstance(row, str) else " ".join(map(str, row))
