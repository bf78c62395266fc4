"""Define `SequenceTagger`, which predicts a tag for every step of a sequence."""

import os
from collections.abc import Container, Iterator
from typing import Any, Unpack, cast

import numpy as np
import numpy.typing as npt
from torch import Tensor

from elman.data.aligned import align_tags
from elman.data.sequences import Sequences
from elman.data.splits import pick
from elman.errors import DataError, InputError
from elman.models.estimator.answer import MIXTURE, NETWORK, Answer
from elman.models.estimator.base import Estimator
from elman.models.estimator.contents import TaggerContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.reports import Columns, Report
from elman.models.estimator.streaming import check_answer
from elman.models.scoring.counts import TagCounts
from elman.models.tag.chains import Chain, choose_chain, equal_parts, mixed
from elman.models.tag.columns import Piece, TagColumns
from elman.models.tag.linear import LINEAR
from elman.models.tag.network import TaggedSteps, TaggingNetwork, chain_of, new_network
from elman.models.tag.options import TaggerOptions, chosen
from elman.models.tag.preprocess import UNSEEN, Labelled, Prepared, Preprocessor, pair, prepare, read_examples
from elman.models.tag.report import COUNTED, COUNTED_OVERALL, MeasuredTags, TagRows
from elman.models.tag.simple import COUNTS, Simple
from elman.models.tag.stream import TagStream
from elman.options import AnswerName
from elman.quoting import listed, quote
from elman.train import Task
from elman.train.run import RunOptions


