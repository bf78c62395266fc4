"""Every notation has a name of its own for every value, and no line is wider than a terminal, also in ASCII."""

from collections import defaultdict
from typing import Any

import pytest

import elman
from elman.worked.entry import Trace
from elman.worked.sheet.worksheet import gallery, load
from elman.worked.view.document import Options
from elman.worked.view.notation import NOTATIONS
from elman.worked.view.view import View

TALL: dict[str, Any] = {
    "cell": "gru",
    "reset": "after",
    "z": "take",
    "bidirectional": True,
    "layers": 2,
    "output": {"kind": "linear", "at": "last", "read": "ends"},
    "loss": {"kind": "half_squares", "at": "last"},
    "examples": [{"inputs": [[1], [2]], "target": 1}],
    "update": {"method": "sgd", "rate": 0.1, "momentum": 0.9},
    "title": "A title that is longer than a terminal is wide, because somebody had a great deal to say about the sheet",
}


def tall() -> dict[str, Any]:
    parameters: dict[str, Any] = {"W_hy": [[1, 1]], "b_y": 0}
    for layer, inputs in (("", [[0.1]]), ("_l2", [[0.1, 0.2]])):
        for way in ("", "_r"):
            for gate in "rzn":
                parameters |= {f"W_x{gate}{layer}{way}": inputs, f"W_h{gate}{layer}{way}": [[0.3]]}
                parameters |= {f"b_{gate}{layer}{way}": 0.1}
            parameters |= {f"b_hn{layer}{way}": 0.1}
    return TALL | {"parameters": parameters}


def with_update(name: str) -> dict[str, Any]:
    fields = load(name).model_dump(exclude_unset=True)
    if "loss" in fields:
        fields |= {"update": {"method": "adam", "rate": 0.1}, "clip": {"norm": 1.0}}
    return fields


TRACES: dict[str, Trace] = {}


@pytest.fixture(params=[*gallery(), "two layers, two directions"])
def trace(request: pytest.FixtureRequest) -> Trace:
    name = request.param
    if name not in TRACES:
        TRACES[name] = elman.explain(with_update(name) if name in gallery() else tall())
    return TRACES[name]


@pytest.mark.parametrize("notation", sorted(NOTATIONS))
def test_no_letter_means_two_things(trace: Trace, notation: str) -> None:
    view = View(Options.of(trace, notation=notation))
    letters, printed, latex = (defaultdict[str, set[str]](set) for _ in range(3))
    for value in trace:
        letters[view.notation.symbol(value.name)].add(value.name.base)
        printed[view.symbol(value)].add(value.id)
        latex[view.latex_symbol(value)].add(value.id)
    for found in (letters, printed, latex):
        assert {name: meant for name, meant in found.items() if len(meant) > 1} == {}


@pytest.mark.parametrize("notation", sorted(NOTATIONS))
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_wider_than_a_terminal(trace: Trace, notation: str, ascii_only: bool) -> None:
    text = trace.to("terminal", notation=notation, ascii=ascii_only)
    assert max(map(len, text.splitlines())) <= 80
    if ascii_only:
        assert text.isascii()


def test_an_lstm_in_goodfellows_letters() -> None:
    text = elman.explain("lstm").to("terminal", notation="uwv")
    assert "h_1 = q_1 ∘ tanh(s_1)" in text
    assert "o_1 = V h_1 + c" in text
