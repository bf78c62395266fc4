"""Answers with too few digits for their sheet are never right, and short numbers that are exact are."""

import functools
from typing import Any

import numpy as np
import pytest

import elman
from elman.errors import InputError
from elman.worked.entry import Trace
from elman.worked.marking.teaching import exercise

SHEETS = ("love-book", "not-very-good", "lstm", "gru")
FEW = "too few digits"


@functools.cache
def explained(name: str) -> Trace:
    return elman.explain(name)


def filled(trace: Trace, write: Any) -> dict[str, list[str]]:
    return {v.id: [write(float(x)) for x in np.ravel(v.array)] for v in trace if v.expr is not None}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("not-very-good", text) for text in ("0", "0.0", "-0", "0.", "1", "-1", "0e5", "1e1", "0,0")),
        *(("love-book", text) for text in ("0", "0.0", "-1")),
    ],
)
def test_a_sheet_of_one_short_number_is_not_right(name: str, text: str) -> None:
    trace = explained(name)
    marks = trace.check(filled(trace, lambda _x: text))
    assert not marks.passed
    for verdict in marks:
        exact = np.allclose(verdict.yours, verdict.expected, rtol=0, atol=5e-5)
        assert exact or verdict.kind not in {"right", "rounding"}, verdict.id


@pytest.mark.parametrize("name", SHEETS)
def test_correctly_rounded_numbers_at_each_number_of_digits(name: str) -> None:
    trace = explained(name)
    for digits in (2, 3, 4, 6, 9):
        marks = trace.check(filled(trace, lambda x, digits=digits: f"{x:.{digits}f}"))  # type: ignore[misc]
        assert marks.passed, (digits, str(marks))
    for digits in (0, 1):
        marks = trace.check(filled(trace, lambda x, digits=digits: f"{x:.{digits}f}"))  # type: ignore[misc]
        assert not marks.passed
        assert marks.counts[FEW] > len(marks) / 3


@pytest.mark.parametrize("name", SHEETS)
def test_dropped_zeros_are_no_missing_digits(name: str) -> None:
    """0.4 where the sheet prints 0.4000: many programs write it so."""
    trace = explained(name)
    assert trace.check(filled(trace, lambda x: repr(round(x, 4)))).passed


def test_short_numbers_that_are_exact_are_right() -> None:
    trace = explained("love-book")
    short = {"target": 1} if "target" in trace.values else {"1/target": 1, "2/target": "0"}
    short |= {"W_xh": [0.2, 0.4, 0.1, 0.1, 0.3, 0.5, 0.4, 0.2, 0.3], "1/h.0": ["0", "0.", "-0"], "b_y": ".1"}
    assert trace.check(short).counts == {"right": len(short)}


def test_a_zero_where_the_sheet_prints_a_number() -> None:
    trace = explained("love-book")
    for text in ("0", "0.0", "-0", "0e0", 0, 0.0):
        marks = trace.check({"1/dh.5": [text] * 3})
        assert marks["1/dh.5"].kind == FEW
        assert "TOO FEW DIGITS: 1/dh.5" in str(marks)
        assert "write at least 2 decimals; the sheet prints 4" in str(marks)


def test_one_short_value_among_good_ones() -> None:
    """It is marked, and the lines after it are worked from the right number, not from the short one."""
    trace = explained("love-book")
    answers = filled(trace, lambda x: f"{x:.4f}")
    answers["1/h.3"] = [f"{x:.1f}" for x in trace["1/h.3"].array]
    marks = trace.check(answers)
    assert [v.id for v in marks if v.kind not in {"right", "rounding"}] == ["1/h.3"]
    assert marks["1/h.3"].kind == FEW


def test_a_short_number_that_is_wrong_is_wrong() -> None:
    marks = elman.check("love-book", {"1/h.3": ["0.5", "9.1", "0.7"]})
    assert marks["1/h.3"].kind == "wrong"


def test_the_number_of_digits_is_an_option() -> None:
    trace = explained("love-book")
    rounded = filled(trace, lambda x: f"{x:.2f}")
    assert trace.check(rounded).passed
    assert not trace.check(rounded, digits=3).passed
    assert trace.check(filled(trace, lambda x: f"{x:.1f}"), digits=1).passed
    with pytest.raises(InputError, match="digits: expected 0 to 15 decimals, got -1"):
        trace.check(rounded, digits=-1)


def test_a_sheet_that_prints_more_asks_for_more() -> None:
    trace = elman.explain(exercise("rnn", 3, digits=8))
    assert trace.check(filled(trace, lambda x: f"{x:.6f}")).passed
    assert not trace.check(filled(trace, lambda x: f"{x:.4f}")).passed
