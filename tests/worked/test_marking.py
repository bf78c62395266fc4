"""Marking: right, rounding, carried forward, known mistakes alone and in pairs, and what is not known."""

import functools
import json
import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.worked.students import carried_on, typed, ways, with_mistakes

import elman
from elman.worked.entry import Trace
from elman.worked.marking import search
from elman.worked.marking.catalogue import CATALOGUE
from elman.worked.marking.teaching import exercise

SHEETS: dict[str, dict[str, Any]] = {
    "rnn sigmoid": {"cell": "rnn"},
    "rnn softmax": {"cell": "rnn", "output": "softmax"},
    "lstm": {"cell": "lstm", "steps": 2},
    "gru after keep": {"cell": "gru", "steps": 2, "output": "softmax"},
    "gru before take": {"cell": "gru", "steps": 2, "reset": "before", "z": "take"},
}


@functools.cache
def sheet_of(name: str) -> Trace:
    """Return the exercise by this name, worked; a third of a second each, and so not while tests are collected."""
    return elman.explain(exercise(seed=7, **SHEETS[name]))


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_every_mistake_that_belongs_to_the_cell_shows_on_its_exercise(name: str) -> None:
    shown = {made.mistake.number for made in ways(sheet_of(name))}
    belongs = {mistake.number for mistake in CATALOGUE if SHEETS[name]["cell"] in mistake.cells} - {"E21"}
    other_output = {"E8"} if "softmax" in name or "keep" in name else {"E10"}
    assert belongs - shown == other_output


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_a_mistake_alone_is_recognised_at_the_printed_digits(name: str) -> None:
    trace = sheet_of(name)
    for made in ways(trace):
        marks = trace.check(with_mistakes(trace, [made], 4))
        assert not marks.passed, made.title
        assert [one.title for one in marks.found.made] == [made.title], marks.found
        assert marks.headline is not None, made.title
        assert marks.headline.kind == "mistake", made.title
        assert {verdict.kind for verdict in marks} <= {"right", "rounding", "follows", "mistake"}, made.title


def test_the_numbers_of_the_catalogue() -> None:
    """The first entry of dW_hh on the reference sheet, as the catalogue prints it."""
    printed = {
        "E1": [[0.1640, 0.2489], [-0.1399, -0.2123]],
        "E3": [[0.1266, 0.1909], [-0.1923, -0.2935]],
        "E4": [[0.2198, 0.3354], [-0.1454, -0.2201]],
        "E6": [[0.0329, 0.2115], [0.0293, -0.0931]],
        "E8": [[0.0495, 0.0755], [-0.0297, -0.0449]],
    }
    for number, matrix in printed.items():
        assert elman.check("not-very-good", {"dW_hh": matrix}).mistakes == (number,)
    for entry, number in {"0.2044": "E5", "-0.2060": "E7", "0.0687": "E9"}.items():
        marks = elman.check("not-very-good", {"dW_hh[1,1]": entry})
        found = [made for made in (marks.found.made, *marks.found.instead) if made[0].mistake.number == number]
        assert found, (entry, marks.found)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(sorted(SHEETS)), st.randoms(use_true_random=False))
def test_two_mistakes_are_recognised_together(name: str, random: Any) -> None:
    trace = sheet_of(name)
    pairs = [pair for pair in combinations(ways(trace), 2) if pair[0].mistake is not pair[1].mistake]
    pair = random.choice(pairs)
    sheet = with_mistakes(trace, pair, 6)
    # One can hide the other: without a recurrent term, its transpose is not missed.
    assume(all(sheet != with_mistakes(trace, [one], 6) for one in ways(trace)))
    assume(sheet != with_mistakes(trace, [], 6))
    marks = trace.check(sheet)
    fits = [frozenset(made) for made in (marks.found.made, *marks.found.instead)]
    # Where one undoes the other's numbers, as a mean undoes a sum, the other alone explains what is left.
    enough = len(marks.found.made) == 1 and marks.found.made[0] in pair and "wrong" not in marks.counts
    assert frozenset(pair) in fits or enough, (pair, marks.found)


@pytest.mark.parametrize("name", ["rnn sigmoid", "gru after keep"])
def test_final_gradients_are_enough(name: str) -> None:
    """Only the sums are handed in: the line to fix is one that is not among the answers."""
    trace = sheet_of(name)
    sums = list(trace.gradients)
    for made in ways(trace)[::3]:
        sheet = with_mistakes(trace, [made], 5, sums)
        if sheet == with_mistakes(trace, [], 5, sums):
            assert made.slip.label == "log10 for ln"  # the loss alone
            continue
        marks = trace.check(sheet)
        fits = [one for one in (marks.found.made, *marks.found.instead) if with_mistakes(trace, one, 5, sums) == sheet]
        assert (made,) in fits, (made.title, marks.found)


