import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.models.scoring import symbol_counts as module
from elman.models.scoring.symbol_counts import baselines, count


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
