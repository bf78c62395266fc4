"""Tests of the n-gram model of texts against a plain implementation by dictionaries."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.models.scoring.text_ngrams import NextSymbols, TextNGrams, discounts_of, fit_best, most_symbols

SIZE = 4
TEXTS = st.lists(st.integers(0, SIZE - 1), min_size=8, max_size=80)


def _plain(text: list[int], longest: int, context: tuple[int, ...], symbol: int) -> float:
    """Return what modified Kneser-Ney smoothing predicts, counted by dictionaries and recursion."""
    if len(context) >= longest:
        context = context[len(context) - longest + 1 :]
    length = len(context) + 1
    counts: Counter[tuple[int, ...]] = Counter()
    if length == longest:
        counts.update(tuple(text[i : i + length]) for i in range(len(text) - length + 1))
    else:
        before = defaultdict(set)
        for i in range(len(text) - length + 1):
            before[tuple(text[i : i + length])].add(text[i - 1] if i else None)
        counts.update({gram: len(found) for gram, found in before.items()})
    discounts = discounts_of(np.array(sorted(counts.values())))
    after = {gram[-1]: count for gram, count in counts.items() if gram[:-1] == context}
    shorter = _plain(text, longest, context[1:], symbol) if context else 1 / SIZE
    if not after:
        return shorter
    taken = {other: discounts[min(count, 3) - 1] for other, count in after.items()}
    total = sum(after.values())
    return (after.get(symbol, 0) - taken.get(symbol, 0) + sum(taken.values()) * shorter) / total


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.integers(1, 4), st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=6))
def test_probabilities_are_those_of_a_plain_implementation(text: list[int], longest: int, asked: list[int]) -> None:
    model = TextNGrams.fit(np.array(text), SIZE, longest)
    got = model.probabilities(np.array(asked))
    for place, symbol in enumerate(asked):
        wanted = _plain(text, model.longest, tuple(asked[:place]), symbol)
        assert got[place] == pytest.approx(wanted, rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.integers(1, 5), st.lists(st.integers(0, SIZE - 1), max_size=6))
def test_every_prediction_is_a_distribution(text: list[int], longest: int, context: list[int]) -> None:
    model = TextNGrams.fit(np.array(text), SIZE, longest)
    steps = NextSymbols(model)
    found = steps.after(tuple(context))
    np.testing.assert_array_equal(steps.after(tuple(context)), found)
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()
    for symbol in range(SIZE):
        one = model.probabilities(np.array([*context, symbol]))[-1]
        assert found[symbol] == pytest.approx(one, rel=1e-12)


def test_the_length_is_chosen_on_the_held_out_part() -> None:
    """A text in which the symbol three places back decides: shorter contexts know nothing, longer ones no more."""
    draw = np.random.default_rng(0)
    text = list(draw.integers(0, SIZE, 3))
    for _ in range(6000):
        text.append((text[-3] + 1) % SIZE if draw.random() < 0.9 else int(draw.integers(SIZE)))
    model, found = fit_best(np.array(text[:5000]), np.array(text[5000:]), SIZE)
    assert model.longest == 4
    entropy = -(0.925 * np.log(0.925) + 0.075 * np.log(0.025))
    assert -np.log(found).mean() == pytest.approx(entropy, rel=0.2)  # 1,000 symbols; three away: 1.39 nats


@pytest.mark.parametrize(("size", "longest"), [(1, 8), (100, 8), (5000, 5), (2**20, 3)])
def test_no_ngram_is_too_long_for_its_number(size: int, longest: int) -> None:
    assert most_symbols(size) == longest
    text = np.arange(20) % size
    model = TextNGrams.fit(text, size, longest)
    assert (model.orders[-1].codes >= 0).all()
