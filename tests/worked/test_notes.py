"""Every number that the notes print, held to the digits they print.

The notes carry rounded numbers from line to line. Where that moved a last digit, the entry stands in OFF with the right
value at the same digits: the test fails if an entry there agrees after all, or if one that is not there does not.
"""

import numpy as np
import pytest

import elman
from elman.worked import Trace
from elman.worked.calculus.operations import evaluate, number

# id (or id and part of its formula): what the notes print, row by row
BOOK = {
    "1/a.1:W_xh": "0.13 0.22 0.17",
    "1/a.1": "0.23 0.32 0.27",
    "1/h.1": "0.226 0.309 0.263",
    "1/a.2:W_xh": "0.17 0.32 0.33",
    "1/a.2:W_hh": "0.156 0.289 0.221",
    "1/a.2": "0.426 0.709 0.651",
    "1/h.2": "0.402 0.61 0.572",
    "1/a.3:W_xh": "0.15 0.14 0.19",
    "1/a.3:W_hh": "0.300 0.559 0.452",
    "1/a.3": "0.55 0.799 0.742",
    "1/h.3": "0.501 0.663 0.630",
    "1/a.4:W_xh": "0.20 0.29 0.38",
    "1/a.4:W_hh": "0.346 0.642 0.501",
    "1/a.4": "0.646 1.032 0.981",
    "1/h.4": "0.570 0.775 0.755",
    "1/a.5:W_xh": "0.20 0.40 0.28",
    "1/a.5:W_hh": "0.4015 0.746 0.591",
    "1/a.5": "0.7015 1.246 0.971",
    "1/h.5": "0.605 0.847 0.75",
    "1/a.6:W_xh": "0.28 0.27 0.34",
    "1/a.6:W_hh": "0.426 0.791 0.615",
    "1/a.6": "0.806 1.161 1.055",
    "1/h.6": "0.667 0.821 0.784",
    "1/y": "0.778",
    "1/p": "0.685",
    "1/loss": "0.377",
    "1/dp": "-1.46",
    "1/dp_dy": "0.216",
    "1/dy": "-0.316",
    "1/dW_hy@6": "-0.211 -0.259 -0.248",
    "1/db_y@6": "-0.316",
    "1/dh.6": "-0.095 -0.063 -0.126",
    "1/da.6:1": "0.555 0.325 0.386",
    "1/da.6": "-0.053 -0.020 -0.049",
    "1/dW_xh@6": "-0.0265 -0.0212 -0.0106 -0.0100 -0.0080 -0.0040 -0.0245 -0.0196 -0.0098",
    "1/dW_hh@6": "-0.032 -0.045 -0.040 -0.012 -0.017 -0.015 -0.030 -0.041 -0.037",
    "1/db_h@6": "-0.053 -0.020 -0.049",
    "1/dh.5": "-0.031 -0.034 -0.029",
    "1/da.5:1": "0.634 0.281 0.438",
    "1/da.5": "-0.020 -0.010 -0.013",
}
AI = {
    "a.1:W_xh": "0.31 0.40 -0.29",
    "a.1:W_hh": "0.0 0.0 0.0",
    "a.1": "0.41 0.20 -0.29",
    "h.1": "0.388 0.197 -0.282",
    "y.1": "0.501 -0.302",
    "a.2:W_xh": "0.24 0.74 -0.29",
    "a.2:W_hh": "0.109 0.205 -0.178",
    "a.2": "0.449 0.745 -0.468",
    "h.2": "0.422 0.633 -0.437",
    "y.2": "0.682 -0.181",
    "a.3:W_xh": "0.18 0.44 -0.20",
    "a.3:W_hh": "-0.005 0.529 -0.093",
    "a.3": "0.275 0.769 -0.293",
    "h.3": "0.268 0.646 -0.285",
    "y.3": "0.484 0.026",
    "p.3": "0.612 0.388",
}
OFF: dict[str, dict[str, str]] = {
    "love-book": {
        "1/h.1[2]": "0.310",
        "1/h.1[3]": "0.264",
        "1/a.2:W_hh[2]": "0.290",
        "1/a.2[2]": "0.710",
        "1/a.3:W_hh[2]": "0.560",
        "1/a.3[2]": "0.800",
        "1/h.3[1]": "0.500",
        "1/h.3[2]": "0.664",
        "1/h.4[1]": "0.569",
        "1/h.4[3]": "0.754",
        "1/a.5:W_hh[1]": "0.4010",
        "1/a.5:W_hh[2]": "0.745",
        "1/a.5[1]": "0.7010",
        "1/a.5[2]": "1.245",
        "1/a.6:W_hh[3]": "0.614",
        "1/a.6[3]": "1.054",
        "1/h.6[3]": "0.783",
        "1/loss[1]": "0.378",
        "1/dy[1]": "-0.315",
        "1/dW_hy@6[1]": "-0.210",
        "1/dW_hy@6[3]": "-0.247",
        "1/db_y@6[1]": "-0.315",
        "1/dh.6[1]": "-0.094",
        "1/da.6[1]": "-0.052",
        "1/dW_xh@6[1]": "-0.0262",
        "1/dW_xh@6[2]": "-0.0210",
        "1/dW_xh@6[3]": "-0.0105",
        "1/dW_xh@6[4]": "-0.0102",
        "1/dW_xh@6[5]": "-0.0082",
        "1/dW_xh@6[6]": "-0.0041",
        "1/dW_xh@6[7]": "-0.0243",
        "1/dW_xh@6[8]": "-0.0195",
        "1/dW_xh@6[9]": "-0.0097",
        "1/dW_hh@6[2]": "-0.044",
        "1/dW_hh@6[3]": "-0.039",
        "1/dW_hh@6[7]": "-0.029",
        "1/dW_hh@6[9]": "-0.036",
        "1/db_h@6[1]": "-0.052",
        "1/dh.5[2]": "-0.033",
        "1/da.5:1[2]": "0.283",
        "1/da.5:1[3]": "0.439",
        "1/da.5[2]": "-0.009",
    },
    "love-ai": {
        "y.1[1]": "0.502",
        "a.2:W_hh[3]": "-0.179",
        "a.2[3]": "-0.469",
        "h.2[1]": "0.421",
        "h.2[2]": "0.632",
        "y.2[1]": "0.680",
        "a.3:W_hh[2]": "0.528",
        "a.3:W_hh[3]": "-0.092",
        "a.3[2]": "0.768",
        "a.3[3]": "-0.292",
        "h.3[3]": "-0.284",
        "p.3[1]": "0.613",
        "p.3[2]": "0.387",
    },
}
# Where even the notes' own operands do not give their next line, and what they give.
SLIPS: dict[str, dict[str, list[str]]] = {
    "love-book": {"1/h.4": ["0.5690", "0.7747", "0.7535"], "1/loss": ["0.3783"]},
    "love-ai": {"a.3": ["0.2755", "0.7690", "-0.2919"]},
}


