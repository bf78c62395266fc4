"""From tables to series: what is read, what is filled in, and what is refused in one clear line."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman.data.series import Panel
from elman.data.series_table import read_panel
from elman.errors import DataError

DAYS = pd.date_range("2020-01-30", periods=12)


def long(names=("a", "b"), days=DAYS, **columns):
    rows = len(days) * len(names)
    return pd.DataFrame(
        {
            "unique_id": np.repeat(names, len(days)),
            "ds": np.tile(days, len(names)),
            "y": np.arange(rows, dtype=float),
            **columns,
        }
    )


def same(one, other):
    assert one.fingerprint() == other.fingerprint()


def test_every_way_in_gives_the_same_series(tmp_path):
    frame = long(heat=np.arange(24.0) % 5)
    panel = read_panel(frame, covariates=["heat"])
    assert panel.names == ["a", "b"]
    np.testing.assert_array_equal(panel.series[1].values, np.arange(12.0, 24))
    np.testing.assert_array_equal(panel.series[1].covariates[:, 0], (np.arange(12.0) + 12) % 5)
    same(panel, read_panel(frame.sample(frac=1, random_state=0).sort_values("unique_id"), covariates=["heat"]))
    same(panel, read_panel(pl.from_pandas(frame), covariates=["heat"]))
    assert read_panel(pl.from_pandas(frame)).backend == "polars"
    frame.to_csv(tmp_path / "t.csv", index=False)
    same(panel, read_panel(tmp_path / "t.csv", covariates=["heat"]))
    other = frame.rename(columns={"unique_id": "shop", "ds": "day", "y": "sold"})
    same(panel, read_panel(other, series="shop", time="day", value="sold", covariates=["heat"]))


def test_plain_values_are_one_series():
    panel = read_panel([1, 2, 4])
    assert (panel.names, panel.series[0].first, list(panel.series[0].values)) == (["y"], 0, [1, 2, 4])
    same(panel, read_panel(np.array([1.0, 2.0, 4.0])))
    dated = read_panel(pd.Series([1.0, 2.0, 4.0], index=pd.date_range("2020-01-01", periods=3, freq="MS")))
    assert str(dated.frequency) == "monthly"


def test_ids_are_whole_numbers_or_text():
    assert read_panel(long((3, 1))).names == [3, 1]
    assert read_panel(long((1.5, 2.5))).names == ["1.5", "2.5"]


def test_stamps_may_be_whole_numbers_or_slashed_dates():
    numbered = read_panel(pd.DataFrame({"ds": ["3", "5", "7"], "y": [1, 2, 3]}))
    assert (numbered.frequency.step, numbered.series[0].first) == (2, 3)
    slashed = read_panel(pd.DataFrame({"date": ["2012/01/31", "2012/02/01", "2012/02/02"], "value": [1, 2, 3]}))
    assert str(slashed.frequency) == "every day"


def test_a_panel_survives_its_numbers():
    for panel in (read_panel(long(heat=np.arange(24.0)), covariates=["heat"]), read_panel([1, 2, 4])):
        back = Panel.from_numbers(panel.numbers())
        same(panel, back)
        np.testing.assert_array_equal(panel.stamps(0, -2, 20), back.stamps(0, -2, 20))


def with_gaps():
    frame = long(("a",))
    frame.loc[6, "y"] = np.nan
    return frame.drop(index=[2, 3])


@pytest.mark.parametrize(
    ("fill", "filled"),
    [("forward", [1, 1, 5]), ("zero", [0, 0, 0]), ("interpolate", [2, 3, 6])],
)
def test_fill_fills_gaps_and_missing_values_and_marks_them(fill, filled):
    (one,) = read_panel(with_gaps(), fill=fill)
    assert len(one) == 12
    np.testing.assert_allclose(one.values[[2, 3, 6]], filled)
    np.testing.assert_array_equal(np.flatnonzero(~one.observed), [2, 3, 6])


def test_fill_leaves_out_what_comes_before_the_first_whole_row_and_goes_on_behind_the_last():
    frame = long(("a",))
    frame.loc[[0, 11], "y"] = np.nan
    (one,) = read_panel(frame, fill="interpolate")
    assert str(one.first)[:10] == "2020-01-31"
    np.testing.assert_array_equal(one.values, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10])


def dropped(frame, rows):
    return frame.drop(index=rows)


def changed(at, **cells):
    frame = long()
    for name, cell in cells.items():
        frame[name] = frame[name].astype(object)
        frame.loc[at, name] = cell
    return frame


BAD = {
    "gaps": (
        lambda: dropped(long(), [2, 3]),
        r"gaps: 2 stamps are missing, the first 2020-02-01 \(every day",
    ),
    "duplicate": (lambda: pd.concat([long(), long().iloc[[4]]]), "series 'a': 2020-02-03 comes more than once"),
    "missing value": (lambda: changed(5, y=np.nan), "series 'a': 1 values are missing, the first 'y' at 2020-02-04"),
    "not a number": (lambda: changed(5, y="much"), "row 6, column 'y': expected a number, got 'much'"),
    "infinite": (lambda: changed(5, y=np.inf), "expected a number of at most .*, got inf"),
    "off the grid": (
        lambda: changed(5, ds=pd.Timestamp("2020-02-04 07:00")),
        "mixed frequencies: 11 of 12 stamps are on the grid that begins at 2020-01-30, every day; 2020-02-04T07:00:00",
    ),
    "two frequencies": (
        lambda: pd.concat([long(("a",)), long(("b",), pd.date_range("2020-01-01", periods=12, freq="h"))]),
        "mixed frequencies: 'a' is every day, 'b' every hour",
    ),
    "no such column": (lambda: long().rename(columns={"y": "sold"}), "which column is the value.*unique_id, ds, sold"),
    "month first or day first": (
        lambda: long().assign(ds="01/02/2020"),
        "row 1, column 'ds': expected a plain order of day and month, got '01/02/2020': write dates that begin",
    ),
    "no dates": (
        lambda: changed(3, ds="1234x"),
        "row 4, column 'ds': expected a stamp such as '2020-01-30T00:00:00' in row 1, got '1234x': write dates such as",
    ),
    "one row each": (lambda: long(days=DAYS[:1]), "too short: no series has more than one row"),
    "empty": (lambda: long().iloc[:0], "no rows"),
    "two dimensions": (lambda: np.zeros((3, 2)), r"got shape \(3, 2\)"),
    "an empty list": (list, r"got shape \(0,\)"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_get_one_clear_line(case):
    make, message = BAD[case]
    with pytest.raises(DataError, match=message) as caught:
        read_panel(make())
    assert "\n" not in str(caught.value)


def test_a_series_without_one_whole_row_is_refused():
    with pytest.raises(DataError, match="no row has every value"):
        read_panel(pd.DataFrame({"ds": DAYS, "y": [np.nan] * 12}), fill="zero")


def test_a_covariate_that_is_not_there_is_named():
    with pytest.raises(DataError, match="no column 'heat': covariates has to be one of unique_id, ds, y"):
        read_panel(long(), covariates=["heat"])
