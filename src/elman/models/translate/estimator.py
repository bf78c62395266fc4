"""Define `Translator`, which translates a sequence into another, such as a word into its pronunciation."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.items import as_texts
from elman.data.sequences import Sequences
from elman.data.splits import pick
from elman.data.tables import read_table, stream_table
from elman.data.tokenizer import UNKNOWN, Tokenizer
from elman.errors import DataError
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.estimator.columns import of_file
from elman.models.estimator.contents import TranslatorContent
from elman.models.estimator.reports import Columns, Report
from elman.models.networks.beam_search import BOS_EOS, Beam, search
from elman.models.networks.choices import MEASURED, SEARCHED, Values, choose_threshold, cross_switched, switch
from elman.models.networks.decoder import Targets, Writing
from elman.models.networks.decoding import TargetExamples, Writer, padded, write_all
from elman.models.translate.memory import NearestNeighbour, Pairs, TranslationMemory, pack_pairs, unpack_pairs
from elman.models.translate.network import EncoderDecoder
from elman.models.translate.options import TranslatorOptions
from elman.models.translate.preprocess import (
    Encoded,
    Preprocessor,
    check_pairs,
    find_columns,
    prepare,
    split_pairs,
    texts_of,
)
from elman.models.translate.report import AttentionMap, CopySource, translation_report
from elman.rounding import counted
from elman.train import Task
from elman.train.run import RunOptions

SLACK = 10
"""Symbols that a translation may have beyond twice what is usual for its source."""
NEAREST, COPY = NearestNeighbour.name, CopySource.name
NEAR, UNSURE = "memory and network", "network or copy"
"""The answers of `predict` other than the network: a simple model, or one of them where it is better than that."""


class Translator(Writer, TranslatorOptions):
    """An encoder reads the source, a decoder writes the target and looks back at the source while it does.

    Attributes:
        preprocessor_: how texts of either side become numbers, from the training part.
        pairs_: sources and targets that were given, to be looked up; they are saved with the model.
        columns_: the columns that they came from, None where they came as lists.
        memory_: knows all pairs, and can answer for what is near to them.
        chosen_: the options that were left open, as they were chosen for the data.
        answer_: what `predict` answers with.
        doubt_: how unsure the network has to be of a text, in nats for each symbol, for the source to be copied instead
            where the answer is "network or copy"; None never copies.
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
    content_type = TranslatorContent
    example = "pair"
    network_: EncoderDecoder
    preprocessor_: Preprocessor
    pairs_: Pairs
    columns_: tuple[str, str] | None
    memory_: TranslationMemory
    doubt_: float | None = None

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
        data = prepare(X, y, self._options_for(run))
        self.preprocessor_, self.pairs_, self.memory_ = data.preprocessor, data.pairs, data.memory
        self.columns_, self.duplicates_, self.growth_ = data.columns, data.duplicates, data.training.growth
        if data.read:
            self.read_ = data.read
        return self._learn(
            run, data.fingerprint(), lambda: self._begin(data.training, data.held_out, data.options), data.options
        )

    def predict(self, X: Any, beam: int | None = None, length_penalty: float | None = None) -> list[str]:
        """Return a translation for each source, however many there are. Unknown symbols are read as nothing.

        Args:
            X: the sources.
            beam: the width of the search; None takes the option of this name, or what was chosen for it.
            length_penalty: likewise.

        Returns:
            What the network writes, or a simpler answer where that was better on held-out pairs (see `answer_`).

        Raises:
            DataError: `X` is no list of texts, or one of them is empty.
            InputError: the model is not fitted, or an argument is out of range.
        """
        self._check_fitted()
        sources, search, name = as_texts(X, "X"), self._beam(beam, length_penalty), self.answer_.name
        if name == COPY:
            return list(sources)
        if name == NEAREST:
            return self.memory_.neighbours(sources)
        if name == NEAR:
            return self.memory_.translate(sources, lambda some: self._write(some, search)[0])
        texts, doubts = self._write(sources, search)
        return switch(doubts, sources, texts, self.doubt_) if name == UNSURE else texts

    def write(self, X: Any, beam: int | None = None, length_penalty: float | None = None) -> list[str]:
        """Return what the network writes for each source, whatever `answer_` is; takes and raises as `predict` does."""
        self._check_fitted()
        return self._write(as_texts(X, "X"), self._beam(beam, length_penalty))[0]

    @torch.no_grad()
    def attention(self, source: str) -> AttentionMap:
        """Write one source's translation, however near it is, and return the attention at each symbol.

        Raises:
            DataError: the source is empty, or the model was trained without attention.
            InputError: the model is not fitted.
        """
        self._check_fitted()
        beside, decoder = self._beside(as_texts([source], "source")), self.network_.decoder
        reader = self.preprocessor_.reader()
        read = reader.read([source], beside)
        begun = self.network_.read(read.batch(np.array([0])))
        if decoder.attention is None or begun.memory is None:
            raise DataError("attention: the model was trained without it: train one with attend=True")
        limits = self._limits(read.symbols)
        (found,) = search(Writing(decoder, begun, never=(UNKNOWN,)), limits, self._beam())
        wanted = Sequences.of([np.array([*found.symbols, BOS_EOS])])
        targets = Targets(*padded(wanted, np.array([0])))
        weights = decoder.attention.weights(decoder.states(begun, targets, targets.inputs), begun.memory)
        return AttentionMap(
            reader.names(source, beside[0] if beside else None), reader.symbols(wanted.values), weights[0].numpy()
        )

    def read(self, source: Any) -> Iterator[list[str]]:
        """Return the sources of a table piece by piece (see `OnFiles`)."""
        column, _ = self._columns()
        return (texts_of(table, table.column("source", column)) for table in stream_table(source))

    def rows(self, piece: list[str]) -> Columns:
        """Return sources and their translations (see `OnFiles`)."""
        return dict(zip(self._columns(), (piece, self.predict(piece)), strict=True))

    def report(self, source: Any) -> Report:
        """Return scores on a table that holds the targets, compared with copying and looking up (see `OnFiles`)."""
        table, (first, second) = read_table(source), self._columns()
        sources, targets = (texts_of(table, table.column(*side)) for side in (("source", first), ("target", second)))
        written = {NETWORK: self.write(sources)}
        if self.answer_.name in (NEAR, UNSURE):
            written[self.answer_.name] = self.predict(sources)
        memory = self.memory_ if self.answer_.name == NEAR else None
        draw = (lambda: self.attention(sources[0]).draw()) if self.attend else None
        title = f"{table.name}: {counted(len(sources), 'pair')}"
        found = translation_report(title, (sources, targets), self.pairs_, written, self._tokenizer.kind, memory, draw)
        return replace(found, notes=[*found.notes, f"predict answers with: {self.answer_.name}"])

    def _finish(self, task: Task) -> None:
        """Choose the search and the answer on held-out pairs, then have the memory know all pairs."""
        _, rows = split_pairs(len(self.pairs_[0]), self._options())
        self.answer_, self.held_out_, self.doubt_ = Answer.only(), None, None
        if not len(rows):
            return
        sources, wanted = (pick(side, rows[:MEASURED]) for side in self.pairs_)
        some = sources[:SEARCHED]
        beam = self._choose_beam(lambda beam: self._write(some, beam)[0], wanted[:SEARCHED])
        texts, doubts = self._write(sources, beam)
        looked_up, similarities = self.memory_.nearest.find(sources)
        near, unsure = (similarities, looked_up, texts, wanted), (doubts, sources, texts, wanted)
        written = {NETWORK: texts, NEAREST: looked_up, COPY: sources}
        self._choose_answer(written | {NEAR: cross_switched(*near), UNSURE: cross_switched(*unsure)}, wanted)
        self.memory_, self.doubt_ = TranslationMemory(*self.pairs_, choose_threshold(*near)), choose_threshold(*unsure)

    def _columns(self) -> tuple[str, str]:
        self._check_fitted()
        return of_file(self.columns_, "lists")

    def _as_taught(self, X: Any, y: Any) -> TargetExamples:
        """Every step reads the right symbol before it, whatever `teacher_forcing` is."""
        options = self._options()
        if y is None:
            table = read_table(X)
            X, y = (texts_of(table, column) for column in self.columns_ or find_columns(table, options))
        sources, targets = check_pairs(X, y)
        encoded = self.preprocessor_.encode(sources, targets, self._beside(sources))
        return self._target_examples(encoded, options.label_smoothing)

    def _target_examples(self, data: Encoded, *training_only: float) -> TargetExamples:
        read, wanted, network = data.sources, data.targets, self.network_
        lengths = read.symbols.lengths + wanted.lengths
        return TargetExamples(
            network.decoder, lambda rows: network.read(read.batch(rows)), wanted, lengths, *training_only
        )

    def _write(self, sources: list[str], beam: Beam) -> tuple[list[str], Values]:
        """Return what the network makes of sources, and how unsure it is of each text (see `write_all`)."""
        reader = self.preprocessor_.reader()
        read = reader.read(sources, self._beside(sources))
        return write_all(
            self.network_.decoder,
            reader.text,
            lambda rows: self.network_.read(read.batch(rows)),
            read.symbols.lengths,
            self._limits(read.symbols),
            beam,
        )

    def _beside(self, sources: list[str]) -> list[str] | None:
        """Return the targets that the network reads beside sources, None where it reads none."""
        return self.memory_.neighbours(sources) if self._filled_options().memory else None

    @property
    def _tokenizer(self) -> Tokenizer:
        return self.preprocessor_.target

    def _limits(self, read: Sequences) -> npt.NDArray[np.int64]:
        limits: npt.NDArray[np.int64] = np.ceil(2 * self.growth_ * read.lengths).astype(np.int64) + SLACK
        return limits

    def _content(self) -> dict[str, Any]:
        return self.preprocessor_.content() | {
            "growth": self.growth_,
            "duplicates": self.duplicates_,
            "columns": self.columns_,
            "threshold": self.memory_.threshold,
            "doubt": self.doubt_,
        }

    def _tensors(self) -> dict[str, Tensor]:
        return {"pairs": pack_pairs(self.pairs_)}

    def _rebuild(self, content: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        options = self._filled_options()
        self.preprocessor_ = Preprocessor.from_state(content, options)
        self.growth_, self.duplicates_ = content["growth"], content["duplicates"]
        self.columns_ = content["columns"] and tuple(content["columns"])
        self.pairs_ = unpack_pairs(tensors["pairs"])
        self.memory_, self.doubt_ = TranslationMemory(*self.pairs_, content["threshold"]), content["doubt"]
        self._make_network(options)

    def _make_network(self, options: TranslatorOptions) -> None:
        sizes = [len(side.vocabulary) for side in (self.preprocessor_.source, self.preprocessor_.target)]
        read = sum(sizes) if options.memory else sizes[0]
        self.network_ = self._build(lambda: EncoderDecoder(read, sizes[1], options))
