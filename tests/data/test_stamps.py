"""Stamps in every form that tables write them in: the calendar comes back, or one line names the cell."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from elman.data.series_table import read_panel
from elman.errors import DataError

STARTS = st.datetimes(min_value=datetime.datetime(1700, 1, 1), max_value=datetime.datetime(2300, 1, 1))
# By calendar: how each of its stamps is written. {0} is a datetime, q its quarter.
WRITTEN = {
    "MS": [
        "%Y-%m", "%Y/%m", "%Y %m", "%m/%Y", "%m-%Y", "%m.%Y", "%b %Y", "%B %Y", "%b-%Y", "%Y-%b", "%Y%b", "%YM%m",
        "%Y-M%m", "%Y.%m", "%Y%m", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%d %b %Y", "%b %d, %Y", "%Y%m%d",
    ],
    "QS": ["{0:%Y}Q{q}", "{0:%Y}-Q{q}", "{0:%Y} q{q}", "Q{q} {0:%Y}", "Q{q}/{0:%Y}", "{q}Q{0:%Y}", "{0:%Y}-%m", "%Y%m"],
    "W-MON": ["%G-W%V", "%GW%V", "%G W%V", "%G-W%V-%u", "%GW%V%u", "W%V/%G", "%Y-%m-%d/2000-01-01"],
    "D": [
        "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y-%j", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d-%b-%Y",
        "%d.%m.%Y", "%d%b%Y", "%d %B %Y", "%B %d, %Y", "%Y-%b-%d", "%a, %d %b %Y", "%Y-%m-%dT%H:%M", "%Y%m%d.0",
    ],
    "h": [
        "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H", "%Y-%m-%d %I:%M %p", "%m/%d/%Y, %I:%M %p", "%Y%m%dT%H%M",
        "%d.%m.%Y %H:%M", "%Y%m%d%H%M", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d %H:%M:%S+00:00", "%Y-%m-%d %H:%M UTC",
    ],
    "250ms": ["%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S,%f000", "%Y-%m-%dT%H:%M:%S.%fZ"],
}  # fmt: skip


def read(stamps, **options):
    return read_panel(pd.DataFrame({"ds": stamps, "y": np.arange(float(len(stamps)))}), **options)


def comes_back(stamps, whole):
    panel = read(stamps)
    np.testing.assert_array_equal(panel.stamps(0, 0, len(whole)), whole.to_numpy().astype("M8[us]"))
    return panel


def written(stamp, form):
    return stamp.strftime(form.format(stamp, q=stamp.quarter))


@settings(max_examples=50, deadline=None)
@given(calendar=st.sampled_from(sorted(WRITTEN)), choice=st.integers(0, 100), start=STARTS, rows=st.integers(40, 60))
def test_a_calendar_in_any_form_comes_back(calendar, choice, start, rows):
    form = WRITTEN[calendar][choice % len(WRITTEN[calendar])]
    assume(calendar != "h" or "%m/%d" not in form or start.day > 13)  # else no row says which is the day
    first = pd.Timestamp(start).as_unit("us").normalize()
    try:
        whole = pd.date_range(first, periods=rows, freq=calendar, unit="us")
    except OverflowError:  # pandas 2 counts quarters in nanoseconds, which end in the year 2262
        reject()
    comes_back([written(stamp, form) for stamp in whole], whole)


@pytest.mark.parametrize("calendar", WRITTEN)
def test_no_form_is_read_as_another(calendar):
    whole = pd.date_range("1999-11-30", periods=45, freq=calendar)
    for form in WRITTEN[calendar]:
        comes_back([written(stamp, form) for stamp in whole], whole)


@settings(max_examples=40, deadline=None)
@given(
    year=st.integers(1000, 2900),
    digits=st.integers(2, 5),
    place=st.sampled_from([0.0, 0.5]),
    step=st.sampled_from([1, 3, 6]),
)
def test_decimal_years_are_months(year, digits, place, step):
    values = [f"{year + (step * number + place) / 12:.{digits}f}" for number in range(48)]
    months = np.datetime64(f"{year}-01") + step * np.arange(48)
    np.testing.assert_array_equal(read(values).stamps(0, 0, 48), months.astype("M8[us]"))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("calendar", ["MS", "D", "h"])
def test_times_since_1970_are_times_and_this_is_said(unit, calendar):
    whole = pd.date_range("2001-03-01", periods=40, freq=calendar)
    panel = comes_back(whole.to_numpy().astype(f"M8[{unit}]").astype(np.int64), whole)
    assert "since 1970" in panel.said


@pytest.mark.parametrize(
    "numbers",
    [
        range(60), range(-9, 51, 2), range(1950, 2010), range(0, 60 * 10**12, 10**12), range(200001, 200061),
        range(20220100, 20220160), range(44562, 44622), [1.5e9 + 7e9 * n for n in range(20)],
        [1_500_000_000_000_000_007 + 100 * n for n in range(20)],
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [int, str, float, lambda n: f"{n}.0"])
def test_other_whole_numbers_count_steps(numbers, kind):
    if kind is float and max(numbers) > 2**53:
        pytest.skip("a float cannot hold them")
    panel = read([kind(int(number)) for number in numbers])
    assert panel.frequency.unit == "number"
    np.testing.assert_array_equal(panel.stamps(0, 0, len(numbers)), [int(number) for number in numbers])


def zoned(hours, zone="Europe/Berlin", start="2022-10-25"):
    return pd.date_range(start, periods=hours, freq="h", tz=zone)


def test_an_offset_names_an_instant_over_a_change_of_the_clocks():
    instants = zoned(200).tz_convert("UTC").tz_localize(None)
    for stamps in (zoned(200), [stamp.isoformat() for stamp in zoned(200)], zoned(200).astype(object)):
        assert comes_back(stamps, instants).said == "stamps read as UTC"
    frame = pl.from_pandas(pd.DataFrame({"ds": zoned(200), "y": np.arange(200.0)}))
    np.testing.assert_array_equal(read_panel(frame).stamps(0, 0, 200), instants.to_numpy().astype("M8[us]"))


def test_days_whose_offset_changes_are_the_days_of_the_clock():
    days = pd.date_range("2022-10-25", periods=20, tz="Europe/Berlin")
    for stamps in (days, [stamp.isoformat() for stamp in days]):
        assert "local dates" in comes_back(stamps, days.tz_localize(None)).said


def test_dates_of_a_frame_come_back_whatever_holds_them():
    days = pd.date_range("1500-01-01", periods=30, unit="s")
    for stamps in (
        days,
        days.astype("M8[ms]"),
        [day.date() for day in days],
        list(days.to_numpy()),
        days.astype(object),
    ):
        comes_back(stamps, days)
    frame = pl.DataFrame({"ds": [day.date() for day in days], "y": np.arange(30.0)})
    np.testing.assert_array_equal(read_panel(frame).stamps(0, 0, 30), days.to_numpy().astype("M8[us]"))
    for kind in ("Y", "Q", "M", "W", "D", "h"):
        periods = pd.period_range("2001-01-01", periods=40, freq=kind)
        comes_back(periods, periods.to_timestamp())
        series = pd.Series(np.arange(40.0), index=periods)
        assert str(read_panel(series).series[0].first)[:4] in ("2000", "2001")


DATES = [f"2020-02-{day:02}" for day in range(1, 29)]
REFUSED = {
    "two-digit years": (["31/12/20", "01/01/21"], "row 1, column 'ds': .*'31/12/20': write the year with four digits"),
    "a two-digit year of a month": (["Jan-20", "Feb-20"], "'Jan-20': write the year with four digits"),
    "either order": (["01/02/2020", "01/03/2020"], "a plain order of day and month, got '01/02/2020'"),
    "both orders": (["13/02/2020", "02/13/2020"], "one order of day and month in all rows, got '13/02/2020'"),
    "no such day": ([*DATES, "2020-02-30"], "row 29, .*expected a date and time that exist, got '2020-02-30'"),
    "no such day in digits": ([20220228, 20220229, *range(20220301, 20220330)], "row 2, .*20220229"),
    "no such week": (["2021-W52", "2021-W53"], "got '2021-W53'"),
    "no such hour": (["2020-01-01 23:00", "2020-01-01 24:30"], "got '2020-01-01 24:30'"),
    "year 0": (["0000-01-01", "0001-01-01"], "got '0000-01-01'"),
    "some offsets": ([*DATES[:3], "2020-02-04T00:00Z"], "row 4, .*expected all stamps with an offset from UTC or all"),
    "a zone": (["2020-01-01 10:00 CET", "2020-01-01 11:00 CET"], "give an offset from UTC"),
    "a zone's name": (["2020-01-01T10:00[Europe/Berlin]"] * 2, "give an offset from UTC"),
    "too fine": (["2020-01-01T00:00:00.0000001", "2020-01-01T00:00:00.0000002"], "row 1, .*whole microseconds"),
    "too fine in a frame": (pd.to_datetime(np.arange(20) * 1001), "row 2, .*whole microseconds"),
    "far years": (np.array(["20000-01-01", "20001-01-01"], dtype="M8[s]"), "years 1 to 9999"),
    "another form": ([*DATES[:5], "2020-02"], "row 6, .*such as '2020-02-01' in row 1, got '2020-02'"),
    "a word": ([DATES[0], "now", DATES[2]], "row 2, .*got 'now'"),
    "a terminal's escape": ([DATES[0], "\x1b[31m", DATES[2]], r"got '\\x1b\[31m'"),
    "other digits": (["١", "٢"], "row 1"),
    "an underscore": (["1_0", "1_1"], "row 1, .*got '1_0'"),
    "infinite": ([1.0, np.inf], "row 2, .*got inf"),
    "fractions": ([0.5, 1.0, 1.5], "row 1, .*got 0.5"),
    "a spreadsheet's hours": ([44562 + hour / 24 for hour in range(30)], "a spreadsheet's day numbers"),
    "a spreadsheet's months": ([44562, 44593, 44621, 44652, 44682], "if 44562 is a spreadsheet's day number"),
    "days as decimal years": ([2020 + day / 366 for day in range(60)], "decimal years are read where each is a month"),
    "too large": ([0, 2**62], "row 2, .*up to 2\\^61"),
    "too large for a float": ([0.0, 2.0**60], "row 2, .*as a float 2\\^53"),
    "thousands of digits": (["9" * 5000, "1"], "row 1"),
    "a huge exponent": (["1e999999999", "1"], "row 1"),
    "truth": ([True, False], "row 1, .*got True"),
    "lists": ([[1], [2]], r"row 1, .*got \[1\]"),
    "missing": ([*DATES[:2], None], "row 3, column 'ds' is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_plain_stamp_gets_one_line_of_our_own(case):
    stamps, message = REFUSED[case]
    with pytest.raises(DataError, match=message) as caught:
        read(stamps)
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 400
    assert not {"utc=True", "to_datetime", "dayfirst", "format="} & set(said.replace(",", " ").split())


@pytest.mark.parametrize("calendar", ["s", "min", "h", "D", "B", "W", "MS", "ME", "BME", "YS"])
@pytest.mark.parametrize("far", ["9998-01-01", "0002-01-01"])
@pytest.mark.parametrize("fill", [None, "forward"])
def test_a_date_far_from_the_others_is_named_in_little_memory(calendar, far, fill):
    near = [str(stamp) for stamp in pd.date_range("2000-01-03", periods=20, freq=calendar)]
    with pytest.raises(DataError, match=far + "(?s:.*)(far from the others|is not:)"):
        read([*near, far + " 00:00:00"], fill=fill)


@pytest.mark.parametrize("step", [1, 10**6])
@pytest.mark.parametrize("far", [10**10, 10**12, 2**60, -(10**15)])
def test_a_number_far_from_the_others_is_named(step, far):
    with pytest.raises(DataError, match=f"the stamp {far} is far from the others"):
        read([*range(0, 60 * step, step), far], fill="zero")


def test_a_gap_within_reason_is_named_by_both_its_ends():
    with pytest.raises(DataError, match="the longest gap between 2020-02-28 and 2020-06-01"):
        read([*DATES, "2020-06-01"])


def test_what_was_read_is_counted():
    panel = read(DATES)
    assert (panel.rows, len(panel), panel.said) == (28, 1, "")


@pytest.mark.parametrize("form", ["{}H{}", "{}-S{}", "{} H{}"])
def test_half_years_come_back(form):
    whole = pd.date_range("2000-01-01", periods=20, freq="6MS")
    comes_back([form.format(stamp.year, 1 + stamp.month // 7) for stamp in whole], whole)
