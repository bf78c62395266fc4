"""Define `Translator`, which translates a sequence into another, such as a word into its pronunciation."""

from collections.abc import Iterator
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.items import as_texts
from elman.data.sequences import Rows, Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.data.tables import Table, read_table, stream_table
from elman.data.tokenizer import UNKNOWN, Tokenizer
from elman.errors import DataError, InputError
from elman.models.estimator.base import Estimator, of_file
from elman.models.estimator.contents import TranslatorContent
from elman.models.estimator.examples import ByLength
from elman.models.estimator.reports import Columns, Report
from elman.models.networks.beam_search import BOS_EOS, search
from elman.models.networks.decoder import Targets, Writing
from elman.models.networks.decoding import (
    LOSS_UNIT,
    TargetExamples,
    check_targets,
    padded,
    search_of,
    write_all,
    writing_task,
)
from elman.models.scoring.texts import exact
from elman.models.translate.memory import Pairs, TranslationMemory, choose_threshold, pack_pairs, unpack_pairs
from elman.models.translate.network import EncoderDecoder
from elman.models.translate.options import TranslatorOptions, copies
from elman.models.translate.preprocess import Read, Reader
from elman.models.translate.report import AttentionMap, translation_report
from elman.quoting import quote
from elman.train import Task
from elman.train.run import RunOptions, check_run

SOURCE = ("source", "src", "input", "from")
TARGET = ("target", "tgt", "translation", "output", "to")
SLACK = 10
"""Symbols that a translation may have beyond twice what is usual for its source."""


