"""Weights in the layouts of PyTorch, Keras and ONNX: the same network, whichever way its gates are stacked."""
# ruff: noqa: E501 - a table reads best with one case a line

from typing import Any

import numpy as np
import pytest

import elman
from elman.errors import InputError
from elman.worked.sheet.worksheet import load

ORDER = {
    "pytorch": {"lstm": "ifgo", "gru": "rzn"},
    "keras": {"lstm": "ifgo", "gru": "zrn"},
    "onnx": {"lstm": "iofg", "gru": "zrn"},
}


def stored(name: str, layout: str) -> dict[str, Any]:
    """A gallery sheet with its weights stacked as a framework stores them."""
    sheet = load(name).model_dump(exclude_none=True)
    p, order = sheet["parameters"], ORDER[layout][sheet["cell"]]
    w, r, b = (np.concatenate([p[f"{stem}{gate}"] for gate in order]) for stem in ("W_x", "W_h", "b_"))
    hidden = len(p["W_h" + order[0]])
    second = np.concatenate([p["b_hn"] if gate == "n" and "b_hn" in p else np.zeros(hidden) for gate in order])
    weights = {
        "pytorch": {"weight_ih_l0": w, "weight_hh_l0": r, "bias_ih_l0": b, "bias_hh_l0": second},
        "keras": {
            "kernel": w.T,
            "recurrent_kernel": r.T,
            "bias": np.stack([b, second]) if sheet["cell"] == "gru" else b,
        },
        "onnx": {"W": w[None], "R": r[None], "B": np.concatenate([b, second])[None]},
    }[layout]
    sheet |= {"layout": layout, "parameters": weights | {"W_hy": p["W_hy"], "b_y": p["b_y"]}}
    if layout != "onnx":
        sheet.pop("reset", None)
    sheet.pop("z", None)
    return sheet


@pytest.mark.parametrize("layout", list(ORDER))
@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_the_same_network(name: str, layout: str) -> None:
    ours, theirs = elman.explain(name), elman.explain(stored(name, layout))
    assert list(ours.values) == list(theirs.values)
    for value in ours:
        np.testing.assert_array_equal(value.array, theirs[value.id].array, err_msg=value.id)


def test_the_slices_are_named() -> None:
    text = elman.explain(stored("gru", "onnx")).to("terminal")
    assert "gate z of W, entries 1 to 2 of 6:\n  W_xz = [" in text
    assert "gate n of B, entries 5 to 6 of 6:\n  b_hn = " in text
    assert "gate f of weight_hh_l0, entries 3 to 4 of 8" in elman.explain(stored("lstm", "pytorch")).to("terminal")


def test_onnx_order_read_as_pytorch_is_another_network() -> None:
    """The sabotage twin: a stack in the wrong order is caught by the numbers."""
    wrong = stored("lstm", "onnx")
    weights = wrong["parameters"]
    half = weights["B"].shape[1] // 2
    wrong["parameters"] = {
        "weight_ih_l0": weights["W"][0], "weight_hh_l0": weights["R"][0], "bias_ih_l0": weights["B"][0, :half],
        "bias_hh_l0": weights["B"][0, half:], "W_hy": weights["W_hy"], "b_y": weights["b_y"],
    }  # fmt: skip
    assert abs(elman.explain(wrong | {"layout": "pytorch"})["loss"].array - elman.explain("lstm")["loss"].array) > 0.01


@pytest.mark.parametrize(
    ("name", "layout", "field", "new", "message"),
    [
        ("gru", "pytorch", "reset", "before", "reset: weights in the pytorch layout mean 'after', and the sheet says 'before'"),
        ("gru", "keras", "z", "take", "z: weights in the keras layout mean 'keep', and the sheet says 'take'"),
        ("gru", "onnx", "reset", None, "reset: not stated, and the sheet can be read in two ways"),
        ("lstm", "onnx", "W", np.zeros((8, 2)), r"parameters\.W: expected 3 axes, the first of 1, got shape \(8, 2\)"),
        ("lstm", "keras", "recurrent_kernel", np.zeros((2, 6)), r"recurrent_kernel: expected 4 gates of H rows .*, got \(6, 2\)"),
        ("lstm", "keras", "kernel", np.zeros((2, 6)), r"parameters\.kernel: expected 8 entries for 4 gates, got \(6, 2\)"),
        ("lstm", "pytorch", "bias_ih_l0", np.zeros(6), r"bias_ih_l0 \+ bias_hh_l0: expected shape \(8,\) for each bias, got \(6,\)"),
        ("lstm", "keras", "W_xi", np.zeros(6), r"parameters\.W_xi: not part of the keras layout here; expected W_hy, b_y, bias"),
    ],
)  # fmt: skip
def test_wrong_stacks_are_refused(name: str, layout: str, field: str, new: Any, message: str) -> None:
    sheet = stored(name, layout)
    (sheet if field in {"reset", "z"} else sheet["parameters"])[field] = new
    with pytest.raises(InputError, match=message):
        elman.explain(sheet)
