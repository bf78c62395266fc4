"""Random worksheets of every kind: the hand rules against torch's autograd and against central differences."""

import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import elman
from elman.worked.render.ipynb import python_name

HEADS = [
    ("sigmoid", "binary_cross_entropy"),
    ("softmax", "cross_entropy"),
    ("linear", "half_squares"),
    ("sigmoid", "half_squares"),
    ("softmax", "half_squares"),
    ("none", "half_squares"),
]
GATES = {"rnn": "h", "lstm": "ifgo", "gru": "rzn"}


@st.composite
def sheets(draw: st.DrawFn) -> dict[str, Any]:
    """A valid worksheet: any cell, depth, direction, head, loss, truncation and several examples."""
    cell = draw(st.sampled_from(sorted(GATES)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hidden, inputs, outputs = (draw(st.integers(1, 3)) for _ in range(3))
    sheet: dict[str, Any] = {
        "cell": cell,
        "layers": draw(st.sampled_from([1, 2])),
        "bidirectional": draw(st.booleans()),
    }
    if cell == "rnn":
        sheet["activation"] = draw(st.sampled_from(["tanh", "relu", "sigmoid", "identity"]))
    if cell == "gru":
        sheet |= {"reset": draw(st.sampled_from(["before", "after"])), "z": draw(st.sampled_from(["keep", "take"]))}
    sheet["parameters"] = _parameters(rng, sheet, hidden, inputs)
    _head(draw, rng, sheet, hidden, outputs)
    _examples(draw, rng, sheet, inputs)
    if not sheet["bidirectional"] and draw(st.booleans()):
        sheet["truncation"] = {"steps": draw(st.integers(1, 3)), "kind": draw(st.sampled_from(["blocks", "last"]))}
    return sheet


def _numbers(rng: np.random.Generator, *shape: int) -> Any:
    return rng.normal(size=shape, scale=0.6).tolist()


def _parameters(rng: np.random.Generator, sheet: dict[str, Any], hidden: int, inputs: int) -> dict[str, Any]:
    directions = 2 if sheet["bidirectional"] else 1
    parameters = {}
    for layer in range(1, sheet["layers"] + 1):
        size = inputs if layer == 1 else hidden * directions
        for tail in ("", "_r")[:directions]:
            end = f"{'_l2' if layer == 2 else ''}{tail}"
            for gate in GATES[sheet["cell"]]:
                parameters[f"W_x{gate}{end}"] = _numbers(rng, hidden, size)
                parameters[f"W_h{gate}{end}"] = _numbers(rng, hidden, hidden)
                parameters[f"b_{gate}{end}"] = _numbers(rng, hidden)
            if sheet.get("reset") == "after":
                parameters[f"b_hn{end}"] = _numbers(rng, hidden)
    return parameters


def _head(draw: st.DrawFn, rng: np.random.Generator, sheet: dict[str, Any], hidden: int, outputs: int) -> None:
    kind, loss = draw(st.sampled_from(HEADS))
    at = draw(st.sampled_from(["last", "every"]))
    width = hidden * (2 if sheet["bidirectional"] else 1)
    sheet["output"] = {"kind": kind, "at": at}
    if sheet["bidirectional"] and at == "last":
        sheet["output"]["read"] = draw(st.sampled_from(["ends", "position"]))
    if kind != "none":
        sheet["parameters"] |= {"W_hy": _numbers(rng, outputs, width), "b_y": _numbers(rng, outputs)}
    sheet["loss"] = {"kind": loss, "at": at, "over_examples": draw(st.sampled_from(["sum", "mean"]))}
    if at == "every":
        sheet["loss"]["over_steps"] = draw(st.sampled_from(["sum", "mean"]))
    sheet["_width"] = width if kind == "none" else outputs


def _examples(draw: st.DrawFn, rng: np.random.Generator, sheet: dict[str, Any], inputs: int) -> None:
    width, words = sheet.pop("_width"), draw(st.booleans())
    if words:
        sheet["embeddings"] = {word: _numbers(rng, inputs) for word in ("no", "yes", "maybe")}
    sheet["examples"] = []
    for _ in range(draw(st.integers(1, 2))):
        steps = draw(st.integers(1, 4))
        example: dict[str, Any] = {"inputs": _numbers(rng, steps, inputs)}
        if words:
            example = {"words": [("no", "yes", "maybe")[i] for i in rng.integers(0, 3, size=steps)]}
        targets = [_target(rng, sheet["loss"]["kind"], width) for _ in range(steps)]
        example |= {"targets": targets} if sheet["loss"]["at"] == "every" else {"target": targets[-1]}
        sheet["examples"].append(example)


def _target(rng: np.random.Generator, loss: str, width: int) -> Any:
    if loss == "cross_entropy":
        return int(rng.integers(0, width))
    return rng.integers(0, 2, size=width).tolist() if loss == "binary_cross_entropy" else _numbers(rng, width)


@settings(max_examples=40, deadline=None)
@given(sheets())
def test_every_gradient_agrees_with_autograd(sheet: dict[str, Any]) -> None:
    trace = elman.explain(sheet)
    comparison = trace.gradients.compare()
    assert comparison.largest <= 1e-9, comparison.differences
    assert set(trace.gradients) <= set(comparison.differences)
    if sheet.get("activation") != "relu":
        assert trace.check_line is not None
        assert trace.check_line.passed, trace.check_line


@settings(max_examples=8, deadline=None)
@given(sheets(), st.booleans())
def test_every_rendering_of_any_sheet(sheet: dict[str, Any], learn: bool) -> None:
    """The lines fit, LaTeX is balanced, and the notebook's NumPy gives the numbers of the trace."""
    if learn:
        sheet |= {"clip": {"norm": 0.1}, "update": {"method": "adam", "rate": 0.1}}
    trace = elman.explain(sheet)
    assert max(map(len, trace.to("terminal").splitlines())) <= 80
    latex = trace.to("latex").replace(r"\{", "").replace(r"\}", "")
    assert latex.count("{") == latex.count("}")
    assert len(json.loads(trace.to("json"))["values"]) == len(trace)
    names: dict[str, Any] = {}
    for cell in json.loads(trace.to("ipynb"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    for value in trace:
        np.testing.assert_allclose(names[python_name(value)], value.array, rtol=1e-8, atol=1e-12, err_msg=value.id)
