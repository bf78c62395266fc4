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


def test_what_never_changes_has_the_unit_1():
    assert Scale.fit(np.full(9, 3.0), 2, log=False) == Scale(False, 1.0)
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
