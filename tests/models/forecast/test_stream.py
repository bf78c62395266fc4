"""A forecaster's stream forecasts as `predict` does for series that have grown by the values that it took."""

import functools

import numpy as np
import pandas as pd
import pytest

import elman
from elman.errors import DataError, InputError

SMALL = {"horizon": 3, "season": 4, "members": 1, "epochs": 2, "hidden_size": 8}


def table(steps, series="ab", covariate=False):
    stamps = pd.date_range("2020-01-01", periods=steps, freq="D")
    draw = np.random.default_rng(0)
    parts = []
    for k, name in enumerate(series):
        values = 50 + 10 * np.sin(np.arange(60) * np.pi / 2) + draw.normal(size=60) + 20 * k
        part = pd.DataFrame({"unique_id": name, "ds": stamps, "y": values[:steps]})
        parts.append(part.assign(rain=np.arange(60.0)[:steps] % 3) if covariate else part)
    return pd.concat(parts, ignore_index=True)


def taken(frame, step):
    """Return the values, or covariates, of one step of each series."""
    return np.array([part.iloc[step]["y"] for _, part in frame.groupby("unique_id")])


@functools.cache
def fitted(**options):
    return elman.Forecaster(**SMALL, **options).fit(table(50))


def wanted(model, frame):
    return model.predict(X=frame, levels=())["y"].to_numpy().reshape(-1, 3)


@pytest.mark.parametrize("answer", ["best", "network"])
def test_it_takes_the_next_value(answer):
    model = fitted(answer=answer)
    stream = model.stream()
    assert stream.names == ["a", "b"]
    for step in range(50, 54):
        found = stream.step(taken(table(60), step))
        np.testing.assert_array_equal(found, wanted(model, table(step + 1)))
    stream.reset()
    np.testing.assert_array_equal(stream.step(taken(table(60), 50)), wanted(model, table(51)))


def test_it_goes_on_from_longer_series_and_from_a_state():
    model = fitted()
    stream, other = model.stream(table(55)), model.stream(table(55))
    stream.step(taken(table(60), 55))
    saved = stream.state
    assert saved.shape == (1, 2, 1)
    other.state = saved
    step = taken(table(60), 56)
    np.testing.assert_array_equal(other.step(step), stream.step(step))
    assert saved.shape == (1, 2, 1)


def test_covariates_are_taken_too():
    model = elman.Forecaster(**SMALL, covariates=["rain"]).fit(table(50, "a", covariate=True))
    found = model.stream().step(taken(table(60, "a"), 50), [[50.0 % 3]])
    np.testing.assert_array_equal(found, wanted(model, table(51, "a", covariate=True)))
    with pytest.raises(InputError, match=r"expected covariates of shape \(1, 1\), got none"):
        model.stream().step(50.0)


def test_one_series_takes_a_number():
    model = elman.Forecaster(**SMALL).fit([1, 2, 3, 2] * 12)
    assert model.stream().step(1).shape == (1, 3)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([1.0], InputError, "expected a value for each of 2 series, got 1"),
        ([1.0, np.nan], InputError, r"expected values to be finite numbers, got \[1.0, nan\]"),
        ("text", InputError, "finite numbers, got 'text'"),
        ([1.0, -5.0], DataError, "has no logarithm"),
    ],
)
def test_a_wrong_step_changes_nothing(values, error, message):
    model = fitted(target_transform="log")
    stream = model.stream()
    with pytest.raises(error, match=message):
        stream.step(values)
    assert len(stream.state) == 0
    np.testing.assert_array_equal(stream.step(taken(table(60), 50)), wanted(model, table(51)))


@pytest.mark.parametrize("state", [np.zeros((1, 3, 1)), np.zeros(2), np.full((1, 2, 1), np.inf)])
def test_a_wrong_state_changes_nothing(state):
    stream = fitted().stream()
    with pytest.raises(InputError, match="state"):
        stream.state = state
    assert len(stream.state) == 0
