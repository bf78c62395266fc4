"""One trace in every format: the same numbers, whole, readable, and able to run where it is code."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman
from elman.errors import InputError
from elman.worked import gallery
from elman.worked.render.ipynb import python_name
from elman.worked.view.view import show

FORMATS = ("terminal", "markdown", "latex", "json", "ipynb", "html")
SHEETS = gallery()
TRACES = {name: elman.explain(name) for name in SHEETS}


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0.40761, "0.4076"), (0.5, "0.5"), (0.1 + 0.2, "0.3"), (-2.0, "-2"), (0.0, "0"), (-0.0, "0"), (4.4e-4, "4.4e-4"),
     (1.2e-5, "1.2e-5"), (-0.0019, "-0.0019"), (0.00191, "0.0019"), (1 / 3, "0.3333"), (1.5e7 / 7, "2.1e6"),
     (1234.56789, "1234.5679"), (0.0995, "0.0995"), (9.99996, "10.0000")],
)  # fmt: skip
def test_digits(number: float, shown: str) -> None:
    assert show(number, 4) == shown


OPTIONS: list[dict[str, Any]] = [{}, {"blank": True}, {"only": "forward"}, {"only": "backward"}, {"step": 2}]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", SHEETS)
def test_every_sheet_in_every_format(name: str, kind: str) -> None:
    for options in OPTIONS:
        text = TRACES[name].to(kind, **options)
        assert text.endswith("\n"), options
        assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", text), options
        if kind == "terminal":
            assert max(map(len, text.splitlines())) <= 80, options


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_text_each_time(kind: str) -> None:
    for name, options in zip(SHEETS, OPTIONS, strict=False):
        assert TRACES[name].to(kind, **options) == TRACES[name].to(kind, **options), options


def test_the_terminal_shows_symbol_numbers_result() -> None:
    text = TRACES["not-very-good"].to("terminal")
    for line in [
        "  a_2 = W_xh x_2 + W_hh h_1 + b_h",
        "      W_hh h_1 = (0.3327, 0.1225)",
        "      [1] 0.5·0.5 + (-0.3)·0.5 + 0.1·0.4621 + 0.4·0.7163 + 0 ≈ 0.4327",
        "      ≈ (0.4327, 0.7225)",
        "  dh_3 = W_hyᵀ dy   from the output",
        "  dh_2 = W_hhᵀ da_3   from step 3",
        "      [2] 0.4·0.4024 + 0.3·(-0.3433) ≈ 0.0580",
        "  da_2 = dh_2 ∘ (1 - h_2²)",
        "    sum       0.2060      0.3139     -0.1234     -0.1867",
        "  loss = -(target ln p + (1 - target) ln(1 - p))",
        "      = -ln(1 - 0.4025) ≈ 0.5149 *",
    ]:
        assert line in text.splitlines(), line
    assert re.search(r"dh_3 +0\.5692 █{30}\n", text)
    assert "check: 41 gradient entries agree with central differences" in " ".join(text.split())


def test_a_rounding_that_does_not_reproduce_is_marked() -> None:
    """The printed operands give -0.3953, full precision -0.3952."""
    text = TRACES["not-very-good"].to("terminal")
    assert "1·(-0.0119) + (-1)·0.3834 + 0 ≈ -0.3952 *\n" in text
    assert "* the rounded operands give another last digit; full precision is kept inside" in text
    assert "≈ 0.4327 *" not in text


def test_where_gradients_come_from() -> None:
    text = TRACES["gru"].to("terminal")
    assert "from the output and from step 3" in " ".join(text.split())


def test_the_terminal_in_ascii_and_in_colour() -> None:
    for name in SHEETS:
        TRACES[name].to("terminal", ascii=True).encode("ascii")
    assert "dh_2 = W_hh^T da_3" in TRACES["not-very-good"].to("terminal", ascii=True)
    coloured = TRACES["not-very-good"].to("terminal", color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == TRACES["not-very-good"].to("terminal")


@pytest.mark.parametrize(
    ("notation", "line"),
    [
        ("xh", "a_2 = W_xh x_2 + W_hh h_1 + b_h"),
        ("U W V", "a_2 = U x_2 + W h_1 + b"),
        ("ng", "z<2> = W_ax x<2> + W_aa a<1> + b_a"),
        ("pytorch", "a_2 = weight_ih_l0 x_2 + weight_hh_l0 h_1 + bias_l0"),
    ],
)
def test_notations(notation: str, line: str) -> None:
    trace = TRACES["not-very-good"]
    assert f"  {line}\n" in trace.to("terminal", notation=notation)
    assert trace["a.2"].id == "a.2"


@pytest.mark.parametrize("notation", ["xh", "uwv", "ng", "pytorch"])
@pytest.mark.parametrize("name", ["lstm", "gru", "love-book"])
def test_no_two_values_share_a_printed_name(name: str, notation: str) -> None:
    from elman.worked.view.document import Options
    from elman.worked.view.view import View

    view = View(Options(notation=notation))
    text = [view.symbol(value) for value in TRACES[name]]
    latex = [view.latex_symbol(value) for value in TRACES[name]]
    assert len(set(text)) == len(text)
    assert len(set(latex)) == len(latex)


def test_one_value() -> None:
    text = TRACES["not-very-good"].to("terminal", id="h.2")
    for part in [
        "h.2   forward   shape (2,)",
        "h_2 = tanh(a_2)",
        "why: tanh gives the new state",
        "made from:",
        "a.2 = (0.4327",
    ]:
        assert part in text
    assert "used by: a.3, dW_hh@3, da.2" in text
    assert "passes back to a.2: dh_2 ∘ (1 - h_2²)" in text


def test_a_blank_sheet_has_gaps_and_a_key() -> None:
    sheet, _, key = TRACES["not-very-good"].to("terminal", blank=True).partition("KEY")
    assert "(_______, _______)" in sheet
    assert "0.4076" not in sheet
    assert re.search(r"^  h\.2 +0\.4076 0\.6184$", key, re.MULTILINE)
    assert json.loads(TRACES["not-very-good"].to("json", blank=True))["values"][-1]["value"] is None


@pytest.mark.parametrize("name", SHEETS)
def test_json_holds_everything_at_full_precision(name: str) -> None:
    trace, data = TRACES[name], json.loads(TRACES[name].to("json"))
    assert {value["id"] for value in data["values"]} == set(trace.values)
    for value in data["values"]:
        np.testing.assert_array_equal(np.array(value["value"]), trace[value["id"]].array)
        assert value["operands"] == [operand.id for operand in trace[value["id"]].operands]


@pytest.mark.parametrize("name", SHEETS)
def test_the_notebook_runs_and_gives_the_same_numbers(name: str) -> None:
    notebook = json.loads(TRACES[name].to("ipynb"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    names: dict[str, Any] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    for value in TRACES[name]:
        np.testing.assert_allclose(names[python_name(value)], value.array, rtol=1e-9, atol=1e-15, err_msg=value.id)


@pytest.mark.parametrize("notation", ["xh", "ng", "pytorch"])
@pytest.mark.parametrize("name", SHEETS)
def test_latex_is_balanced(name: str, notation: str) -> None:
    text = TRACES[name].to("latex", notation=notation)
    assert text.isascii()
    plain = text.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}")
    assert text.count(r"\left") == text.count(r"\right")
    opened = []
    for kind, environment in re.findall(r"\\(begin|end)\{(\w+\*?)\}", text):
        assert kind == "begin" or opened.pop() == environment
        opened += [environment] if kind == "begin" else []
    assert not opened


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
@pytest.mark.parametrize("name", ["love-book", "gru"])
def test_latex_compiles(name: str, tmp_path: Path) -> None:
    (tmp_path / "sheet.tex").write_text(TRACES[name].to("latex"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "sheet.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    assert (tmp_path / "sheet.pdf").stat().st_size > 1000


def test_markdown() -> None:
    text = TRACES["not-very-good"].to("markdown")
    assert text.startswith("# Not very good\n")
    assert "`dh.2`: a.3 uses h.2: through a matrix the gradient goes back by its transpose" in text
    assert r"dh_{2} &= {W_{\mathrm{hh}}}^{\top}\,da_{3}" in text
    assert text.count("$$") % 2 == 0
    assert TRACES["not-very-good"]._repr_markdown_() == text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"digits": 0}, "digits: expected 1 to 15, got 0"),
        ({"notation": "greek"}, "notation: expected one of xh, uwv, ng, pytorch, got 'greek'"),
        ({"only": "sideways"}, "only: expected one of forward, backward, got 'sideways'"),
        ({"step": 9}, "step: expected 1 to 3, got 9"),
        ({"id": "h.9"}, r"h\.9: no such value; did you mean "),
        ({"id": "h.1", "step": 1}, "id: one value is asked for; leave out only and step"),
        ({"colour": True}, "colour: not an option of a rendering; expected ascii, blank"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        TRACES["not-very-good"].to("terminal", **options)


def test_wrong_formats_and_ids() -> None:
    with pytest.raises(InputError, match="format: expected one of terminal, markdown"):
        TRACES["gru"].to("pdf")
    with pytest.raises(InputError, match=r"h\.1: no such value; .* with the example first, as in 1/h\.3"):
        TRACES["love-book"]["h.1"]


def test_other_spellings_of_the_last_output() -> None:
    assert TRACES["love-ai"]["p"] is TRACES["love-ai"]["p.3"]
    assert TRACES["not-very-good"]["p.3"] is TRACES["not-very-good"]["p"]
    assert TRACES["love-book"]["2/dy.4"] is TRACES["love-book"]["2/dy"]
    assert "p.2" not in TRACES["not-very-good"]
