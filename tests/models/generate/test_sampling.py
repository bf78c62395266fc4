import numpy as np
import pytest

from elman.errors import InputError
from elman.models.generate.generation import Sampling

SCORES = np.log(np.array([0.1, 0.5, 0.25, 0.15]))


def shares(sampling, draws=4000):
    random = np.random.default_rng(0)
    return np.bincount([sampling.choose(SCORES, random) for _ in range(draws)], minlength=4) / draws


def test_temperature_one_draws_the_probabilities():
    np.testing.assert_allclose(shares(Sampling(1.0)), [0.1, 0.5, 0.25, 0.15], atol=0.025)


def test_a_lower_temperature_sharpens():
    sharp = np.array([0.1, 0.5, 0.25, 0.15]) ** 2
    np.testing.assert_allclose(shares(Sampling(0.5)), sharp / sharp.sum(), atol=0.025)


def test_zero_takes_the_likeliest_and_draws_nothing():
    random = np.random.default_rng(0)
    assert Sampling(0).choose(SCORES, random) == 1
    assert random.random() == np.random.default_rng(0).random()


@pytest.mark.parametrize(
    ("sampling", "kept"),
    [
        (Sampling(1.0, top_k=2), {1, 2}),
        (Sampling(1.0, top_k=1), {1}),
        (Sampling(1.0, top_k=99), {0, 1, 2, 3}),
        (Sampling(1.0, top_p=0.5), {1}),
        (Sampling(1.0, top_p=0.51), {1, 2}),
        (Sampling(1.0, top_p=0.9), {1, 2, 3}),
        (Sampling(1.0, top_k=3, top_p=0.9), {1, 2, 3}),
    ],
)
def test_only_the_likeliest_are_kept(sampling, kept):
    assert set(np.flatnonzero(shares(sampling, 1000))) == kept


def test_extreme_scores_do_not_overflow():
    random = np.random.default_rng(0)
    assert Sampling(1e-3).choose(np.array([-1e6, 1e6, 0.0]), random) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -0.1}, "temperature: expected 0 to 100, got -0.1"),
        ({"temperature": float("nan")}, "temperature"),
        ({"top_k": 0}, "top_k: expected 1 or more, got 0"),
        ({"top_p": 0.0}, "top_p: expected more than 0"),
        ({"top_p": 1.5}, "top_p"),
    ],
)
def test_values_out_of_range_are_named(options, message):
    with pytest.raises(InputError, match=message):
        Sampling(**options)
