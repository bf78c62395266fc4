"""Read pairs, split them, and encode them for a translator that may copy symbols or have a translation memory.

All that is learned from texts is learned from the training part alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.data.items import as_texts
from elman.data.sequences import Rows, Sequences
from elman.data.splits import count_duplicates, pick, split_rows
from elman.data.tables import Table, read_table
from elman.data.tokenizer import END, Tokenizer
from elman.data.vocabulary import OpenVocabulary
from elman.errors import InputError
from elman.models.estimator.preprocess import PreparedData
from elman.models.networks.beam_search import BOS_EOS
from elman.models.networks.decoding import check_targets, padded
from elman.models.translate.memory import Pairs, TranslationMemory
from elman.models.translate.network import Sources
from elman.models.translate.options import Sizes, TranslatorOptions, chosen, copies
from elman.quoting import quote
from elman.rounding import counted

SOURCE = ("source", "src", "input", "from")
TARGET = ("target", "tgt", "translation", "output", "to")


class Read(NamedTuple):
    """Sources as numbers.

    Attributes:
        symbols: what the encoder reads.
        copies: the same symbols by the numbers that are written (see `Places`), None where nothing is copied.
    """

    symbols: Sequences
    copies: Sequences | None

    def batch(self, rows: Rows) -> Sources:
        """Return some of the rows side by side."""
        symbols, lengths = padded(self.symbols, rows)
        return Sources(symbols, lengths, None if self.copies is None else padded(self.copies, rows)[0])

    def take(self, rows: Rows) -> "Read":
        """Return some of the rows, in that order."""
        return Read(self.symbols.take(rows), None if self.copies is None else self.copies.take(rows))


class Reader:
    """Encode sources and targets as numbers, and decode written numbers as texts.

    A network that copies reads the source and `BOS_EOS`; with neighbours, then the target of the nearest known source,
    in symbols of its own, and `BOS_EOS` again. Symbols of the source can be copied where both sides are cut in the same
    way. The numbers of symbols outside the vocabulary are valid for this reader only.

    Args:
        source: how sources are cut.
        target: how targets are.
        copies: the network copies.
    """

    def __init__(self, source: Tokenizer, target: Tokenizer, *, copies: bool):
        self._source, self._target, self._copies = source, target, copies
        self._open = OpenVocabulary(target.vocabulary)

    def read(self, sources: Sequence[str], neighbours: Sequence[str] | None = None) -> Read:
        """Return the numbers of sources, and of their neighbours' targets, as many."""
        if not self._copies:
            return Read(self._source.read(sources), None)
        rows = map(self._with_copies, sources, [None] * len(sources) if neighbours is None else neighbours)
        symbols, copies = (Sequences.of(side) for side in zip(*rows, strict=True))
        return Read(symbols, copies)

    def names(self, source: str, neighbour: str | None) -> list[str]:
        """Return the symbols of what `read` makes of one source."""
        if not self._copies:
            return self._source.split(source)
        beside = [] if neighbour is None else [*self._target.split(neighbour), END]
        return [*self._source.split(source), END, *beside]

    def targets(self, targets: Sequence[str], read: Read) -> Sequences:
        """Return targets with their ends: symbols of the vocabulary, and other symbols where the row can copy them."""
        wanted = self._target.read_targets(targets)
        if read.copies is None:
            return wanted
        values = wanted.values.copy()
        for row, text in enumerate(targets):
            own, there = values[wanted.starts[row] : wanted.starts[row + 1]], read.copies[row]
            unknown = np.flatnonzero(own == 0)
            symbols = self._target.split(text) if len(unknown) else []
            found = [self._open.number(symbols[place]) for place in unknown]
            own[unknown] = np.where(np.isin(found, there), found, 0)
        return Sequences(values, wanted.starts)

    def symbols(self, numbers: Sequence[int] | npt.NDArray[np.int64]) -> list[str]:
        """Return the symbols that were written."""
        return self._open.decode(numbers)

    def text(self, numbers: Sequence[int]) -> str:
        """Return the text that was written."""
        return self._target.join(self.symbols(numbers))

    def _with_copies(self, source: str, neighbour: str | None) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        cut_source, end = self._source.split(source), np.array([BOS_EOS])
        same = self._source.splitter == self._target.splitter
        read = [self._source.vocabulary.encode(cut_source), end]
        copies = [self._open.encode(cut_source) if same else np.zeros(len(cut_source), np.int64), end]
        if neighbour is not None:
            beside = self._target.split(neighbour)
            read += [len(self._source.vocabulary) + self._target.vocabulary.encode(beside), end]
            copies += [self._open.encode(beside), end]
        return np.concatenate(read), np.concatenate(copies)


@dataclass(frozen=True)
class Encoded:
    """Sources and targets as numbers.

    Attributes:
        sources: what the encoder reads.
        targets: what should be written, each with its end.
    """

    sources: Read
    targets: Sequences

    @property
    def growth(self) -> float:
        """The mean length of a target, divided by that of a source."""
        return float(self.targets.lengths.mean() / self.sources.symbols.lengths.mean())

    def take(self, rows: Rows) -> "Encoded":
        """Return some of the pairs, in that order."""
        return Encoded(self.sources.take(rows), self.targets.take(rows))

    def fingerprint(self) -> dict[str, str]:
        """Return digests of every source and every target."""
        return {"sources": self.sources.symbols.fingerprint(), "targets": self.targets.fingerprint()}


