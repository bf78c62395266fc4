"""Split a corpus into B contiguous streams that are read in parallel, window by window.

The N symbols of a corpus hold N - 1 pairs (symbol, the one after it). The pairs are split into B contiguous runs whose
lengths differ by at most one, so that every target is used exactly once: streams that are one pair short are padded
in their last step, and a padded target is `IGNORED`. `symbols` may be a memory map; a window reads only its own part.
"""

import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.errors import DataError

IGNORED = -1
"""The target of a padded step; `torch.nn.functional.cross_entropy(..., ignore_index=IGNORED)` leaves it out."""


@dataclass(frozen=True)
class Window:
    """Steps `begin` to `end` of every stream.

    Attributes:
        inputs: int64, shape `(T, B)`.
        targets: int64, shape `(T, B)`: the symbol after each input, `IGNORED` where a stream has ended.
        resets: `(step, rows)` in order of step: before that step of the window, the streams in the bool mask `rows` of
            shape `(B,)` begin a new document and their state goes back to zero.
    """

    inputs: Tensor
    targets: Tensor
    resets: list[tuple[int, Tensor]]


class Streams:
    """B streams over one corpus.

    Args:
        symbols: one-dimensional integers: an array or a memory map, at least `batch + 1` long.
        batch: the number of streams, B.
        documents: positions at which a document begins, ascending; the state of the stream is reset there.
            The first symbol of a document is predicted from the end of the one before it: no target is lost.

    Attributes:
        length: the steps of the longest stream.
        pairs: the targets of the whole corpus.
        has_documents: whether any document begins inside the corpus.

    Raises:
        DataError: the corpus has fewer pairs than streams.
    """

    def __init__(self, symbols: npt.NDArray[np.integer], batch: int, documents: npt.NDArray[np.int64] | None = None):
        pairs = len(symbols) - 1
        if pairs < batch:
            raise DataError(
                f"text: {len(symbols)} symbols cannot fill {batch} streams, which need {batch + 1} or more: "
                "give more text or a smaller batch"
            )
        self.symbols = symbols
        self.batch = batch
        self.pairs = pairs
        self.lengths = np.full(batch, pairs // batch)
        self.lengths[: pairs % batch] += 1
        self.starts = np.concatenate(([0], np.cumsum(self.lengths)[:-1]))
        self.length: int = int(self.lengths[0])
        self._resets = self._find_resets(documents)
        self.has_documents = bool(self._resets)

    def _find_resets(self, documents: npt.NDArray[np.int64] | None) -> dict[int, list[int]]:
        """Return step -> the streams that begin a document there."""
        resets: dict[int, list[int]] = {}
        for place in [] if documents is None else documents[(documents > 0) & (documents < self.pairs)]:
            stream = int(np.searchsorted(self.starts, place, side="right")) - 1
            resets.setdefault(int(place - self.starts[stream]), []).append(stream)
        return dict(sorted(resets.items()))

    def share(self, rank: int, ranks: int) -> "Streams":
        """Return every so-manieth stream from one on, with as many steps as all of them: `streams[rank::ranks]`.

        A share may be empty, and its last step may be padding alone.
        """
        part = copy.copy(self)
        part.starts, part.lengths = self.starts[rank::ranks], self.lengths[rank::ranks]
        part.batch = len(part.starts)
        own = {step: [row // ranks for row in rows if row % ranks == rank] for step, rows in self._resets.items()}
        part._resets = {step: rows for step, rows in own.items() if rows}
        return part

    def count(self, begin: int, end: int) -> int:
        """Return the number of targets in steps `begin` to `end`, padding left out."""
        return int(np.clip(self.lengths - begin, 0, end - begin).sum())

    def window(self, begin: int, end: int) -> Window:
        """Return steps `begin` to `end` of every stream; T is `end - begin`.

        A negative `begin` reads the symbols before a stream, the end of the previous one; the first stream has no
        previous one and reads its own first symbol.
        """
        steps = np.arange(begin, end + 1)
        places = np.clip(self.starts[:, None] + steps, 0, self.pairs)
        block = torch.from_numpy(self.symbols[places].T.astype(np.int64))
        targets = block[1:]
        if end > self.lengths[-1]:
            ended = torch.from_numpy(steps[:-1, None] >= self.lengths)
            targets = targets.masked_fill(ended, IGNORED)
        return Window(block[:-1], targets, self._resets_in(begin, end))

    def _resets_in(self, begin: int, end: int) -> list[tuple[int, Tensor]]:
        if not self._resets:
            return []
        found = []
        for step in range(begin, end):
            if step in self._resets:
                rows = torch.zeros(self.batch, dtype=torch.bool)
                rows[self._resets[step]] = True
                found.append((step - begin, rows))
        return found
