"""Encode sources, and the targets of their nearest neighbours, for a translator that may copy symbols."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman.data.sequences import Rows, Sequences
from elman.data.tokenizer import END, Tokenizer
from elman.data.vocabulary import OpenVocabulary
from elman.models.networks.beam_search import BOS_EOS
from elman.models.networks.decoding import padded
from elman.models.translate.network import Sources


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
            strange = np.flatnonzero(own == 0)
            symbols = self._target.split(text) if len(strange) else []
            found = [self._open.number(symbols[place]) for place in strange]
            own[strange] = np.where(np.isin(found, there), found, 0)
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
