"""Classifiers among scikit-learn's: its own checks, searches, cross-validation and pipelines."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator
from tests.contract_models.registry import CASES, texts

import elman

LONGER = "a series of another length is a series: the number of columns of an array (n, T) is its length"
EARLY = "a wrong option is named where it is given, in the constructor and in set_params"
EXPECTED = {
    "check_do_not_raise_errors_in_init_or_set_params": EARLY,
    "check_n_features_in_after_fitting": LONGER,
    "check_classifiers_train": LONGER,
    "check_dtype_object": "data that cannot be read raise a DataError, a ValueError, and no TypeError",
}


@pytest.mark.study
def test_scikit_learns_own_checks():
    model = elman.SequenceClassifier(
        hidden_size=6, epochs=15, batch_size=8, learning_rate=0.03, cell="gru", dropout=0.0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(model, on_fail=None, on_skip=None)
    failed = {r["check_name"] for r in results if r["status"] == "failed"}
    assert failed == set(EXPECTED)
    assert sum(r["status"] == "passed" for r in results) > 40


@pytest.mark.parametrize("name", ["classifier of texts", "tagger of texts"])
def test_a_search_over_options_finds_its_best(name):
    X, y = CASES[name].data()
    model = CASES[name].make(epochs=1, answer="network")
    search = GridSearchCV(model, {"hidden_size": [2, 5], "cell": ["gru"]}, cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 2
    assert search.best_estimator_.hidden_size == search.best_params_["hidden_size"]
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_cross_validation_and_pipelines():
    X, y = texts()
    shorter = FunctionTransformer(lambda rows: [row[:20] for row in rows])
    pipeline = make_pipeline(shorter, CASES["classifier of texts"].make(epochs=1, ngrams=False))
    assert cross_val_score(pipeline, X, y, cv=2).shape == (2,)
