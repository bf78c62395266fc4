"""One grammar of numbers, and one list of words for a missing one, in every kind of table."""

import json
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman.data.inputs import SeriesInput
from elman.data.items import as_items
from elman.data.numbers import number
from elman.data.tables import read_table
from elman.errors import DataError

NUMBERS = {"-12": -12, "+0.5": 0.5, ".5": 0.5, "3.": 3, " 1e-3 ": 0.001, "1E5": 1e5, "3.4e38": 3.4e38, "0": 0}
MISSING = ["", "NA", "n/a", "NaN", "nan", "null", "NULL", "None", "-", "?", "#N/A", " NA "]
NO_NUMBERS = [
    "1_19",
    "1e5_0",
    "٣",
    "0x10",
    "inf",
    "-Infinity",
    "1e400",
    "1e39",
    "-1e39",
    "1,5",
    "1 000",
    "x",
    "½",
    "−1",
]


@pytest.mark.parametrize("cell", NUMBERS)
def test_numbers(cell):
    assert number(cell) == NUMBERS[cell]


@pytest.mark.parametrize("cell", [1, 1.5, True, np.float32(2), Decimal("0.5")])
def test_numbers_that_are_no_text(cell):
    assert number(cell) == float(cell)


@pytest.mark.parametrize("cell", [{}, [1], None, b"1"[:0], object(), "1\0"])
def test_what_is_no_number(cell):
    assert math.isnan(number(cell))


@pytest.mark.parametrize("cell", NO_NUMBERS)
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_everything_else_is_refused(frame, cell):
    with pytest.raises(DataError, match="row 2, column 'x': expected a number"):
        read_table(frame({"x": ["1", cell]})).numbers(["x"], gaps=True)


@pytest.mark.parametrize("cell", MISSING)
def test_a_missing_number_is_a_gap_or_refused(cell):
    found = read_table(pd.DataFrame({"x": ["1", cell]}))
    assert np.isnan(found.numbers(["x"], gaps=True)).ravel().tolist() == [False, True]
    with pytest.raises(DataError, match="row 2, column 'x' is missing"):
        found.numbers(["x"])
    assert read_table(pd.DataFrame({"x": ["1", cell or "a"]})).texts("x")[1] == (cell or "a")


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_numbers_beyond_float32_are_refused_by_every_file(tmp_path, name):
    path = tmp_path / name
    for big in ("1e39", "1" + "0" * 400, "-1e308"):
        path.write_text(f"x\n{big}\n" if name == "a.csv" else f'{{"x": {big}}}\n')
        with pytest.raises(DataError, match=r"expected a number of at most 3\.4e\+38"):
            read_table(path).numbers(["x"])


def test_numbers_beyond_float32_are_refused_in_arrays():
    for items in (np.full((2, 3), 1e39), [[1.0, -1e300]], [np.array([[2.0**128]])]):
        with pytest.raises(DataError, match=r"at most 3\.4e\+38"):
            as_items(items)


def test_the_largest_numbers_have_a_scale():
    series = [np.array([[3e38, 1.0], [-3e38, 1.0]], np.float32), np.array([[0.1, 1.0], [1e-44, 1.0]], np.float32)]
    scaled = SeriesInput.fit(series).encode(series).values
    assert np.isfinite(scaled).all()
    far = SeriesInput.fit([np.array([[1e-30], [2e-30]], np.float32)]).encode(series[:1] and [series[0][:, :1]]).values
    assert np.isfinite(far).all()


def test_whole_numbers_of_a_file_stay_exact(tmp_path):
    big = 2**60 + 1
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"id": n}) for n in (big, None, big - 1)))
    assert read_table(path).frame["id"].to_list() == [big, None, big - 1]
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"id": pyarrow.array([big, None, big - 1])}), tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").frame["id"].to_list() == [big, None, big - 1]
