"""A translator: reads one sequence and writes another of any length, such as a word and how it is spoken."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Unpack

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.sequences import Rows, Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.data.tables import Table, read_table, stream_table
from elman.data.wording import UNKNOWN, TokensOption, Wording, as_texts
from elman.errors import DataError, InputError
from elman.models.estimator.base import Estimator, of_file
from elman.models.estimator.contents import TranslatorContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.reports import Columns, Report
from elman.models.estimator.run import Run, RunOptions
from elman.models.networks.beam_search import EDGE, search
from elman.models.networks.decoder import Targets, Writing
from elman.models.networks.decoding import LOSS_UNIT, Written, check_targets, padded, write_all, writing_task
from elman.models.networks.writer_options import TranslatorSettings
from elman.models.scoring.texts import exact
from elman.models.translate.memory import TranslationMemory, choose_threshold
from elman.models.translate.network import EncoderDecoder
from elman.models.translate.preprocess import Read, Reader
from elman.models.translate.report import Pairs, pack_pairs, translation_report, unpack_pairs
from elman.quoting import quote
from elman.train import Task

SOURCE = ("source", "src", "input", "from")
TARGET = ("target", "tgt", "translation", "output", "to")
SLACK = 10
"""Symbols that a translation may have beyond twice what is usual for its source."""


class Look(NamedTuple):
    """Where a translator looked while it wrote.

    Attributes:
        source: the symbols that were read.
        target: the symbols that were written; the last one is the end.
        weights: how much of each look went where, `(len(target), len(source))`; rows sum to 1.
    """

    source: list[str]
    target: list[str]
    weights: npt.NDArray[np.float32]


class Translator(Estimator):
    """An encoder reads the source, a decoder writes the target and looks back at the source while it does.

    Args:
        source_tokens: how sources are cut: "words", "characters", "symbols" (what stands between spaces), or "auto",
            which looks at the training part.
        target_tokens: likewise.
        cell: "lstm", "gru" or "rnn".
        hidden: size of each layer's state, in the decoder and in each direction of the encoder.
        layers: recurrent layers on either side.
        bidirectional: the encoder reads from both ends.
        attend: the decoder looks at the encoder's outputs; without, all it has is the state that it begins with.
        embedding: length of the vector learned for each symbol.
        dropout: share of features dropped while training, 0 up to 1.
        symbol_dropout: share of source symbols that are read as the unknown one while training.
        min_count: how often a symbol has to come to be known.
        label_smoothing: share of the wanted probability that is spread over all symbols while training.
        teacher_forcing: share of steps that read the right symbol while training; the others read the decoder's own
            choice, which takes one more pass.
        beam: hypotheses that the search goes on with; 1 always takes the likeliest symbol.
        length_penalty: 0 ranks translations by their probability; the larger, the longer they get.
        copying: the decoder can also write what it looks at, symbol by symbol, strange ones too: names and numbers come
            through. It takes `attend`, and of the source what is cut as targets are.
        memory: keep a translation memory (see `TranslationMemory`): a source near enough to a known one gets that one's
            target. Of the others the network reads what goes with the nearest known one as well, and can copy from it.
            `fit` measures on the held-out pairs how near is near enough; where the network is better at any similarity
            the memory never answers. It takes `attend`, and pairs held out.
        batch: pairs in a batch.
        epochs: passes over the pairs; 8 where neither epochs nor minutes are given.
        minutes: time to train. The first limit reached counts.
        optimizer: "adam", "sgd" (with momentum) or "rmsprop".
        learning_rate: step size.
        momentum: of "sgd" and "rmsprop".
        weight_decay: what each update takes off the weights, as a share of them for each unit of the learning rate.
        averaging: share of the past in a running mean of the weights, which is measured and kept in place of the last
            ones: 0.999 looks back about a thousand updates; 0 keeps no mean.
        schedule: "constant", "cosine" or "linear" (to nothing at the last epoch), "exponential" (times `decay` an
            epoch), "plateau" (times `decay` when two evaluations bring nothing).
        decay: factor of "exponential" and "plateau".
        clip: largest global norm of the gradients; None leaves it alone.
        clip_value: largest magnitude of a single gradient; None leaves it alone.
        validation: share of the pairs, at their end, that is held out to choose the best weights by.
        patience: stop after so many evaluations without a better held-out loss; None never does.
        evaluate_every: updates between two evaluations; None evaluates after every epoch, or eight times in `minutes`.
        seed: fixes first weights, shuffling and dropout. Same seed, same pairs, same weights.
        source: the column of sources, where a table is read; None guesses.
        target: the column of targets; None guesses.

    Attributes:
        source_, target_: how texts of either side become numbers.
        pairs_: sources and targets that were given, to be looked up; they are saved with the model.
        columns_: the columns that they came from, None where they came as lists.
        memory_: knows all pairs, and answers for what is near to them; None without.
        duplicates_: held-out sources that are in the training part too.
        network_: the trained network.
        baselines_: held-out nats per symbol of uniform, unigram and bigram; empty with nothing held out.
        progress_: counts and losses of the training.

    Raises:
        InputError: an option is unknown, of the wrong type, or out of range.

    Example:
        >>> words = ["one", "two", "three", "four"] * 10
        >>> figures = ["1", "2", "3", "4"] * 10
        >>> model = Translator(hidden=16, epochs=20, batch=8, learning_rate=0.02).fit(words, figures)
        >>> model.predict(["two", "four"])
        ['2', '4']
    """

    kind = "translator"
    loss_unit = LOSS_UNIT
    settings_type = TranslatorSettings
    content_type = TranslatorContent
    network_: EncoderDecoder
    source_: Wording
    target_: Wording
    pairs_: Pairs
    columns_: tuple[str, str] | None
    memory_: TranslationMemory | None

    def __init__(
        self,
        *,
        source_tokens: TokensOption = "auto",
        target_tokens: TokensOption = "auto",
        cell: str = "lstm",
        hidden: int = 128,
        layers: int = 1,
        bidirectional: bool = True,
        attend: bool = True,
        embedding: int = 64,
        dropout: float = 0.2,
        symbol_dropout: float = 0.0,
        min_count: int = 1,
        label_smoothing: float = 0.0,
        teacher_forcing: float = 1.0,
        beam: int = 5,
        length_penalty: float = 0.6,
        copying: bool = False,
        memory: bool = False,
        batch: int = 64,
        epochs: int | None = None,
        minutes: float | None = None,
        optimizer: str = "adam",
        learning_rate: float = 3e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        averaging: float = 0.0,
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
    ) -> None:
        self._take_options(locals())

    def fit(self, X: Any, y: Any = None, **run: Unpack[RunOptions]) -> "Translator":
        """Learn pairs.

        Args:
            X: the sources, a list of texts; or, with `y` left out, a table that holds both: a path or a frame.
            y: the targets, as many.
            **run: `files`, `resume`, `overwrite`, `listener` and `checkpoint_seconds`, see `models/estimator/run.py`.

        Returns:
            self, with the weights of the best held-out loss.

        Raises:
            DataError: texts or columns are missing or empty, there are more or fewer targets than sources, or all are
                the same.
            InputError: `files` cannot be written, `checkpoint_seconds` is negative, or the memory lacks held-out pairs.
            ModelFileError: the checkpoint is broken, of another configuration or unfinished, or the disk is full.
            TrainingError: a loss or gradient is not finite.
            Interrupted: Ctrl-C (a KeyboardInterrupt); with `files`, what was reached is in the checkpoint.
        """
        checked, s = Run.checked(run), self._settings()
        sources, targets = self.pairs_ = self._pairs(X, y, s)
        training, held_out = split_rows(len(sources), s.validation)
        if s.memory and not len(held_out):
            raise InputError("memory: it needs pairs held out to measure it on, got none: set validation to 0.1, say")
        learned = pick(sources, training), pick(targets, training)
        asked = pick(sources, held_out)
        self.duplicates_ = count_duplicates(learned[0], asked)
        self.source_ = Wording.learn(learned[0], s.source_tokens, s.min_count)
        self.target_ = Wording.learn(learned[1], s.target_tokens, s.min_count)
        self.memory_ = TranslationMemory(*learned) if s.memory else None
        reader = self._reader()
        beside = [*self.memory_.others(), *self.memory_.neighbours(asked)] if self.memory_ else None
        read = reader.read(sources, beside)
        wanted = reader.targets(targets, read)
        self.growth_ = float(wanted.take(training).lengths.mean() / read.symbols.take(training).lengths.mean())

        def part(rows: Rows, *training_only: float) -> Written:
            return self._written(read.take(rows), wanted.take(rows), *training_only)

        def begin() -> ByLength:
            self._prepare()
            learned = part(training, s.label_smoothing, s.teacher_forcing)
            measured = part(held_out) if len(held_out) else None
            task = writing_task(self.network_, learned, measured, s, len(self.target_.vocabulary))
            self.baselines_ = task.baselines
            return task

        names = {"sources": read.symbols.fingerprint(), "targets": wanted.fingerprint()}
        return self._learn(checked, names, begin)

    def predict(self, X: Any) -> list[str]:
        """Return a translation for each source, however many there are. Unknown symbols are read as nothing.

        With a memory, it answers for what is near to a known source, and the network, which reads its nearest
        neighbour's target too, writes the rest.

        Raises:
            DataError: `X` is no list of texts, or one of them is empty.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        return self.memory_.translate(as_texts(X, "X"), self._write) if self.memory_ else self.write(X)

    def write(self, X: Any) -> list[str]:
        """Return what the network writes for each source, however near it is; raises as `predict` does."""
        self._check_fitted()
        sources = as_texts(X, "X")
        return self._write(sources, self._beside(sources))

    def score(self, X: Any, y: Any) -> float:
        """Return the share of sources that are translated exactly as they should be, 0 to 1.

        Raises:
            DataError: `X` or `y` is no list of texts, or one is longer.
            InputError: the model is not fitted.
        """
        targets, found = as_texts(y, "y"), self.predict(X)
        if len(found) != len(targets):
            raise DataError(f"y: expected {len(found)} targets, one for each source, got {len(targets)}")
        return exact(found, targets)

    @torch.no_grad()
    def attention(self, source: str) -> Look:
        """Write one source's translation, however near it is, and return where the decoder looked at each symbol.

        Raises:
            DataError: the source is empty, or the model was trained without attention.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        beside, decoder = self._beside(as_texts([source], "source")), self.network_.decoder
        reader = self._reader()
        read = reader.read([source], beside)
        begun = self.network_.read(read.batch(np.array([0])))
        if decoder.attention is None or begun.memory is None:
            raise DataError("attention: the model was trained without it: train one with attend=True")
        limits = self._limits(read.symbols)
        (found,) = search(Writing(decoder, begun, never=(UNKNOWN,)), limits, self._settings().search)
        wanted = Sequences.of([np.array([*found.symbols, EDGE])])
        targets = Targets(*padded(wanted, np.array([0])))
        weights = decoder.attention.weights(decoder.states(begun, targets, targets.inputs), begun.memory)
        return Look(
            reader.names(source, beside[0] if beside else None), reader.symbols(wanted.values), weights[0].numpy()
        )

    def read(self, source: Any) -> Iterator[list[str]]:
        """Return the sources of a table piece by piece (see `OnFiles`)."""
        column, _ = self._columns()
        return (_texts(table, table.column("source", column)) for table in stream_table(source))

    def rows(self, piece: list[str]) -> Columns:
        """Return sources and their translations (see `OnFiles`)."""
        return dict(zip(self._columns(), (piece, self.predict(piece)), strict=True))

    def report(self, source: Any) -> Report:
        """Return scores on a table that holds the targets, beside copying and looking up (see `OnFiles`)."""
        table, (first, second) = read_table(source), self._columns()
        asked = _texts(table, table.column("source", first)), _texts(table, table.column("target", second))
        return translation_report(self, self.pairs_, table.name, asked)

    def _finish(self, task: Task) -> None:
        """Measure on the held-out pairs from which similarity on the memory answers, then have it know all pairs."""
        if self.memory_ is None:
            return
        _, held_out = split_rows(len(self.pairs_[0]), self._settings().validation)
        sources, targets = (pick(side, held_out) for side in self.pairs_)
        threshold = choose_threshold(self.memory_.nearest, sources, self.write(sources), targets)
        self.memory_ = TranslationMemory(*self.pairs_, threshold)

    def _columns(self) -> tuple[str, str]:
        self._check_fitted()
        return of_file(self.columns_, "lists")

    def _pairs(self, X: Any, y: Any, settings: TranslatorSettings) -> Pairs:
        """Return sources and targets, from two arguments or from a table."""
        self.columns_ = None
        if y is None:
            table = read_table(X)
            self.columns_ = _columns_of(table, settings)
            self.read_ = f"{len(table):,} rows"
            X, y = (_texts(table, column) for column in self.columns_)
        sources, targets = as_texts(X, "X"), as_texts(y, "y")
        check_targets(targets, len(sources))
        return sources, targets

    def _as_taught(self, X: Any, y: Any) -> Written:
        """Every step reads the right symbol before it, whatever `teacher_forcing` is."""
        s = self._settings()
        if y is None:
            table = read_table(X)
            X, y = (_texts(table, column) for column in self.columns_ or _columns_of(table, s))
        sources, targets = as_texts(X, "X"), as_texts(y, "y")
        check_targets(targets, len(sources))
        reader = self._reader()
        read = reader.read(sources, self._beside(sources))
        return self._written(read, reader.targets(targets, read), s.label_smoothing)

    def _written(self, read: Read, wanted: Sequences, *training_only: float) -> Written:
        lengths = read.symbols.lengths + wanted.lengths
        network = self.network_
        return Written(network.decoder, lambda rows: network.read(read.batch(rows)), wanted, lengths, *training_only)

    def _write(self, sources: list[str], beside: list[str] | None) -> list[str]:
        """Return what the network makes of sources, and with a memory of their neighbours' targets."""
        reader = self._reader()
        read = reader.read(sources, beside)
        return write_all(
            self.network_.decoder,
            reader.text,
            lambda rows: self.network_.read(read.batch(rows)),
            read.symbols.lengths,
            self._limits(read.symbols),
            self._settings().search,
        )

    def _beside(self, sources: list[str]) -> list[str] | None:
        """Return what the memory has for sources, None without."""
        return self.memory_.neighbours(sources) if self.memory_ else None

    def _reader(self) -> Reader:
        return Reader(self.source_, self.target_, copies=self._settings().copies)

    def _limits(self, read: Sequences) -> npt.NDArray[np.int64]:
        limits: npt.NDArray[np.int64] = np.ceil(2 * self.growth_ * read.lengths).astype(np.int64) + SLACK
        return limits

    def _content(self) -> dict[str, Any]:
        return {
            "source": self.source_.content(),
            "target": self.target_.content(),
            "growth": self.growth_,
            "duplicates": self.duplicates_,
            "columns": self.columns_,
            "threshold": self.memory_.threshold if self.memory_ else None,
        }

    def _tensors(self) -> dict[str, Tensor]:
        return {"pairs": pack_pairs(self.pairs_)}

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self.source_, self.target_ = Wording.of(content["source"]), Wording.of(content["target"])
        self.growth_, self.duplicates_ = content["growth"], content["duplicates"]
        self.columns_ = content["columns"] and tuple(content["columns"])
        self.pairs_ = unpack_pairs(tensors["pairs"])
        self.memory_ = TranslationMemory(*self.pairs_, content["threshold"]) if self._settings().memory else None
        self._prepare()

    def _prepare(self) -> None:
        """Make a network with first weights."""
        s = self._settings()
        self.baselines_ = {}
        self.network_ = self._build(
            lambda: EncoderDecoder(
                len(self.source_.vocabulary) + (len(self.target_.vocabulary) if s.memory else 0),
                len(self.target_.vocabulary),
                cell=s.cell,
                hidden=s.hidden,
                layers=s.layers,
                bidirectional=s.bidirectional,
                embedding=s.embedding,
                dropout=s.dropout,
                symbol_dropout=s.symbol_dropout,
                attention=s.attend,
                copies=s.copies,
            )
        )


def _texts(table: Table, column: str) -> list[str]:
    """Return the texts of a column, none of them blank; messages number the rows as the file does."""
    texts = table.texts(column)
    as_texts(texts, f"{table.name}: column {quote(column)}", table.first)
    return texts


def _columns_of(table: Table, settings: TranslatorSettings) -> tuple[str, str]:
    """Return the columns of sources and targets."""
    return table.column("source", settings.source, SOURCE), table.column("target", settings.target, TARGET)
