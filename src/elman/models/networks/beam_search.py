"""Search for the likeliest sequence of a network that writes one symbol after the other.

All unfinished hypotheses of all sentences of a batch are rows of one step. Each sentence starts with `width`
hypotheses. A finished hypothesis leaves the batch and reduces the width by one; hypotheses that can no longer beat the
best finished one are dropped. A width of 1 is greedy decoding. The search works on any `Writer`.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
BOS_EOS = 1
"""The symbol that begins every sequence and ends it; 0 is the unknown symbol of every vocabulary."""


class Writer(Protocol):
    """A decoder in progress: rows of sequences, each with its own state."""

    def step(self, symbols: Tensor) -> Tensor:
        """Read each row's latest symbol, `(R,)`, and return ln P of each next one, `(R, V)`."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Keep these rows, in this order; a row may be repeated or left out."""
        ...


class Hypothesis(NamedTuple):
    """A finished sequence.

    Attributes:
        symbols: the written symbols, the end not included.
        log_probability: ln P of all of it, the end included.
        score: that divided by the length penalty; hypotheses are ranked by it.
    """

    symbols: list[int]
    log_probability: float
    score: float


@dataclass(frozen=True)
class Beam:
    """The options of the search.

    Attributes:
        width: hypotheses kept for each sentence.
        length_penalty: the power a, 0 or more, of ((5 + length) / 6)^a, by which ln P is divided (Wu et al. 2016,
            arXiv 1609.08144). 0 ranks by probability, which favours what is short; a larger one favours what is long.
    """

    width: int
    length_penalty: float

    def penalty(self, length: int | Integers) -> Floats:
        """Return what ln P of so many symbols, the end included, is divided by."""
        return ((5 + np.asarray(length, dtype=np.float64)) / 6) ** self.length_penalty


class _Rows(NamedTuple):
    """Unfinished hypotheses in the order of their sentences: sentence, symbols, ln P so far."""

    owners: Integers
    paths: Integers
    totals: Floats


class _Candidates(NamedTuple):
    """Continuations: the row, the next symbol, ln P with it."""

    parents: Integers
    symbols: Integers
    totals: Floats

    def where(self, mask: npt.NDArray[np.bool_]) -> "_Candidates":
        return _Candidates(self.parents[mask], self.symbols[mask], self.totals[mask])


def search(writer: Writer, limits: npt.ArrayLike, beam: Beam) -> list[Hypothesis]:
    """Return the best hypothesis found for each sentence.

    Args:
        writer: a decoder before its first step, with one row for each sentence.
        limits: symbols to write at most for each sentence, `(N,)`; what reaches its limit has to end there.
        beam: the options of the search.
    """
    most = np.asarray(limits, dtype=np.int64)
    count = len(most)
    room, best = np.full(count, beam.width), [Hypothesis([], -np.inf, -np.inf)] * count
    rows = _Rows(np.arange(count), np.empty((count, 0), dtype=np.int64), np.zeros(count))
    latest = torch.full((count,), BOS_EOS)
    while len(rows.owners):
        log_probabilities = _end_at_limit(writer.step(latest), rows, most)
        found = _candidates(log_probabilities, rows, room)
        ends = found.symbols == BOS_EOS
        _finish(rows, found.where(ends), beam, room, best)
        found = _hopeful(rows, found.where(~ends), beam.penalty(most + 1), best)
        rows = _Rows(
            rows.owners[found.parents], np.column_stack((rows.paths[found.parents], found.symbols)), found.totals
        )
        writer.keep(torch.from_numpy(found.parents))
        latest = torch.from_numpy(found.symbols)
    return best


def _end_at_limit(log_probabilities: Tensor, rows: _Rows, most: Integers) -> Tensor:
    """Allow rows at their limit nothing but the end."""
    full = torch.from_numpy(most[rows.owners] <= rows.paths.shape[1])
    closed = log_probabilities.masked_fill(full[:, None], -torch.inf)
    closed[:, BOS_EOS] = log_probabilities[:, BOS_EOS]
    return closed


def _candidates(log_probabilities: Tensor, rows: _Rows, room: Integers) -> _Candidates:
    """Return the best continuations, as many for each sentence as its width allows."""
    top, symbols = log_probabilities.topk(min(int(room.max()), log_probabilities.shape[1]), dim=1)
    parents = np.repeat(np.arange(len(rows.owners)), top.shape[1])
    totals = rows.totals[parents] + top.double().numpy().ravel()
    order = np.lexsort((-totals, rows.owners[parents]))
    owners = rows.owners[parents[order]]
    rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
    kept = order[(rank < room[owners]) & np.isfinite(totals[order])]
    return _Candidates(parents[kept], symbols.numpy().ravel()[kept], totals[kept])


def _finish(rows: _Rows, ended: _Candidates, beam: Beam, room: Integers, best: list[Hypothesis]) -> None:
    """Record finished hypotheses: each reduces the width of its sentence, and the best one is kept."""
    for parent, total in zip(ended.parents.tolist(), ended.totals.tolist(), strict=True):
        owner, path = rows.owners[parent], rows.paths[parent].tolist()
        score = total / float(beam.penalty(len(path) + 1))
        best[owner] = max(best[owner], Hypothesis(path, total, score), key=lambda hypothesis: hypothesis.score)
        room[owner] -= 1


def _hopeful(rows: _Rows, found: _Candidates, largest: Floats, best: list[Hypothesis]) -> _Candidates:
    """Drop hypotheses that cannot win: ln P only falls, and is divided by at most the `largest` penalty."""
    owners = rows.owners[found.parents]
    to_beat = np.array([hypothesis.score for hypothesis in best])
    return found.where(found.totals / largest[owners] > to_beat[owners])
