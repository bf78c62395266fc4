"""Beam search: the likeliest sequence of a network that writes one symbol after the other.

All sentences of a batch and all their unfinished hypotheses are rows of one step. A sentence begins with room for
`width` hypotheses; one that ends leaves the batch and takes its room with it, and so does one that can no longer
overtake the best that ended. A width of 1 is greedy decoding. It knows no network: see `Writer`.
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
    """What can write: rows of sequences, each with a state of its own."""

    def step(self, symbols: Tensor) -> Tensor:
        """Read each row's latest symbol, `(R,)`, and return ln P of each next one, `(R, V)`."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows, in this order; a row may come more than once or not at all."""
        ...


class Hypothesis(NamedTuple):
    """A finished sequence.

    Attributes:
        symbols: what was written, the end not included.
        log_probability: ln P of all of it, the end included.
        score: that divided by the length penalty; hypotheses are ranked by it.
    """

    symbols: list[int]
    log_probability: float
    score: float


@dataclass(frozen=True)
class Beam:
    """How to search.

    Attributes:
        width: hypotheses that a sentence goes on with.
        length_penalty: the power a, 0 or more, of ((5 + length) / 6)^a, by which ln P is divided (Wu et al. 2016,
            arXiv 1609.08144). 0 ranks by probability, which favours what is short; a larger one favours what is long.
    """

    width: int
    length_penalty: float

    def penalty(self, length: int | Integers) -> Floats:
        """Return what ln P of so many symbols, the end included, is divided by."""
        return ((5 + np.asarray(length, dtype=np.float64)) / 6) ** self.length_penalty


class _Rows(NamedTuple):
    """Unfinished hypotheses: whose each is, what it wrote, ln P so far. In the order of their sentences."""

    owners: Integers
    paths: Integers
    totals: Floats


class _Candidates(NamedTuple):
    """Ways to go on: from which row, with which symbol, ln P then."""

    parents: Integers
    symbols: Integers
    totals: Floats

    def where(self, mask: npt.NDArray[np.bool_]) -> "_Candidates":
        return _Candidates(self.parents[mask], self.symbols[mask], self.totals[mask])


def search(writer: Writer, limits: npt.ArrayLike, beam: Beam) -> list[Hypothesis]:
    """Return the best hypothesis found for each sentence.

    Args:
        writer: stands at the beginning, with one row a sentence.
        limits: symbols to write at most for each sentence, `(N,)`; what reaches its limit has to end there.
        beam: how to search.
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
    """Leave rows that have written all they may nothing but the end."""
    full = torch.from_numpy(most[rows.owners] <= rows.paths.shape[1])
    closed = log_probabilities.masked_fill(full[:, None], -torch.inf)
    closed[:, BOS_EOS] = log_probabilities[:, BOS_EOS]
    return closed


def _candidates(log_probabilities: Tensor, rows: _Rows, room: Integers) -> _Candidates:
    """Return the best ways to go on, as many for each sentence as it has room."""
    top, symbols = log_probabilities.topk(min(int(room.max()), log_probabilities.shape[1]), dim=1)
    parents = np.repeat(np.arange(len(rows.owners)), top.shape[1])
    totals = rows.totals[parents] + top.double().numpy().ravel()
    order = np.lexsort((-totals, rows.owners[parents]))
    owners = rows.owners[parents[order]]
    rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
    kept = order[(rank < room[owners]) & np.isfinite(totals[order])]
    return _Candidates(parents[kept], symbols.numpy().ravel()[kept], totals[kept])


def _finish(rows: _Rows, ended: _Candidates, beam: Beam, room: Integers, best: list[Hypothesis]) -> None:
    """Note hypotheses that wrote their end: each takes room, and the best of a sentence is kept."""
    for parent, total in zip(ended.parents.tolist(), ended.totals.tolist(), strict=True):
        owner, path = rows.owners[parent], rows.paths[parent].tolist()
        score = total / float(beam.penalty(len(path) + 1))
        best[owner] = max(best[owner], Hypothesis(path, total, score), key=lambda hypothesis: hypothesis.score)
        room[owner] -= 1


def _hopeful(rows: _Rows, found: _Candidates, largest: Floats, best: list[Hypothesis]) -> _Candidates:
    """Return what may still win: ln P only falls, and is divided by the `largest` penalty of its sentence at most."""
    owners = rows.owners[found.parents]
    to_beat = np.array([hypothesis.score for hypothesis in best])
    return found.where(found.totals / largest[owners] > to_beat[owners])
