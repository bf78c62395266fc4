"""Numbers as readers see them: significant digits at every size, never 0.0000 for what is not 0."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.cli.terminal import print_grid
from elman.models.estimator.reports import Grid
from elman.rounding import brief, column, counted

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False, min_value=-1e307, max_value=1e307)


@given(st.lists(NUMBERS, min_size=1, max_size=8))
def test_every_cell_has_three_significant_digits_and_fits(values):
    for value, text in zip(values, column(values), strict=True):
        assert float(text) == pytest.approx(value, rel=5.1e-3, abs=0)
        assert len(text) <= 24


@given(NUMBERS)
def test_a_single_number_too(value):
    assert float(brief(value)) == pytest.approx(value, rel=5.1e-2, abs=0)
    assert len(brief(value)) <= 12


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([473.7328, 12.0], ["473.7328", "12.0000"]),
        ([0.5, 0.0, 0.0123], ["0.5000", "0", "0.0123"]),
        ([0.5, 0.00123], ["0.50000", "0.00123"]),
        ([3.04e-6, 0.0], ["3.0400e-06", "0"]),
        ([16.8, 1e-17], ["16.8000", "1.0000e-17"]),
        ([1234567.891, 2.0], ["1234567.891", "2.000"]),
        ([1e12, 5.5], ["1000000000000", "5.5"]),
        ([1.5e20, 3.0], ["1.5000e+20", "3"]),
        ([-0.25, math.nan, math.inf], ["-0.2500", "nan", "inf"]),
        ([], []),
    ],
)
def test_columns_by_hand(values, texts):
    assert column(values) == texts


def test_losses_by_hand():
    losses = [brief(loss) for loss in (0.0, 0.4949, 12.3456, 3e-5, 1.25e9)]
    assert losses == ["0.000", "0.495", "12.346", "3e-05", "1.25e+09"]


def test_a_printed_table_rounds_each_column_by_itself_and_quotes_what_is_long_or_odd(capsys):
    print_grid(Grid(["", "y", "n"], [["a", 3e-6, 7], ["\x1b[31m" + "x" * 100, 1.0, 1000]]))
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["a", "3.0000e-06", "7"]
    assert printed[2].split()[1:] == ["1.0000", "1000"]
    assert printed[2].startswith("\\x1b[31mxxx")
    assert max(map(len, printed)) < 90


@pytest.mark.parametrize(
    ("examples", "texts"), [(None, ["0.8625", "0"]), (1000, ["0.8625", "0"]), (80, ["0.863", "0"])]
)
def test_scores_of_few_examples_have_few_decimals(examples, texts):
    assert column([0.862549, 0.0], examples) == texts
    assert column([0.0004], 80) == ["0.0004"]
    assert column([0.0, 12.3456, math.nan], 999) == ["0", "12.346", "nan"]


def test_one_thing_is_not_many():
    assert [counted(count, "row") for count in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]
    assert counted(1, "child", "children") == "1 child"
    assert counted(2, "child", "children") == "2 children"