class SequenceTagger(Estimator, TaggerOptions):
    """A recurrent tagger of every step of a sequence: words, characters, symbols or numbers.

    Sequences may differ in length. They are packed, not padded, so a prediction does not depend on the other sequences
    in its batch.

    Attributes:
        classes_: the tags of the training part, sorted, after `fit`.
        network_: the trained network.
        baselines_: held-out nats per tag of predictors that ignore neighbours; empty with nothing held out.
        progress_: counts and losses of the training.
        duplicates_: held-out sequences that are in the training part too.
        unseen_tags_: held-out sequences left out of the loss because they have a tag that training never saw.
        simple_: the simple predictors that the answer needs: counts, a linear tagger.
        held_out_: how the answer, its parts and the counts did on the held-out part, after `fit`; None with nothing
            held out.

    Raises:
        InputError: an option is unknown, of the wrong type, or out of range.

    Example:
        >>> words, phones = ["cab", "bad", "ace"] * 20, ["K AE B", "B AE D", "EY S -"] * 20
        >>> model = elman.SequenceTagger(hidden_size=16, epochs=20).fit(words, phones)
        >>> model.predict(["bad"])
        [['B', 'AE', 'D']]
    """

    kind = "sequence-tagger"
    content_type = TaggerContent
    loss_unit = "nats/tag"
    example = "sequence"
    preprocessor_: Preprocessor
    network_: TaggingNetwork
    simple_: Simple
    likeliest_: npt.NDArray[np.int64]
    embedding_: int
    held_out_: MeasuredTags | None

    def fit(self, X: Any, y: Any = None, **run: Unpack[RunOptions]) -> "SequenceTagger":
        """Learn from sequences and a tag for each of their steps.

        Args:
            X: texts; lists of tokens; arrays `(T,)` or `(T, I)` of any T; one array `(n, T)` or `(n, T, I)`. Without y,
                a frame or file that holds the tags too: a table (.csv, .tsv, .jsonl, .parquet), or a file with one
                token a line and a blank line between sequences, as CoNLL's are.
            y: for each sequence a list of T tags, or a text that holds them, apart by spaces or one a character.
            **run: `files`, `resume`, `overwrite`, `callback` and `checkpoint_seconds`, see `elman.train.RunOptions`.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: a row has more or fewer tags than steps, or data cannot be used otherwise; the row is named.
            InputError: `files` cannot be written, or there are more or fewer rows of tags than sequences.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        data = prepare(X, y, self._options_for(run))
        self.read_ = data.read

        options = chosen(self._options(), len(data.training.inputs), len(data.training.tags))
        self._learn(run, data.fingerprint(), lambda: self._begin(data), options)
        self.held_out_ = self._measured(*data.examples) if data.examples[0] else None
        return self

    def predict(self, X: Any) -> list[list[Any]]:
        """Return the tags of the likeliest path of each sequence, a list for each sequence.

        With `crf` tags depend on their neighbours, so that a path may differ from the likeliest tag of each step; and
        where tags mark segments, as B-PER and I-PER do, none goes on that has not begun.

        Raises:
            DataError: the sequences are of another kind than in training, or one is empty; the row is named.
            InputError: the model is not fitted.
        """
        return self._tags(self._encode(X))

    def predict_proba(self, X: Any) -> list[npt.NDArray[np.float32]]:
        """Return the probability of every tag at every step, arrays `(T, K)`; classes are in the order of `classes_`.

        Raises:
            DataError: the sequences are of another kind than in training, or one is empty; the row is named.
            InputError: the model is not fitted.
        """
        inputs = self._encode(X)
        return np.split(self._answer(inputs).probabilities(inputs), inputs.starts[1:-1])

    def predict_counts(self, X: Any) -> list[list[Any]]:
        """Return the most frequent tag of each token in training, a baseline; errors as in `predict`."""
        inputs = self._encode(X)
        return self.preprocessor_.names(self.likeliest_[self.preprocessor_.token_numbers(inputs)], inputs)

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

    def stream(self, batch: int = 1, precision: str = "float32", *, answer: AnswerName = "best") -> TagStream:
        """Return a stream that tags tokens as they arrive: `stream.step(token)`.

        It has the network alone, and knows no token after the one that it tags: the tagger has to be fitted with
        `bidirectional=False` and `crf=False`. Its tags are then those of `predict`, if the network answers there.

        Args:
            batch: B, the number of rows, each with a sequence of its own.
            precision: "float32", "bfloat16" or "int8"; see `elman.Stream`.
            answer: "best" is what `predict` answers with, and has to be the network; "network" takes the network
                whatever `predict` answers with.

        Raises:
            InputError: the model reads in both directions, joins tags (`crf`), answers with something else than its
                network, or is not fitted.
        """
        self._check_fitted()
        check_answer(self.answer_, answer)
        return TagStream(self.network_, self.preprocessor_, batch, precision)

    def read(self, source: Any) -> Iterator[Piece]:
        """Return the sequences of a file or frame, piece by piece; see `elman.models.estimator.reports.OnFiles`."""
        return TagColumns.named(self._options()).pieces(source, answers=False)

    def rows(self, piece: Piece) -> Columns:
        """Return for each sequence its number, the sequence and its tags, apart by spaces."""
        found = self._tags(self._encode(piece.rows, piece.numbers[0]))
        return {"row": piece.numbers, "source": [_shown(row) for row in piece.rows], "tags": [_shown(t) for t in found]}

    def lines(self, source: Any) -> Iterator[list[str]]:
        """Return the lines of each sequence of a file with one token a line, with the predicted tags in their column.

        The column of the tags is replaced where it is named or counted from the first one; a column that is counted
        from the last one stays, and the tags are added after it. In CoNLL-U both are replaced.

        Raises:
            DataError: the file is a table, or cannot be read; the message says where.
        """
        columns = TagColumns.named(self._options())
        for piece in columns.pieces(source, answers=False):
            if not piece.found:
                raise DataError("output: a table is written as a table: give a .csv, .tsv, .jsonl or .parquet file")
            tags = self._tags(self._encode(piece.rows, piece.numbers[0]))
            for number, one, found in zip(piece.numbers, piece.found, tags, strict=True):
                yield (one.header(columns.tag) if number == 1 else []) + one.with_tags(found, columns.tag)

    def report(self, source: Any) -> Report:
        """Return how good the model is on a file that holds the tags; a tag that training never saw counts as wrong.

        Raises:
            DataError: the file lacks a column or cannot be used, or has no tag that training saw.
        """
        self._check_fitted()
        rows, given = TagColumns.named(self._options()).examples(source)
        measured = self._measured(rows, given)
        if measured.unseen == sum(map(len, measured.wanted)):
            raise DataError(
                f"y: no tag was in training, such as {quote(measured.wanted[0][0])}: name the column of the tags"
            )
        return measured.report(str(source) if isinstance(source, str | os.PathLike) else "table")

    def _as_taught(self, X: Any, y: Any) -> TaggedSteps:
        preprocessor = self.preprocessor_
        rows, tags, _ = read_examples(*pair(X, y, self._options()), preprocessor.cut)
        known = preprocessor.known(tags, range(len(rows)))
        if not known:
            raise DataError("y: every sequence has a tag that training never saw: give tags such as it was trained on")
        found = preprocessor.label(pick(rows, known), pick(tags, known))
        return TaggedSteps(self.network_, found.inputs, found.tags)

    def _measured(self, rows: Any, given: Any) -> MeasuredTags:
        """Tag sequences whose tags are given, with each part of the answer and with the answer."""
        preprocessor, inputs = self.preprocessor_, self._encode(rows)
        wanted = align_tags(self.preprocessor_.read(rows), given)
        baseline = COUNTED if preprocessor.symbols else COUNTED_OVERALL
        found: dict[str, TagRows] = {baseline: self.predict_counts(rows)}
        for name, chain in self._chains(inputs, self._answered().factors).items():
            found[name] = preprocessor.names(chain.best(inputs), inputs)
        found[self._answered().name] = self._tags(inputs)
        return MeasuredTags(
            wanted,
            found,
            int((preprocessor.numbers(wanted) == UNSEEN).sum()),
            preprocessor.per_row(preprocessor.unknown(inputs), inputs),
        )

    @property
    def classes_(self) -> list[Any]:
        """The tags of the training part, sorted."""
        return self.preprocessor_.classes

    def _encode(self, source: Any, first: int = 1) -> Sequences:
        self._check_fitted()
        return self.preprocessor_.encode(self.preprocessor_.read(source, first))

    def _answered(self) -> Answer:
        return self.answer_ or Answer.only()

    def _chains(self, inputs: Sequences, names: Container[str]) -> dict[str, Chain]:
        """Return the scores of the parts with some names, for some sequences in numbers."""
        network = {NETWORK: chain_of(self.network_, inputs)} if NETWORK in names else {}
        simple = self.simple_.only(names)
        return network | simple.chains(self.preprocessor_, inputs, self.network_.field.barred)

    def _answer(self, inputs: Sequences) -> Chain:
        """Return the scores of the answer."""
        factors = self._answered().factors
        return mixed(self._chains(inputs, factors), factors)

    def _tags(self, inputs: Sequences) -> list[list[Any]]:
        return self.preprocessor_.names(self._answer(inputs).best(inputs), inputs)

    def _content(self) -> dict[str, Any]:
        return (
            self.preprocessor_.content()
            | self.simple_.content()
            | {
                "likeliest": self.likeliest_.tolist(),
                "duplicates": self.duplicates_,
                "unseen_tags": self.unseen_tags_,
                "embedding": self.embedding_,
            }
        )

    def _tensors(self) -> dict[str, Tensor]:
        return self.simple_.tensors()

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.preprocessor_ = Preprocessor.from_state(content)
        self.simple_ = Simple.from_state(content, tensors, self.preprocessor_)
        self.likeliest_ = np.array(content["likeliest"], np.int64)
        self.duplicates_, self.unseen_tags_ = content["duplicates"], content["unseen_tags"]
        parts = {NETWORK, *self.simple_.names()}
        if missing := set(self._answered().factors) - parts:
            raise InputError(f"the answer needs {listed(sorted(missing))}, and the file has none")
        self._make_network(content["embedding"], None)

    def _make_network(self, width: int, allowed: tuple[Tensor, Tensor, Tensor] | None) -> None:
        """Make a network with first weights, whose symbols have vectors of some length."""
        self.embedding_ = width
        self.network_ = self._build(lambda: new_network(self.preprocessor_, self._filled_options(), width, allowed))

    def _begin(self, data: Prepared) -> ByLength:
        """Return the job of learning tagged sequences with a new network, and keep what counting their tags gives."""
        s: TaggerOptions = self._filled_options()
        self.preprocessor_, training, held_out = data.preprocessor, data.training, data.held_out
        self.duplicates_, self.unseen_tags_ = data.duplicates, data.unseen_tags
        vectors = self.preprocessor_.vectors(s.pretrained)
        width = len(next(iter(vectors.values()))) if vectors else s.embedding_dim
        self._make_network(width, data.allowed)
        tokens = self.preprocessor_.token_numbers(training.inputs)
        self.network_.begin_with(vectors, tokens)
        counts = self._counts(training)
        self.likeliest_, self.baselines_ = counts.likeliest(), {}
        if held_out:
            self.baselines_ = counts.losses(self.preprocessor_.token_numbers(held_out.inputs), held_out.tags)
        return ByLength(
            self.network_,
            TaggedSteps(self.network_, training.inputs, training.tags),
            TaggedSteps(self.network_, held_out.inputs, held_out.tags) if held_out else None,
            batch=s.batch_size or 1,
            seed=s.seed,
            target="tag",
            loss_unit=self.loss_unit,
            baselines=self.baselines_,
        )

    def _counts(self, training: Labelled) -> TagCounts:
        tokens = self.preprocessor_.token_numbers(training.inputs)
        return TagCounts.of(tokens, training.tags, self.preprocessor_.symbols or 1, len(self.classes_))

    def _finish(self, task: Task) -> None:
        """Fit the simple predictors, and choose what `predict` answers with."""
        s: TaggerOptions = self._filled_options()
        self.simple_, self.answer_ = Simple(), Answer.only()
        if s.answer == "network":
            return
        task = cast(ByLength, task)
        training, held_out = cast(TaggedSteps, task.training), cast(TaggedSteps | None, task.held_out)
        labelled = Labelled(training.inputs, training.tags)
        self.simple_ = Simple.fit(self.preprocessor_, labelled, self._counts(labelled), s.seed)
        linear = LINEAR if self.simple_.linear else None
        if held_out:
            parts = self._chains(held_out.inputs, {NETWORK, LINEAR, COUNTS})
            self.answer_ = choose_chain(parts, linear, held_out.inputs, held_out.tags)
        elif linear:
            self.answer_ = Answer(MIXTURE, equal_parts((NETWORK, linear)))
        self.simple_ = self.simple_.only(self.answer_.factors)


def _shown(row: Any) -> str:
    return row if isinstance(row, str) else " ".join(map(str, row))
