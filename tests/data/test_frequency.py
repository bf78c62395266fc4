"""The grid of stamps: found from the stamps, held to pandas' own calendar, and closed under there and back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.frequency import Frequency, calendar_features, infer_frequency

ALIASES = {
    "YS": ("month", 12),
    "QS": ("month", 3),
    "MS": ("month", 1),
    "ME": ("month end", 1),
    "QE": ("month end", 3),
    "YE": ("month end", 12),
    "BME": ("last business day", 1),
    "BQE": ("last business day", 3),
    "BMS": ("first business day", 1),
    "W-MON": ("microsecond", 7 * 86_400_000_000),
    "28D": ("microsecond", 28 * 86_400_000_000),
    "D": ("microsecond", 86_400_000_000),
    "B": ("business day", 1),
    "h": ("microsecond", 3_600_000_000),
    "15min": ("microsecond", 900_000_000),
    "250ms": ("microsecond", 250_000),
}


def stamps_of(alias, start="2019-12-02 03:00", periods=40):
    return pd.date_range(start, periods=periods, freq=alias).to_numpy().astype("datetime64[us]")


@pytest.mark.parametrize("alias", ALIASES)
def test_frequencies_are_those_of_pandas(alias):
    stamps = stamps_of(alias)
    frequency = infer_frequency(stamps)
    assert (frequency.unit, frequency.step) == ALIASES[alias]
    longer = stamps_of(alias, periods=90)
    np.testing.assert_array_equal(frequency.stamps(stamps[0], np.arange(90)), longer)


@settings(max_examples=60, deadline=None)
@given(
    alias=st.sampled_from(sorted(ALIASES)),
    start=st.datetimes(min_value=pd.Timestamp("1950-01-01"), max_value=pd.Timestamp("2050-01-01")),
    kept=st.sets(st.integers(0, 29), min_size=25),
)
def test_places_and_stamps_are_inverse_whatever_gaps_there_are(alias, start, kept):
    whole = stamps_of(alias, start, 30)
    places = np.array(sorted(kept))
    with_gaps = whole[places]
    frequency = infer_frequency(with_gaps)
    found = frequency.places(with_gaps, with_gaps[0])
    np.testing.assert_array_equal(frequency.stamps(with_gaps[0], found), with_gaps)
    # Gaps may hide every weekend of business days, and of months every one that begins or ends on a weekend; all else
    # comes back place by place.
    if frequency.unit == ALIASES[alias][0]:
        np.testing.assert_array_equal(found, places - places[0])


def test_the_day_of_the_month_stays():
    stamps = np.array(["2020-01-15", "2020-02-15", "2020-03-15"], dtype="datetime64[us]")
    frequency = infer_frequency(stamps)
    assert str(frequency.stamps(stamps[0], np.array([12]))[0])[:10] == "2021-01-15"


def test_whole_numbers_have_steps():
    assert infer_frequency(np.array([10, 15, 20, 30])) == Frequency("number", 5)
    np.testing.assert_array_equal(Frequency("number", 5).stamps(10, np.array([-1, 3])), [5, 25])


@pytest.mark.parametrize(
    ("alias", "seasons", "said"),
    [
        ("MS", (12,), "monthly"),
        ("QS", (4,), "quarterly"),
        ("YS", (), "yearly"),
        ("ME", (12,), "monthly (last day)"),
        ("W-MON", (52,), "every week"),
        ("D", (7, 365), "every day"),
        ("B", (5, 261), "every business day"),
        ("h", (24, 168, 8766), "every hour"),
        ("15min", (4, 96, 672, 35064), "every 15 minutes"),
    ],
)
def test_seasons_are_the_calendars(alias, seasons, said):
    frequency = infer_frequency(stamps_of(alias))
    assert frequency.seasons == seasons
    assert str(frequency) == said


@settings(max_examples=30, deadline=None)
@given(
    alias=st.sampled_from(["MS", "QE", "D", "h", "15min", "B"]), begin=st.integers(0, 10), periods=st.integers(1, 40)
)
def test_calendar_features_are_waves_of_the_stamp_alone(alias, begin, periods):
    stamps = stamps_of(alias, periods=60)
    frequency = infer_frequency(stamps)
    whole = calendar_features(stamps, frequency, 1)
    part = calendar_features(stamps[begin : begin + periods], frequency, 1)
    np.testing.assert_array_equal(part, whole[begin : begin + periods])
    sines, cosines = whole[:, 0::2], whole[:, 1::2]
    np.testing.assert_allclose(sines**2 + cosines**2, 1, rtol=1e-12)


def test_calendar_features_tell_the_days_of_a_week_apart_and_come_again():
    stamps = stamps_of("D", "2021-03-01", 14)
    week = calendar_features(stamps, infer_frequency(stamps), 1)[:, 4:10]
    np.testing.assert_allclose(week[:7], week[7:], atol=1e-12)
    assert np.linalg.matrix_rank(week[:7] - week[:7].mean(axis=0)) == 6


def test_a_season_of_numbers_is_a_wave_too():
    waves = calendar_features(np.arange(0, 24), Frequency("number", 1), 12)
    np.testing.assert_allclose(waves[:12], waves[12:], atol=1e-12)
    assert calendar_features(np.arange(5), Frequency("number", 1), 1).shape == (5, 0)


@pytest.mark.parametrize("day", [28, 29, 30, 31])
@pytest.mark.parametrize("first", ["2019-12", "2021-02", "2020-02"])
def test_a_month_without_the_day_has_its_last_one(day, first):
    months = np.arange(np.datetime64(first), np.datetime64(first) + 40)
    stamps = np.minimum(months.astype("M8[D]") + day - 1, (months + 1).astype("M8[D]") - 1).astype("M8[us]")
    frequency = infer_frequency(stamps[:20])
    np.testing.assert_array_equal(frequency.stamps(stamps[0], np.arange(40)), stamps)
    np.testing.assert_array_equal(frequency.places(stamps, stamps[0]), np.arange(40))
    assert str(frequency).startswith("monthly")


def test_the_grid_is_the_one_that_most_stamps_are_on():
    stamps = stamps_of("MS")
    stamps[7] += np.timedelta64(1, "D")
    assert str(infer_frequency(stamps)) == "monthly"
