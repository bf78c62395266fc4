"""Tests of the choice among predictors of a text and their interpolation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from elman.models.scoring.interpolation import LEAST, choose, fit_weights, nats


def two_parts(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.01, 1, (2, count))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(100, 400))
def test_weights_are_those_of_the_least_loss(seed, count):
    parts = two_parts(seed, count)
    wanted = minimize_scalar(
        lambda w: nats(w * parts[0] + (1 - w) * parts[1]), bounds=(0, 1), method="bounded", options={"xatol": 1e-8}
    )
    weights = fit_weights(parts)
    assert weights.sum() == pytest.approx(1)
    assert nats(weights @ parts) == pytest.approx(wanted.fun, abs=2e-3)


def test_parts_that_know_different_things_are_mixed():
    parts = np.full((2, 1000), 0.1)
    parts[0, ::2] = parts[1, 1::2] = 0.9
    answer = choose({"network": parts[0], "n-grams": parts[1]})
    assert answer.name == "mixture"
    assert answer.factors == pytest.approx({"network": 0.5, "n-grams": 0.5}, abs=0.01)
    assert answer.losses["mixture"] == pytest.approx(-np.log(0.5), abs=0.02)


def test_a_part_that_is_worse_everywhere_is_not_used():
    parts = {"network": np.full(200, 0.5), "n-grams": np.full(200, 0.2)}
    answer = choose(parts)
    assert answer.name == "network"
    assert answer.factors == {"network": 1.0}
    assert answer.losses["network"] < answer.losses["mixture"] < answer.losses["n-grams"]


def test_few_symbols_fit_no_weights():
    parts = two_parts(0, LEAST - 1)
    assert choose({"network": parts[0], "n-grams": parts[1]}).losses.keys() == {"network", "n-grams"}


def test_the_loss_of_a_mixture_is_not_that_of_weights_fitted_on_the_same_symbols():
    parts = two_parts(3, 25)
    assert choose({"network": parts[0], "n-grams": parts[1]}).losses["mixture"] > nats(fit_weights(parts) @ parts)
