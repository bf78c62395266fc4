"""Edits against a definition that takes its time, chrF against sacrebleu."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import DataError
from elman.models.scoring.texts import chrf, count_ngrams, edits, sequence_error_rate, symbol_error_rate

WORDS = st.lists(st.sampled_from("ab "), max_size=6)


def by_definition(got, wanted):
    @cache
    def cost(i, j):
        if i == 0 or j == 0:
            return i + j
        return min(cost(i - 1, j) + 1, cost(i, j - 1) + 1, cost(i - 1, j - 1) + (got[i - 1] != wanted[j - 1]))

    return cost(len(got), len(wanted))


@given(WORDS, WORDS)
def test_edits_are_the_fewest(got, wanted):
    assert edits(got, wanted) == by_definition(got, wanted)


def test_rates_count_symbols_and_whole_sequences():
    got, wanted = [["S", "EH", "P"], ["T", "EY", "G"]], [["S", "EH", "P"], ["T", "EY", "G", "ER"]]
    assert symbol_error_rate(got, wanted) == pytest.approx(1 / 7)
    assert sequence_error_rate(got, wanted) == 0.5
    assert symbol_error_rate([["a"] * 3], [["b"]]) == 3.0


@pytest.mark.parametrize("rate", [symbol_error_rate, sequence_error_rate])
def test_nothing_to_measure_by_is_an_error(rate):
    with pytest.raises(DataError, match="expected at least one"):
        rate([], [])


@given(st.lists(st.tuples(st.text("ab é.", max_size=12), st.text("ab é.", max_size=12)), min_size=1, max_size=5))
def test_chrf_is_sacrebleus(pairs):
    sacrebleu = pytest.importorskip("sacrebleu")
    got, wanted = map(list, zip(*pairs, strict=True))
    ours = chrf(count_ngrams(got, wanted).sum(axis=0))
    assert float(ours) == pytest.approx(sacrebleu.corpus_chrf(got, [wanted]).score, abs=1e-9)
