import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.models.scoring import counts as module
from elman.models.scoring.counts import TagCounts, baselines, count


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.integers(1, 20))
def test_counts_are_those_of_a_plain_count(symbols, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", piece)
        found = count(np.array(symbols, dtype=np.uint8), 5)
    assert found.single.tolist() == [Counter(symbols)[n] for n in range(5)]
    pairs = Counter(a * 5 + b for a, b in pairwise(symbols))
    assert dict(zip(found.codes.tolist(), found.pairs.tolist(), strict=True)) == pairs


@given(st.lists(st.integers(0, 3), min_size=2, max_size=40), st.sampled_from(module.WEIGHTS))
def test_every_prediction_is_a_distribution(symbols, weight):
    counts = count(np.array(symbols), 4)
    base = counts.unigram(weight)
    assert base.sum() == pytest.approx(1)
    for first in set(symbols[:-1]):
        row = counts.bigram(np.full(4, first), np.arange(4), base, weight)
        assert (row > 0).all()
        assert row.sum() == pytest.approx(1)


def test_the_order_is_the_one_expected_of_text_with_structure():
    rng = np.random.default_rng(0)
    text = [0]
    for _ in range(5000):
        text.append((text[-1] + 1) % 7 if rng.random() < 0.8 else int(rng.integers(0, 3)))
    found = baselines(np.array(text[:4000]), np.array(text[4000:]), 7)
    assert found["uniform"] == pytest.approx(math.log(7))
    assert found["uniform"] > found["unigram"] > found["bigram"]
    assert found["bigram"] == pytest.approx(0.8, abs=0.3)


def test_a_pair_never_seen_costs_much_but_not_everything():
    found = baselines(np.array([0, 1] * 50), np.array([0, 0, 1]), 2)
    assert math.log(2) < found["bigram"] < 10


def test_the_held_out_part_does_not_choose_the_smoothing(monkeypatch):
    training = np.array([0, 1, 2, 1] * 60)
    asked = []
    real = module.bigram_loss
    monkeypatch.setattr(module, "bigram_loss", lambda c, text, s, w: asked.append(text.tolist()) or real(c, text, s, w))
    held_out = np.array([2, 2, 0])
    baselines(training, held_out, 3)
    assert asked[-1] == held_out.tolist()
    assert held_out.tolist() not in asked[:-1]
    assert len(asked) == len(module.WEIGHTS) + 1


SYMBOLS, TAGS = np.array([1, 1, 1, 2, 2, 2]), np.array([0, 0, 1, 2, 2, 2])  # token 0 never came


def test_the_likeliest_tag_of_each_token():
    assert TagCounts.of(SYMBOLS, TAGS, 3, 3).likeliest().tolist() == [2, 0, 2]


def test_losses_are_those_of_the_mixed_counts():
    counts = TagCounts.of(SYMBOLS, TAGS, 3, 3)
    overall = (np.array([2, 1, 3]) + 1 / 3) / 7
    found = counts.losses(np.array([1, 0]), np.array([0, 1]))
    assert list(found) == ["tag counts", "token's tags"]
    assert found["tag counts"] == pytest.approx(-np.log(overall[[0, 1]]).mean())
    assert found["token's tags"] == pytest.approx(-(np.log((2 + overall[0]) / 4) + np.log(overall[1])) / 2)


def test_each_predictor_is_a_distribution():
    counts = TagCounts.of(SYMBOLS, TAGS, 3, 3)
    for name in ("tag counts", "token's tags"):
        for symbol in range(3):
            losses = [counts.losses(np.array([symbol]), np.array([tag]))[name] for tag in range(3)]
            assert np.exp(-np.array(losses)).sum() == pytest.approx(1)


def test_steps_without_a_name_have_the_tag_counts_alone():
    counts = TagCounts.of(np.zeros_like(TAGS), TAGS, 1, 3)
    assert counts.likeliest().tolist() == [2]
    assert list(counts.losses(np.array([0]), np.array([0]))) == ["tag counts"]