class Translator(Estimator, TranslatorOptions):
    """An encoder reads the source, a decoder writes the target and looks back at the source while it does.

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
        >>> model = Translator(hidden_size=16, epochs=20, batch_size=8, learning_rate=0.02).fit(words, figures)
        >>> model.predict(["two", "four"])
        ['2', '4']
    """

    kind = "translator"
    loss_unit = LOSS_UNIT
    content_type = TranslatorContent
    network_: EncoderDecoder
    source_: Tokenizer
    target_: Tokenizer
    pairs_: Pairs
    columns_: tuple[str, str] | None
    memory_: TranslationMemory | None

    def fit(self, X: Any, y: Any = None, **run: Unpack[RunOptions]) -> "Translator":
        """Learn pairs.

        Args:
            X: the sources, a list of texts; or, with `y` left out, a table that holds both: a path or a frame.
            y: the targets, as many.
            **run: `files`, `resume`, `overwrite`, `callback` and `checkpoint_seconds`, see `elman.train.RunOptions`.

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
        check_run(run)
        s = self._options()
        sources, targets = self.pairs_ = self._pairs(X, y, s)
        training, held_out = split_rows(len(sources), s.validation_fraction)
        if s.memory and not len(held_out):
            raise InputError("memory: it needs pairs held out to measure it on, got none: set validation to 0.1, say")
        learned = pick(sources, training), pick(targets, training)
        asked = pick(sources, held_out)
        self.duplicates_ = count_duplicates(learned[0], asked)
        self.source_ = Tokenizer.fit(learned[0], s.source_tokens, s.min_count)
        self.target_ = Tokenizer.fit(learned[1], s.target_tokens, s.min_count)
        self.memory_ = TranslationMemory(*learned) if s.memory else None
        reader = self._reader()
        beside = [*self.memory_.others(), *self.memory_.neighbours(asked)] if self.memory_ else None
        read = reader.read(sources, beside)
        wanted = reader.targets(targets, read)
        self.growth_ = float(wanted.take(training).lengths.mean() / read.symbols.take(training).lengths.mean())

        def part(rows: Rows, *training_only: float) -> TargetExamples:
            return self._target_examples(read.take(rows), wanted.take(rows), *training_only)

        def begin() -> ByLength:
            self._prepare()
            learned = part(training, s.label_smoothing, s.teacher_forcing)
            measured = part(held_out) if len(held_out) else None
            task = writing_task(self.network_, learned, measured, s, len(self.target_.vocabulary))
            self.baselines_ = task.baselines
            return task

        names = {"sources": read.symbols.fingerprint(), "targets": wanted.fingerprint()}
        return self._learn(run, names, begin)

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
    def attention(self, source: str) -> AttentionMap:
        """Write one source's translation, however near it is, and return the attention at each symbol.

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
        (found,) = search(Writing(decoder, begun, never=(UNKNOWN,)), limits, search_of(self._options()))
        wanted = Sequences.of([np.array([*found.symbols, BOS_EOS])])
        targets = Targets(*padded(wanted, np.array([0])))
        weights = decoder.attention.weights(decoder.states(begun, targets, targets.inputs), begun.memory)
        return AttentionMap(
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
        """Return scores on a table that holds the targets, compared with copying and looking up (see `OnFiles`)."""
        table, (first, second) = read_table(source), self._columns()
        sources, targets = (_texts(table, table.column(*side)) for side in (("source", first), ("target", second)))
        written = {"network": self.write(sources)}
        if self.memory_:
            written["memory and network"] = self.predict(sources)
        draw = (lambda: self.attention(sources[0]).draw()) if self.attend else None
        title = f"{table.name}: {len(sources):,} pairs"
        return translation_report(
            title, (sources, targets), self.pairs_, written, self.target_.kind, self.memory_, draw
        )

    def _finish(self, task: Task) -> None:
        """Measure on the held-out pairs from which similarity on the memory answers, then have it know all pairs."""
        if self.memory_ is None:
            return
        _, held_out = split_rows(len(self.pairs_[0]), self._options().validation_fraction)
        sources, targets = (pick(side, held_out) for side in self.pairs_)
        threshold = choose_threshold(self.memory_.nearest, sources, self.write(sources), targets)
        self.memory_ = TranslationMemory(*self.pairs_, threshold)

    def _columns(self) -> tuple[str, str]:
        self._check_fitted()
        return of_file(self.columns_, "lists")

    def _pairs(self, X: Any, y: Any, options: TranslatorOptions) -> Pairs:
        """Return sources and targets, from two arguments or from a table."""
        self.columns_ = None
        if y is None:
            table = read_table(X)
            self.columns_ = _columns_of(table, options)
            self.read_ = f"{len(table):,} rows"
            X, y = (_texts(table, column) for column in self.columns_)
        sources, targets = as_texts(X, "X"), as_texts(y, "y")
        check_targets(targets, len(sources))
        return sources, targets

    def _as_taught(self, X: Any, y: Any) -> TargetExamples:
        """Every step reads the right symbol before it, whatever `teacher_forcing` is."""
        s = self._options()
        if y is None:
            table = read_table(X)
            X, y = (_texts(table, column) for column in self.columns_ or _columns_of(table, s))
        sources, targets = as_texts(X, "X"), as_texts(y, "y")
        check_targets(targets, len(sources))
        reader = self._reader()
        read = reader.read(sources, self._beside(sources))
        return self._target_examples(read, reader.targets(targets, read), s.label_smoothing)

    def _target_examples(self, read: Read, wanted: Sequences, *training_only: float) -> TargetExamples:
        lengths = read.symbols.lengths + wanted.lengths
        network = self.network_
        return TargetExamples(
            network.decoder, lambda rows: network.read(read.batch(rows)), wanted, lengths, *training_only
        )

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
            search_of(self._options()),
        )

    def _beside(self, sources: list[str]) -> list[str] | None:
        """Return what the memory has for sources, None without."""
        return self.memory_.neighbours(sources) if self.memory_ else None

    def _reader(self) -> Reader:
        return Reader(self.source_, self.target_, copies=copies(self._options()))

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
        self.source_, self.target_ = Tokenizer.from_state(content["source"]), Tokenizer.from_state(content["target"])
        self.growth_, self.duplicates_ = content["growth"], content["duplicates"]
        self.columns_ = content["columns"] and tuple(content["columns"])
        self.pairs_ = unpack_pairs(tensors["pairs"])
        self.memory_ = TranslationMemory(*self.pairs_, content["threshold"]) if self._options().memory else None
        self._prepare()

    def _prepare(self) -> None:
        """Make a network with first weights."""
        s = self._options()
        self.baselines_ = {}
        self.network_ = self._build(
            lambda: EncoderDecoder(
                len(self.source_.vocabulary) + (len(self.target_.vocabulary) if s.memory else 0),
                len(self.target_.vocabulary),
                s,
            )
        )


def _texts(table: Table, column: str) -> list[str]:
    """Return the texts of a column, none of them blank; messages number the rows as the file does."""
    texts = table.texts(column)
    as_texts(texts, f"{table.name}: column {quote(column)}", table.first)
    return texts


def _columns_of(table: Table, options: TranslatorOptions) -> tuple[str, str]:
    """Return the columns of sources and targets."""
    return table.column("source", options.source, SOURCE), table.column("target", options.target, TARGET)
