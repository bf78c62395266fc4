"""Measures and naive forecasts, held to numbers worked out by hand."""

import math

import numpy as np
import pytest

from elman.models.forecast import evaluation as metrics
from elman.models.forecast.baselines import autocorrelated, drift, last_value, seasonal_mean, seasonal_naive
from elman.models.forecast.intervals import Intervals, own_units
from elman.models.forecast.report import file_columns

NAN = math.nan
TRUTH, FORECAST = np.array([[2.0, 4.0], [NAN, 8.0]]), np.array([[3.0, 2.0], [9.0, 8.0]])


def test_errors_by_hand_and_without_what_was_not_observed():
    assert metrics.mae(TRUTH, FORECAST) == pytest.approx((1 + 2 + 0) / 3)
    assert metrics.rmse(TRUTH, FORECAST) == pytest.approx(math.sqrt((1 + 4 + 0) / 3))
    assert metrics.smape(TRUTH, FORECAST) == pytest.approx(100 * (1 / 2.5 + 2 / 3 + 0) / 3)
    assert math.isnan(metrics.mae(np.array([NAN]), np.array([1.0])))


def test_smape_of_zeros_is_no_error():
    assert metrics.smape(np.zeros(2), np.zeros(2)) == 0
    assert metrics.smape(np.zeros(1), np.ones(1)) == 200


def test_coverage_counts_the_edges():
    low, high = np.array([[2.0, 5.0], [0.0, 7.0]]), np.array([[2.0, 6.0], [1.0, 9.0]])
    assert metrics.coverage(TRUTH, low, high) == pytest.approx(2 / 3)


def test_the_scale_of_mase():
    training = np.array([1.0, 5.0, 2.0, 9.0])
    assert metrics.naive_scale(training, 1) == pytest.approx((4 + 3 + 7) / 3)
    assert metrics.naive_scale(training, 2) == pytest.approx((1 + 4) / 2)
    assert math.isnan(metrics.naive_scale(training, 4)), "too short"
    assert math.isnan(metrics.naive_scale(np.ones(9), 2)), "never wrong"


def test_naive_forecasts_by_hand():
    history = np.array([1.0, 2.0, 3.0, 4.0, 6.0])
    np.testing.assert_array_equal(last_value(history, 2), [6, 6])
    np.testing.assert_array_equal(drift(history, 2), [7.25, 8.5])
    np.testing.assert_array_equal(seasonal_naive(history, 5, 2), [4, 6, 4, 6, 4])
    np.testing.assert_array_equal(seasonal_mean(history, 3, 2), [3, 10 / 3, 3])
    np.testing.assert_array_equal(drift(np.array([3.0]), 2), [3, 3])


def test_a_long_seasons_mean_takes_in_the_neighbours():
    history = np.arange(
        80.0
    )  # two seasons of 40: place p holds p and p + 40, its mean with both neighbours is the same
    inner = seasonal_mean(history, 20, 40)[1:19]
    np.testing.assert_allclose(inner, np.arange(1, 19) + 20)


MANY = 1e6
"""Horizons in the past: Student's t is the normal distribution."""


def test_half_widths_by_hand():
    errors = np.array([[1.0, -4.0], [-1.0, NAN], [1.0, 2.0]])
    found = Intervals.fit(errors, MANY)
    second = math.sqrt((16 + 4) / 2)
    np.testing.assert_allclose(found.sizes, [1, second])
    np.testing.assert_allclose(found.quotients, sorted([1, 1, 1, 4 / second, 2 / second]))
    # (5 + 1) x 50 % = the third of five; beyond the fifth there is none: a fifth more than the largest.
    np.testing.assert_allclose(found.half_widths(50), np.array([1, second]))
    np.testing.assert_allclose(found.half_widths(99), 1.2 * 4 / second * np.array([1, second]))
    np.testing.assert_allclose(found.half_widths(80), 1.2816 * np.array([1, second]), rtol=1e-4)
    again = Intervals.from_numbers(found.numbers())
    np.testing.assert_array_equal(again.half_widths(80), found.half_widths(80))


def test_few_horizons_widen_the_intervals():
    errors = np.random.default_rng(0).normal(size=(200, 1))
    widths = [Intervals.fit(errors, horizons).half_widths(95)[0] for horizons in (2, 20, 200)]
    assert widths[0] > 1.4 * widths[2]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == pytest.approx(1.2 * np.abs(errors).max()), "the bound of t with 3 degrees of freedom"


def test_the_unit_of_an_origin_follows_the_changes_before_it():
    values = np.concatenate((np.tile([0.0, 1.0], 50), np.tile([0.0, 10.0], 50)))
    small, large = own_units(values, np.array([90, 190]), 5.0, 1)
    assert large / small == pytest.approx(10**0.7)
    changed = np.where(np.arange(200) >= 90, 1e6, values)
    assert own_units(changed, np.array([90]), 5.0, 1)[0] == small


def test_a_cycle_without_a_calendar_is_found_by_autocorrelation():
    steps = np.arange(300)
    noise = np.random.default_rng(0).normal(size=300)
    assert autocorrelated(np.sin(2 * np.pi * steps / 17) + 0.3 * noise + steps / 100) == (17,)
    assert autocorrelated(noise) == ()
    assert autocorrelated(np.cumsum(noise)) == ()
    assert autocorrelated(np.sin(steps[:60])) == (), "too short to say"


def test_stamps_of_a_column_are_written_alike():
    hours = np.array(["2024-01-06T00", "2024-01-06T01"], dtype="datetime64[us]")
    found = file_columns({"ds": hours, "day": hours[:1], "step": np.array([1, 2]), "name": ["a", 3]})
    assert found["ds"] == ["2024-01-06T00:00:00", "2024-01-06T01:00:00"]
    assert found["day"] == ["2024-01-06"]
    assert found["step"] == [1, 2]


def test_sizes_only_grow_and_errors_of_zero_give_no_width():
    np.testing.assert_array_equal(Intervals.fit(np.array([[2.0, 1.0]]), MANY).sizes, [2, 2])
    np.testing.assert_array_equal(Intervals.fit(np.zeros((3, 2)), MANY).half_widths(95), [0, 0])


def test_many_quotients_are_thinned_without_moving_the_quantiles():
    errors = np.random.default_rng(0).normal(size=(20_000, 1))
    assert len(Intervals.fit(errors, MANY).quotients) == 2001
    assert Intervals.fit(errors, MANY).half_widths(95)[0] == pytest.approx(np.quantile(np.abs(errors), 0.95), rel=0.01)
