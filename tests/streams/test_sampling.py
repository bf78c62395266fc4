import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from elman import kernels
from elman.errors import InputError
from elman.streams import Sampling

SCORES = np.log(np.array([0.1, 0.5, 0.25, 0.15], np.float32))


@pytest.fixture(params=[True, False], ids=["kernels", "numpy"])
def way(request, monkeypatch):
    """Choose on the kernels and in NumPy."""
    if request.param and not kernels.available():
        pytest.skip(kernels.why_not())
    monkeypatch.setattr(kernels, "available", lambda: request.param)


def shares(sampling, draws=4000):
    random = np.random.default_rng(0)
    return np.bincount([sampling.choose(SCORES, random.random()) for _ in range(draws)], minlength=4) / draws


@pytest.mark.usefixtures("way")
def test_temperature_one_draws_the_probabilities():
    np.testing.assert_allclose(shares(Sampling(1.0)), [0.1, 0.5, 0.25, 0.15], atol=0.025)


@pytest.mark.usefixtures("way")
def test_a_lower_temperature_sharpens():
    sharp = np.array([0.1, 0.5, 0.25, 0.15]) ** 2
    np.testing.assert_allclose(shares(Sampling(0.5)), sharp / sharp.sum(), atol=0.025)


@pytest.mark.usefixtures("way")
def test_zero_takes_the_first_of_the_likeliest():
    assert {Sampling(0).choose(SCORES, uniform) for uniform in (0.0, 0.5, 0.999)} == {1}
    assert Sampling(0).choose(np.array([1, 3, 3, 0], np.float32), 0.9) == 1


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("sampling", "kept"),
    [
        (Sampling(1.0, top_k=2), {1, 2}),
        (Sampling(1.0, top_k=1), {1}),
        (Sampling(1.0, top_k=99), {0, 1, 2, 3}),
        (Sampling(1.0, top_p=0.49), {1}),
        (Sampling(1.0, top_p=0.51), {1, 2}),
        (Sampling(1.0, top_p=0.89), {1, 2, 3}),
        (Sampling(1.0, top_k=3, top_p=0.9), {1, 2, 3}),
        (Sampling(1.0, top_k=3, top_p=0.5), {1}),
    ],
)
def test_only_the_likeliest_are_kept(sampling, kept):
    assert set(np.flatnonzero(shares(sampling, 1000))) == kept


@pytest.mark.usefixtures("way")
def test_of_equal_scores_the_first_are_kept():
    sampling = Sampling(1.0, top_k=2)
    assert {sampling.choose(np.zeros(5, np.float32), uniform) for uniform in np.linspace(0, 0.99, 20)} == {0, 1}


@pytest.mark.usefixtures("way")
def test_extreme_scores_do_not_overflow():
    assert Sampling(1e-3).choose(np.array([-1e6, 1e6, 0], np.float32), 0.99) == 1


@pytest.mark.skipif(not kernels.available(), reason="compares both ways")
@given(
    scores=arrays(np.float32, st.integers(1, 70), elements=st.floats(-20, 20, width=32)),
    temperature=st.floats(0.1, 3),
    top_k=st.none() | st.integers(1, 80),
    top_p=st.floats(0.05, 1),
    uniform=st.floats(0, 1, exclude_max=True),
)
def test_both_ways_choose_the_same(scores, temperature, top_k, top_p, uniform):
    """Up to numbers that fall on the border between two symbols, which either way may round."""
    sampling = Sampling(temperature, top_k, top_p)
    near = {sampling._choose(scores, u) for u in (uniform, max(uniform - 1e-4, 0.0), min(uniform + 1e-4, 1 - 1e-9))}
    for p in (top_p - 1e-4, top_p + 1e-4):
        if 0 < p <= 1:
            near.add(Sampling(temperature, top_k, p)._choose(scores, uniform))
    assert sampling.choose(scores, uniform) in near


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
