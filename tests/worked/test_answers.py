"""Answers files: what they may hold, and the one line that says what is wrong."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.worked.commands import run

import elman
from elman.errors import DataError, ElmanError, InputError
from elman.worked.marking.digits import Typed, half, units, usual_decimals
from elman.worked.marking.teaching import as_yaml, fingerprints, is_clear
from elman.worked.marking.teaching import exercise as make
from elman.worked.sheet.problem import problem
from elman.worked.sheet.worksheet import parse


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


GOOD = {
    "a.csv": "id, values\n# mine\ndh.3, 0.4025, -0.4025\nda.3;0.4024;−0.3433\ndW_hh[1,1], 0.2060\ndW_hh[2][1],-.1234\n",
    "b.csv": 'dh.3,"0.4025 -0.4025"\nda.3\t0.4024\t-0.3433\ndW_hh,0.2060,_,-0.1234,\n',
    "c.yaml": "dh.3: [0.4025, -0.4025]\nda.3: [0.4024, -0.3433]\ndW_hh: [[0.2060, null], [-0.1234, ~]]\n",
    "d.json": '{"dh.3": [0.4025, -0.4025], "da.3": ["0.4024", -0.3433], "dW_hh": [[0.2060, null], [-0.1234, ""]]}',
}


@pytest.mark.parametrize("name", sorted(GOOD))
def test_ways_to_write_the_same_answers(tmp_path: Path, name: str) -> None:
    marks = elman.check("not-very-good", write(tmp_path, name, GOOD[name]))
    assert marks.counts == {"right": 3}, str(marks)
    assert np.isnan(marks["dW_hh"].yours).tolist() == [[False, True], [False, True]]


def test_a_step_may_be_left_out_of_an_id() -> None:
    marks = elman.check("not-very-good", {"p.3": 0.4025, "loss.3": 0.5149})
    assert [verdict.id for verdict in marks] == ["p", "loss"]
    assert marks["p.3"] is marks["p"]


BAD = [
    ("a.csv", "dhh.2, 1, 2\n", r"a.csv: line 1: dhh.2: no such value; did you mean dh.2"),
    ("a.csv", "dh.3, 0.4025\n", r"line 1: dh.3: expected 2 numbers \(shape \(2,\)\), got 1"),
    ("a.csv", "\np, 0.4, 0.5\n", r"line 2: p: expected 1 number \(shape \(1,\)\), got 2"),
    ("a.csv", "p, 0.4x\n", r"line 1: p: not a number: '0.4x'"),
    ("a.csv", "p, nan\n", r"line 1: p: not a number: 'nan'"),
    ("a.csv", "p, 0.4\np.3, 0.5\n", r"line 2: p.3: is given twice"),
    ("a.csv", "dW_hh[3,1], 0.4\n", r"dW_hh\[3\]\[1\]: no such entry; dW_hh has shape \(2, 2\)"),
    ("a.csv", "# nothing\n", r"a.csv: holds no numbers"),
    ("a.yaml", "p: 0.4\nh.1: [0.4, zwei]\n", r"line 2: h.1: not a number: 'zwei'"),
    ("a.yaml", "p: {a: 1}\n", r"line 1: p: expected numbers, got a mapping"),
    ("a.yaml", "- p\n", r"expected lines such as"),
    ("a.yaml", "p: [1\n", r"not readable as YAML"),
    ("a.txt", "p, 0.4\n", r"expected a file that ends in .csv, .yaml or .json, got .txt"),
]


@pytest.mark.parametrize(("name", "text", "message"), BAD)
def test_a_fault_is_one_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ElmanError, match=message) as caught:
        elman.check("not-very-good", write(tmp_path, name, text))
    assert "\n" not in str(caught.value)


def test_faults_of_the_source(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such answers file"):
        elman.check("not-very-good", tmp_path / "none.csv")
    (tmp_path / "a.csv").write_bytes(b"p, \xff\xfe")
    with pytest.raises(DataError, match="cannot be read"):
        elman.check("not-very-good", tmp_path / "a.csv")
    with pytest.raises(InputError, match="expected a file or a mapping from ids to numbers, got list"):
        elman.check("not-very-good", [1, 2])


def test_digits_as_they_are_typed() -> None:
    typed = [Typed.of(text) for text in ("0.5", "0.1089", "0", "4.4e-4", "-.25", "3e2")]
    assert [t.decimals for t in typed] == [1, 4, 0, 5, 2, -2]
    assert usual_decimals(typed) in {1, 2, 4}
    assert units(typed[:3], 2) == pytest.approx([5e-5] * 3, rel=1e-3)  # the entry with most decimals speaks for all
    assert units(typed[2:3], 4) == pytest.approx([5e-5], rel=1e-3)  # a bare 0 is as exact as the sheet
    assert units(typed[3:4], 2) == pytest.approx([5e-6], rel=1e-3)
    assert half(30, 1.0) < 1e-8


def test_a_bare_zero_is_a_claim() -> None:
    """Sabotage twin of the tolerance: 0 for 0.1089 is not right to the digits typed."""
    marks = elman.check("not-very-good", {"dh.3": ["0.4025", "-0.4025"], "dh.2": ["0", "0"]})
    assert marks["dh.2"].kind == "mistake"
    assert marks.mistakes == ("E1",)


def test_the_commands_from_exercise_to_marks(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.yaml"
    shown = run("exercise", "--cell", "gru", "--seed", 7, "-o", sheet)
    assert shown.exit_code == 0
    assert "KEY" in shown.output
    assert "_______" in shown.output
    assert run("exercise", "--cell", "gru", "--seed", 7).output == shown.output
    trace = elman.explain(sheet)
    good = write(tmp_path, "good.yaml", f"h.1: {trace['h.1'].array.round(4).tolist()}\n")
    marked = run("check", sheet, good)
    assert (marked.exit_code, "everything is right" in marked.output) == (0, True)
    bad = write(tmp_path, "bad.csv", "h.1, 0.1234, 0.1234\n")
    marked = run("check", sheet, bad, "--format", "json")
    assert (marked.exit_code, '"passed": false' in marked.output) == (1, True)
    with pytest.raises(ElmanError, match="cannot be written"):
        run("exercise", "--cell", "rnn", "-o", tmp_path / "missing" / "a.yaml")


def test_the_gallery_of_mistakes() -> None:
    text = run("explain", "--mistakes").output
    assert re.findall(r"^(E\d+) ", text, re.MULTILINE) == [f"E{k}" for k in range(1, 23)]
    assert "changes no number" not in text
    assert max(map(len, text.splitlines())) <= 80
    one = run("explain", "--mistakes", "not-very-good").output
    assert "(-0.0825, 0.3619; -0.0653, -0.4000)" in one
    assert "(0.0469, 0.4478; 0.0408, -0.3254)" in one
    assert "belongs to lstm" in one
    with pytest.raises(InputError, match="worksheet: none given"):
        run("explain")


OTHERS = [pytest.param(cell, 7, marks=pytest.mark.study) for cell in ("rnn", "lstm", "gru")]


@pytest.mark.parametrize(("cell", "seed"), [("rnn", 0), ("lstm", 0), ("gru", 0), *OTHERS])
def test_an_exercise_has_short_numbers_and_tells_mistakes_apart(cell: str, seed: int) -> None:
    sheet = make(cell, seed)
    again = parse(as_yaml(sheet), "again")
    assert as_yaml(again) == as_yaml(sheet)
    if cell == "rnn":  # the drawing is the same for all; the commands above draw a GRU twice
        assert as_yaml(make(cell, seed)) == as_yaml(sheet)
    assert is_clear(again)
    for array in [*sheet.parameters.values(), sheet.examples[0].inputs]:
        np.testing.assert_array_equal(np.round(array, 1), array)
    trace = elman.explain(sheet)
    assert trace.check_line is not None
    assert trace.check_line.passed
    states = [np.abs(value.array).max() for value in trace if value.name.symbol == "h" and value.phase == "forward"]
    assert 0.05 < max(states) < 0.97
    rows = {tuple(np.round(row, 4).tolist()) for row in fingerprints(problem(sheet)).values()}
    assert len(rows) == len(trace.mistakes) + 1


def test_a_sheet_with_one_unit_is_not_clear() -> None:
    """Sabotage twin: with one unit, a symmetric matrix, the transposed outer product is the right one."""
    sheet = make("rnn", 3).model_copy(
        update={"parameters": make("rnn", 3).parameters | {"W_hh": np.array([[0.5, 0.5], [0.5, 0.5]])}}
    )
    trace = elman.explain(sheet)
    assert "E3" not in {made.mistake.number for made in trace.mistakes}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cell": "cnn"}, "cell: expected one of rnn, lstm, gru"),
        ({"output": "linear"}, "output: expected one of sigmoid, softmax"),
        ({"hidden": 1}, "hidden: expected 2 to 4, got 1"),
        ({"seed": -1}, "seed: expected a whole number from 0"),
        ({"cell": "gru", "reset": "during"}, "reset: should be 'before' or 'after'"),
        ({"digits": 2}, "none tells every mistake apart; take more than 2"),
    ],
)
def test_faults_of_an_exercise(given: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elman.worked.marking.teaching.TRIES", 2)
    monkeypatch.setattr("elman.worked.marking.teaching.APART", 1e6)
    with pytest.raises(InputError, match=message):
        make(**{"cell": "rnn", "seed": 1} | given)
