"""Sequences of varying length in one flat array, and batches of them without padding.

Everything here is numbers and plans in NumPy; `models/` makes tensors of them. A packed batch has the order of
`torch.nn.utils.rnn.PackedSequence`: all first steps, then all second steps, ..., longest sequence first.

An epoch is shuffled, then sorted by length within pools of a few batches, then its batches are shuffled: sequences of
similar length are in one batch, so that most of its rows last to its end. The seed and the number of an epoch determine
its batches, so that a resumed training finds its position again.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.options import SideName

Rows: TypeAlias = npt.NDArray[np.int64]
"""Numbers of sequences, shape `(B,)`."""


@dataclass(frozen=True)
class Packing:
    """The positions of a packed batch of sequences, step by step.

    Attributes:
        rows: the sequences of the batch, longest first, shape `(B,)`.
        places: The index of each packed step in the flat array, shape `(N,)`: step 0 of every row, step 1, ...
        batch_sizes: how many rows have each step, shape `(T,)`.
    """

    rows: Rows
    places: npt.NDArray[np.int64]
    batch_sizes: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sequences:
    """Sequences one after the other.

    Attributes:
        values: all steps, shape `(N,)` for symbols or `(N, I)` for vectors.
        starts: where each sequence begins, and where the last one ends, shape `(n + 1,)`.
    """

    values: npt.NDArray[Any]
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, parts: Iterable[npt.NDArray[Any]]) -> "Sequences":
        """Put arrays `(T,)` or `(T, I)`, at least one, one after the other."""
        kept = list(parts)
        return cls(np.concatenate(kept), np.concatenate(([0], np.cumsum([len(part) for part in kept]))))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> npt.NDArray[Any]:
        return self.values[self.starts[row] : self.starts[row + 1]]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Steps of each sequence, shape `(n,)`."""
        return np.diff(self.starts)

    def take(self, rows: Rows) -> "Sequences":
        """Return some of the sequences, in the order of `rows`."""
        lengths = self.lengths[rows]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        places = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return Sequences(self.values[places], starts)

    def window(self, steps: int, side: SideName, fill: int) -> npt.NDArray[Any]:
        """Return as many first or last steps of every sequence, shape `(n, steps)` or `(n, steps, I)`.

        Args:
            steps: the length of the window.
            side: "last" ends the window with the last step, "first" begins it with the first.
            fill: The value where a sequence has no step, before or after it.
        """
        lengths = self.lengths[:, None]
        at = np.arange(steps) + (lengths - steps if side == "last" else 0)
        inside = (at >= 0) & (at < lengths)
        found = self.values[np.where(inside, at + self.starts[:-1, None], 0)]
        found[~inside] = fill
        return found

    def pack(self, rows: Rows) -> Packing:
        """Return the packing of some of the sequences; the longest is first, ties keep their order."""
        rows = longest_first(self.lengths, rows)
        lengths = self.lengths[rows]
        steps = np.arange(lengths[0])
        inside = steps[:, None] < lengths
        return Packing(rows, (steps[:, None] + self.starts[rows])[inside], inside.sum(axis=1))

    def fingerprint(self) -> str:
        """Return a digest of every value and length."""
        digest = hashlib.sha256(f"{self.values.dtype},{self.values.shape}".encode() + self.starts.tobytes())
        digest.update(np.ascontiguousarray(self.values).data)
        return digest.hexdigest()[:16]


def longest_first(lengths: npt.NDArray[np.int64], rows: Rows) -> Rows:
    """Return the rows by falling length; rows of one length keep their order."""
    return rows[np.argsort(-lengths[rows], kind="stable")]


POOL = 32
"""Batches that are sorted by length together: more sort better, fewer mix better."""


def epoch_batches(lengths: npt.NDArray[np.int64], batch: int, seed: int, epoch: int) -> list[Rows]:
    """Return the batches of one epoch, every sequence in exactly one.

    Args:
        lengths: steps of each sequence, shape `(n,)`.
        batch: sequences in a batch; the last of the epoch's shuffle may have fewer.
        seed: of the whole training.
        epoch: the number of the epoch.
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(lengths))
    pools = [order[begin : begin + POOL * batch] for begin in range(0, len(order), POOL * batch)]
    batches = [part for pool in pools for part in _cut(longest_first(lengths, pool), batch)]
    return [batches[at] for at in random.permutation(len(batches))]


def sorted_batches(lengths: npt.NDArray[np.int64], batch: int) -> list[Rows]:
    """Return every sequence once, the longest first: for measuring and predicting, where order matters to nobody."""
    return _cut(longest_first(lengths, np.arange(len(lengths))), batch)


def _cut(rows: Rows, batch: int) -> list[Rows]:
    return [rows[begin : begin + batch] for begin in range(0, len(rows), batch)]