def test_the_line_to_fix_is_named_though_it_is_not_among_the_answers() -> None:
    marks = elman.check("not-very-good", {"dW_hh": [[0.1266, 0.1909], [-0.1923, -0.2935]]})
    assert marks["dW_hh"].line == "dh.2"
    text = str(marks)
    assert "known mistake E3 transpose missing" in text
    assert "you wrote     dh_2 = W_hh da_3" in text
    assert "line to fix   dh_2 = W_hhᵀ da_3" in text


def test_two_mistakes_that_give_one_number_are_both_named() -> None:
    marks = elman.check("not-very-good", {"dW_hh": [[0.1640, 0.2489], [-0.1399, -0.2123]]})
    assert marks.mistakes == ("E1",)
    assert [made[0].mistake.number for made in marks.found.instead] == ["E9"]
    assert "these numbers fit as well: E9" in str(marks)


@pytest.mark.parametrize("name", ["not-very-good", "love-book", "lstm", "gru"])
def test_the_right_sheet_is_right_at_any_digits(name: str) -> None:
    trace = elman.explain(name)
    for digits in (2, 4, 8):
        marks = trace.check(with_mistakes(trace, [], digits))
        assert marks.counts == {"right": len(marks)}
    full = {value.id: value.array for value in trace}
    assert trace.check(full).passed


@pytest.mark.parametrize("digits", [2, 3, 4])
@pytest.mark.parametrize("way", ["half even", "half up"])
@pytest.mark.parametrize("name", ["not-very-good", "gru", "lstm"])
def test_rounding_at_every_step_is_no_error(name: str, digits: int, way: str) -> None:
    trace = elman.explain(name)

    def round_it(_key: str, array: Any) -> Any:
        if way == "half even":
            return np.round(array, digits)
        return np.vectorize(lambda x: math.copysign(math.floor(abs(x) * 10**digits + 0.5) / 10**digits, x))(array)

    marks = trace.check({key: typed(array, digits) for key, array in carried_on(trace, round_it).items()})
    assert marks.passed, str(marks)
    assert marks.counts["right"] < len(marks)
    assert "rounded at every step" in {verdict.note for verdict in marks}


def test_an_error_is_carried_forward() -> None:
    trace = elman.explain("love-book")
    sheet = carried_on(trace, lambda key, array: array + 0.1 if key == "1/a.3" else array)
    marks = trace.check({key: typed(array, 5) for key, array in sheet.items()})
    assert marks.headline is not None
    assert (marks.headline.id, marks.headline.kind, marks.headline.made) == ("1/a.3", "wrong", ())
    assert set(marks.counts) == {"right", "follows", "wrong"}
    assert marks.counts["wrong"] == 1
    assert marks["1/h.3"].line == "1/a.3"
    assert marks["2/h.3"].kind == "right"
    assert "no known mistake, alone or with another" in str(marks)


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    """Sabotage twin: one number of a recognised sheet is moved, and no mistake is made up for it."""
    trace = sheet_of("lstm")
    sheet = with_mistakes(trace, ways(trace, "E3"), 5)
    sheet["dx.1"] = typed(np.array([0.0777, -0.0333]), 5)
    marks = trace.check(sheet)
    assert marks["dx.1"].kind == "wrong"
    assert marks.mistakes == ("E3",)
    assert marks["dh.1"].kind == "mistake"


def test_a_mistake_missing_from_the_catalogue_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage twin: recognition comes from the catalogue and from nothing else."""
    trace, other = elman.explain("not-very-good"), elman.explain("not-very-good")  # one that has not searched yet
    sheet = with_mistakes(other, ways(other, "E3"), 5)
    monkeypatch.setattr(search, "CATALOGUE", [m for m in CATALOGUE if m.number != "E3"])
    marks = trace.check(sheet)
    assert marks.mistakes == ()
    assert marks.headline is not None
    assert (marks.headline.id, marks.headline.kind) == ("dh.2", "wrong")


def test_json_holds_every_verdict() -> None:
    marks = elman.check("not-very-good", {"dh.3": [0.4025, -0.4025], "dh.2": ["-0.0971", None]})
    data = json.loads(marks.to("json"))
    assert (data["passed"], data["headline"], data["mistakes"][0]["number"]) == (False, "dh.2", "E3")
    assert data["values"][1]["yours"] == [-0.0971, None]
    assert data["values"][1]["formula"] == "W_hhᵀ da_3"
    assert [value["verdict"] for value in data["values"]] == ["right", "mistake"]
    marks.to("terminal", ascii=True).encode("ascii")
    assert repr(marks) == "<Marks: 1 right, 1 mistake>"
    with pytest.raises(elman.errors.InputError, match="expected terminal or json"):
        marks.to("html")
    with pytest.raises(elman.errors.InputError, match="not among the answers"):
        marks["h.1"]


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_a_long_sheet_with_no_known_mistake_ends(name: str) -> None:
    """All pairs are tried on numbers that nothing explains."""
    trace = sheet_of(name)
    marks = trace.check({key: np.full(trace[key].shape, 0.3141) for key in ("dW_hy", "db_y")})
    assert marks.mistakes == ()
    assert marks.counts == {"wrong": 2}