def exact(trace: Trace, key: str) -> np.ndarray:
    """The number behind a key: a value, or one term of its formula, by the name it begins with."""
    name, _, term = key.partition(":")
    value = trace[name]
    if not term:
        return value.array.reshape(-1)
    terms = [
        arg
        for arg in value.expr.args
        if term in {leaf.id for leaf in arg.leaves()} or (term == "1" and arg.op == "sub")
    ]
    assert len(terms) == 1
    return number(terms[0]).reshape(-1)


@pytest.mark.parametrize(("sheet", "printed"), [("love-book", BOOK), ("love-ai", AI)], ids=["love-book", "love-ai"])
def test_every_number_of_the_notes(sheet: str, printed: dict[str, str]) -> None:
    trace, off = elman.explain(sheet), {}
    for key, text in printed.items():
        found = exact(trace, key)
        assert len(found) == len(text.split()), key
        for k, (shown, x) in enumerate(zip(text.split(), found, strict=True)):
            right = f"{x:.{len(shown.partition('.')[2])}f}"
            if float(right) != float(shown):
                off[f"{key}[{k + 1}]"] = right
    assert off == OFF[sheet]


@pytest.mark.parametrize(("sheet", "printed"), [("love-book", BOOK), ("love-ai", AI)], ids=["love-book", "love-ai"])
def test_the_notes_own_operands_give_their_next_line(sheet: str, printed: dict[str, str]) -> None:
    """Each equation gives, of the notes' own rounded numbers, their next line, to one unit of the last digit."""
    trace = elman.explain(sheet)
    carried = {key: np.array([float(x) for x in text.split()]) for key, text in printed.items() if ":" not in key}
    wrong = {}
    for key, shown in carried.items():
        expr = trace[key].expr
        again = np.reshape(evaluate(expr, lambda v: carried[v.id].reshape(v.shape) if v.id in carried else v.array), -1)
        unit = 10.0 ** -min(len(x.partition(".")[2]) for x in printed[key].split())
        if np.abs(again - shown).max() > 1.01 * unit:
            wrong[key] = [f"{x:.4f}" for x in again]
    assert wrong == SLIPS[sheet]
