"""Scales: there and back, fitted on what they are given, in logarithms where swings grow with the level."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.scaling import Scale, column_scale, last_value_error, wants_log


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.floats(0.01, 1e6), min_size=2, max_size=30), log=st.booleans(), horizon=st.integers(1, 40))
def test_invert_undoes_apply(values, log, horizon):
    series = np.array(values)
    scale = Scale.fit(series, horizon, log)
    np.testing.assert_allclose(scale.invert(scale.apply(series)), series, rtol=1e-9)


def test_the_unit_is_the_last_values_error():
    values = np.array([0.0, 1.0, 3.0, 2.0])
    # one step: 1 2 1; two steps: 3 1
    assert last_value_error(values, 2) == pytest.approx((4 / 3 + 2) / 2)
    assert Scale.fit(values, 2, log=False).spread == pytest.approx((4 / 3 + 2) / 2)


def test_what_never_changes_has_its_size_as_unit():
    for level, unit in ((3.0, 3.0), (-4e-300, 4e-300), (0.0, 1.0)):
        assert Scale.fit(np.full(9, level), 2, log=False) == Scale(False, unit)
    mean, deviation = column_scale(np.array([[1.0, 5.0], [3.0, 5.0]]))
    np.testing.assert_array_equal(mean, [2, 5])
    np.testing.assert_array_equal(deviation, [1, 1])


def test_logarithms_are_for_swings_that_grow_with_the_level():
    t = np.arange(96)
    wave, level = np.sin(2 * np.pi * t / 12), np.exp(t / 40)
    assert wants_log(level * (2 + wave), 12)
    assert not wants_log(20 + wave, 12)
    assert not wants_log(level * (2 + wave) - 2, 12), "not positive"
    assert not wants_log(level[:30] * (2 + wave[:30]), 12), "too few seasons to tell"


@pytest.mark.parametrize("size", [1e-300, 1e-30, 1e30, 1e99])
def test_sizes_change_nothing(size):
    t = np.arange(96)
    values = np.exp(t / 40) * (2 + np.sin(2 * np.pi * t / 12))
    assert wants_log(values * size, 12)
    mean, deviation = column_scale(values[:, None] * size)
    np.testing.assert_allclose((mean, deviation), np.multiply(column_scale(values[:, None]), size), rtol=1e-9)
    scale = Scale.fit(values * size, 4, log=False)
    np.testing.assert_allclose(scale.apply(values * size), Scale.fit(values, 4, log=False).apply(values), rtol=1e-9)


def test_a_scale_keeps_forecasts_at_zero_or_above_and_finite():
    low = np.array([-3.0, 0.0, 2.0])
    np.testing.assert_array_equal(Scale(False, 2.0, nonnegative=True).invert(low), [0, 0, 4])
    np.testing.assert_array_equal(Scale(False, 2.0).invert(low), [-6, 0, 4])
    assert np.isfinite(Scale(True, 2.0).invert(np.array([-1e9, 1e9]))).all()


def test_what_float32_cannot_hold_is_known():
    assert Scale(False, 1e-300).holds(np.array([0.0, 1e-275]))
    assert not Scale(False, 1e-300).holds(np.array([0.0, 1.0]))
    assert Scale(False, 5e-324).holds(np.full(3, 1e99))
