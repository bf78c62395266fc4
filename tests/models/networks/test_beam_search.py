"""Beam search against all sequences there are, on networks small enough to list them."""

import itertools
from functools import cache

import numpy as np
import pytest
import torch

from elman.models.networks import beam_search as searching
from elman.models.networks.beam_search import BOS_EOS, Beam, Hypothesis, search


class Table:
    """A writer whose ln P of the next symbol depends on all that was written, drawn at random, one table a sentence."""

    def __init__(self, sentences, symbols, seed, sharp=1.0):
        self.symbols, self.seed, self.sharp = symbols, seed, sharp
        self.owners, self.paths = list(range(sentences)), [()] * sentences
        self.rows_seen = []

    @cache  # noqa: B019  lives as long as its test
    def log_probabilities(self, sentence, path):
        random = np.random.default_rng([self.seed, sentence, *path])
        scores = torch.from_numpy(random.normal(size=self.symbols) * self.sharp)
        return torch.log_softmax(scores, dim=0).float()

    def step(self, latest):
        self.paths = [(*path, symbol) for path, symbol in zip(self.paths, latest.tolist(), strict=True)]
        self.rows_seen.append(len(self.paths))
        return torch.stack([self.log_probabilities(s, p) for s, p in zip(self.owners, self.paths, strict=True)])

    def keep(self, rows):
        self.owners = [self.owners[row] for row in rows.tolist()]
        self.paths = [self.paths[row] for row in rows.tolist()]


def every_sequence(table, sentence, limit, beam):
    letters = [symbol for symbol in range(table.symbols) if symbol != BOS_EOS]
    for length in range(limit + 1):
        for path in itertools.product(letters, repeat=length):
            total = 0.0
            for at, symbol in enumerate((*path, BOS_EOS)):
                if at < limit:
                    total += float(table.log_probabilities(sentence, (BOS_EOS, *path[:at]))[symbol])
                else:  # nothing but the end may follow, at the network's own price
                    total += float(table.log_probabilities(sentence, (BOS_EOS, *path))[BOS_EOS])
            yield Hypothesis(list(path), total, total / float(beam.penalty(length + 1)))


def greedy(table, sentence, limit):
    path = (BOS_EOS,)
    while len(path) <= limit:
        best = int(table.log_probabilities(sentence, path).argmax())
        if best == BOS_EOS:
            break
        path = (*path, best)
    return list(path[1:])


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0, 2.5])
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_as_wide_as_the_tree_finds_the_best_of_all(penalty, seed):
    beam, limits = Beam(150, penalty), [3, 0, 4]
    found = search(Table(3, 4, seed), limits, beam)
    table = Table(3, 4, seed)
    for sentence, limit in enumerate(limits):
        best = max(every_sequence(table, sentence, limit, beam), key=lambda h: h.score)
        assert found[sentence].symbols == best.symbols
        assert found[sentence].score == pytest.approx(best.score, rel=1e-5)
        assert found[sentence].log_probability == pytest.approx(best.log_probability, rel=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_a_width_of_one_is_greedy(seed):
    limits = [7, 3, 12]
    found = search(Table(3, 6, seed), limits, Beam(1, 1.0))
    assert [h.symbols for h in found] == [greedy(Table(3, 6, seed), s, limit) for s, limit in enumerate(limits)]


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_sentence_does_not_see_its_neighbours(width):
    class Other(Table):
        def log_probabilities(self, sentence, path):
            return super().log_probabilities(sentence + 2, path)

    together = search(Table(3, 5, 1), [6, 9, 5], Beam(width, 0.6))
    assert search(Other(1, 5, 1), [5], Beam(width, 0.6)) == together[2:]


def test_a_wider_beam_is_never_worse_on_average():
    scores = [np.mean([h.score for h in search(Table(60, 4, 3), [6] * 60, Beam(w, 0.6))]) for w in (1, 3, 20)]
    assert scores[0] < scores[1] < scores[2]


def test_what_has_ended_or_cannot_win_is_computed_no_more():
    table = Table(50, 5, 2, sharp=6.0)
    search(table, [30] * 50, Beam(4, 0.0))
    assert max(table.rows_seen) <= 200
    assert table.rows_seen[-1] < 50
    assert len(table.rows_seen) < 31


def test_a_search_that_gives_up_too_early_is_seen(monkeypatch):
    def hasty(rows, found, largest, best):
        started = np.array([hypothesis.score > -np.inf for hypothesis in best])
        return found.where(~started[rows.owners[found.parents]])

    patient = [search(Table(4, 4, seed), [6] * 4, Beam(3, 2.5)) for seed in range(5)]
    monkeypatch.setattr(searching, "_hopeful", hasty)
    assert [search(Table(4, 4, seed), [6] * 4, Beam(3, 2.5)) for seed in range(5)] != patient


def test_no_sentence_at_all_finds_nothing():
    assert search(Table(0, 4, 0), [], Beam(5, 0.6)) == []