@dataclass(frozen=True)
class Preprocessor:
    """Cut texts of both sides in symbols, and encode those as numbers.

    Attributes:
        source: how sources are cut, and the numbers of their symbols.
        target: likewise of targets.
        copies: whether the network copies.
    """

    source: Tokenizer
    target: Tokenizer
    copies: bool

    @classmethod
    def from_state(cls, content: dict[str, Any], options: TranslatorOptions) -> "Preprocessor":
        """Return the preprocessor that `content` was made from."""
        source, target = (Tokenizer.from_state(content[side]) for side in ("source", "target"))
        return cls(source, target, copies(options))

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"source": self.source.content(), "target": self.target.content()}

    def reader(self) -> Reader:
        """Return a new reader, for texts that belong together."""
        return Reader(self.source, self.target, copies=self.copies)

    def encode(self, sources: Sequence[str], targets: Sequence[str], neighbours: Sequence[str] | None) -> Encoded:
        """Return pairs, with the targets of the sources' neighbours where there is a memory, in numbers."""
        reader = self.reader()
        read = reader.read(sources, neighbours)
        return Encoded(read, reader.targets(targets, read))


@dataclass(frozen=True)
class Prepared(PreparedData[Encoded, Preprocessor]):
    """The data of one training.

    Attributes:
        pairs: all sources and targets, not encoded.
        memory: knows the training part.
        options: the options, with what was left open chosen for the training part.
        columns: the columns of the table that was read; None where `X` and `y` were given.
        read: how much of a table was read, such as "40 rows"; None likewise.
    """

    pairs: Pairs
    memory: TranslationMemory
    options: TranslatorOptions
    columns: tuple[str, str] | None
    read: str | None


def prepare(X: Any, y: Any, options: TranslatorOptions) -> Prepared:
    """Read sources and targets, split them, and encode both parts.

    Args:
        X: the sources; or a table that holds the targets too, a path or a frame.
        y: the targets, as many; None with a table.
        options: the options of the translator.

    Raises:
        DataError: texts or columns are missing or empty, there are more or fewer targets than sources, or all are the
            same.
        InputError: a memory is wanted, and nothing is held out to measure it on.
    """
    columns = read = None
    if y is None:
        table = read_table(X)
        columns, read = find_columns(table, options), counted(len(table), "row")
        X, y = (texts_of(table, column) for column in columns)
    pairs = sources, targets = check_pairs(X, y)
    training, held_out = split_pairs(len(sources), options)
    if options.memory and not len(held_out):
        raise InputError("memory: it needs pairs held out to measure it on, got none: set validation to 0.1, say")
    learned, asked = (pick(sources, training), pick(targets, training)), pick(sources, held_out)
    source, target = (
        Tokenizer.fit(texts, tokens, options.min_count)
        for texts, tokens in zip(learned, (options.source_tokens, options.target_tokens), strict=True)
    )
    options = chosen(options, _sizes(source, target, learned))
    preprocessor, memory = Preprocessor(source, target, copies(options)), TranslationMemory(*learned)
    neighbours = [*memory.others(), *memory.neighbours(asked)] if options.memory else None
    encoded = preprocessor.encode(learned[0] + asked, learned[1] + pick(targets, held_out), neighbours)
    places = np.arange(len(sources))
    return Prepared(
        encoded.take(places[: len(training)]),
        encoded.take(places[len(training) :]) if len(held_out) else None,
        preprocessor,
        count_duplicates(learned[0], asked),
        pairs,
        memory,
        options,
        columns,
        read,
    )


def split_pairs(count: int, options: TranslatorOptions) -> tuple[Rows, Rows]:
    """Return the rows to learn from and those held out, the same at every call."""
    return split_rows(count, options.validation_fraction, options.split, options.seed)


def _sizes(source: Tokenizer, target: Tokenizer, pairs: Pairs) -> Sizes:
    """Return what the options are chosen by."""
    read, written = ([one.split(text) for text in texts] for one, texts in ((source, pairs[0]), (target, pairs[1])))
    shared = [len(set(a) & set(b)) / len(set(b)) for a, b in zip(read, written, strict=True)]
    symbols = sum(map(len, read)) + sum(map(len, written))
    same = source.splitter == target.splitter
    return Sizes(len(read), symbols, (source.kind, target.kind), float(np.mean(shared)) if same else 0.0)


def check_pairs(X: Any, y: Any) -> Pairs:
    """Return sources and targets as lists; raises as `prepare` does."""
    sources, targets = as_texts(X, "X"), as_texts(y, "y")
    check_targets(targets, len(sources))
    return sources, targets


def texts_of(table: Table, column: str) -> list[str]:
    """Return the texts of a column, none of them blank; messages number the rows as the file does."""
    texts = table.texts(column)
    as_texts(texts, f"{table.name}: column {quote(column)}", table.first)
    return texts


def find_columns(table: Table, options: TranslatorOptions) -> tuple[str, str]:
    """Return the columns of sources and targets."""
    return table.column("source", options.source, SOURCE), table.column("target", options.target, TARGET)
