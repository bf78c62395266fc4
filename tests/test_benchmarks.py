"""The jobs of the benchmarks fit the models that they measure: their own functions, on data that take a moment."""

import pytest
from benchmarks import jobs_classify, jobs_tag, registry
from tests.contract_models.registry import SMALL, tagged_texts, texts


def test_a_classifier_is_measured_beside_its_baselines():
    X, y = texts()
    outcome = jobs_classify.measured(SMALL, 0, (X[:30], y[:30]), (X[30:], y[30:]))
    assert set(outcome.figures) == {"elman", "class frequencies", "bag of words", "n-grams"}
    assert all(0 <= figure <= 1 for figure in outcome.figures.values())


def test_a_tagger_is_measured_beside_the_most_frequent_tag():
    outcome = jobs_tag.measured(SMALL, 0, *tagged_texts(), 30, jobs_tag.accuracy)
    assert set(outcome.figures) == {"elman", jobs_tag.COUNTED}
    assert 0 < outcome.figures["elman"] <= 1


def test_no_two_jobs_have_one_name():
    name = next(iter(registry.JOBS))
    with pytest.raises(ValueError, match=f"two jobs are called {name}"):
        registry.job(name, "the same again")
