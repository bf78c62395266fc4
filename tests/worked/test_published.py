"""Published worked gradients: the right numbers reproduced, and known mistakes told apart by theirs."""

from typing import Any

import numpy as np
import pytest
from tests.worked.coursera import coursera

import elman
from elman.worked.calculus.expr import Expr, Source, Value, call, times
from elman.worked.calculus.flow import spectra
from elman.worked.calculus.network import calculate
from elman.worked.calculus.operations import OPERATIONS
from elman.worked.calculus.tape import Tape
from elman.worked.sheet.problem import problem
from elman.worked.sheet.sheetfile import load


def test_gomez_lstm() -> None:
    """A. Gomez, Backpropagating an LSTM (2016); his a is our g, his steps count from 0."""
    trace = elman.explain("lstm-by-hand")
    expected = {
        "g.1": 0.81775, "i.1": 0.96083, "f.1": 0.85195, "o.1": 0.81757, "c.1": 0.78573, "h.1": 0.53631,
        "g.2": 0.84980, "i.2": 0.98118, "f.2": 0.87030, "o.2": 0.84993, "c.2": 1.51763, "h.2": 0.77198, "loss": 0.11491,
        "dW_xg": [-0.02672, -0.09220], "dW_xi": [-0.00220, -0.00664], "dW_xf": [-0.00315, -0.01892],
        "dW_xo": [-0.02592, -0.16260], "dW_hg": -0.01040, "dW_hi": -0.00060, "dW_hf": -0.00338, "dW_ho": -0.02970,
        "db_g": -0.03641, "db_i": -0.00276, "db_f": -0.00631, "db_o": -0.05361,
    }  # fmt: skip
    for name, numbers in expected.items():
        np.testing.assert_allclose(trace[name].array.reshape(-1), np.atleast_1d(numbers), atol=5.1e-6, err_msg=name)


def test_two_paths_into_the_cell_state() -> None:
    """One unit, two steps: nine tenths of dc_1 come along the cell state."""
    weights = {"i": (0.6, 0.2, 0), "f": (0.4, -0.3, 1), "g": (0.9, 0.5, 0), "o": (0.3, 0.1, 0)}
    parameters: dict[str, Any] = {}
    for gate, (w, u, b) in weights.items():
        parameters |= {f"W_x{gate}": [[w]], f"W_h{gate}": [[u]], f"b_{gate}": b}
    example = {"inputs": [[1], [-0.5]], "target": 1}
    loss = {"kind": "half_squares", "at": "last"}
    trace = elman.explain(
        {"cell": "lstm", "parameters": parameters, "examples": [example], "output": "none", "loss": loss}
    )
    expected = {
        "i.2": 0.4377,
        "f.2": 0.6738,
        "g.2": -0.3148,
        "o.2": 0.4687,
        "c.2": 0.1738,
        "h.2": 0.0807,
        "dc.1": -0.3132,
    }
    expected |= {"dh.1": -0.0672, "da_o.2": -0.0394, "da_f.2": -0.0425, "da_i.2": 0.0324, "da_g.2": -0.1649}
    for name, number in expected.items():
        assert trace[name].array.item() == pytest.approx(number, abs=5.1e-5), name
    from_c, from_h = sorted(trace["dc.1"].sources, key=lambda source: source.consumer.id)
    assert (from_c.consumer.id, from_h.consumer.id) == ("c.2", "h.1")


APPENDIX = {
    "h.1": [0.4621, 0.7163], "h.2": [0.4076, 0.6184], "h.3": [-0.0119, 0.3834], "p": [0.4025], "loss": [0.5149],
    "dW_xh": [0.0469, 0.4478, 0.0408, -0.3254], "dW_hh": [0.2060, 0.3139, -0.1234, -0.1867],
    "db_h": [0.4947, -0.2846], "dW_hy": [-0.0048, 0.1543], "db_y": [0.4025],
    "dh.3": [0.4025, -0.4025], "dh.2": [0.1089, 0.0580], "dh.1": [0.0019, 0.0471],
    "da.3": [0.4024, -0.3433], "da.2": [0.0908, 0.0358], "da.1": [0.0015, 0.0229],
    "dW_hh@3": [0.1640, 0.2489, -0.1399, -0.2123], "dW_hh@2": [0.0420, 0.0650, 0.0165, 0.0256], "dW_hh@1": [0, 0, 0, 0],
}  # fmt: skip


def test_not_very_good() -> None:
    trace = elman.explain("not-very-good")
    for name, numbers in APPENDIX.items():
        np.testing.assert_allclose(trace[name].array.reshape(-1), numbers, atol=5.1e-5, err_msg=name)
    text = trace.to("terminal")
    assert "spectral radius 0.3317, norm 0.5020" in text
    assert "at most a factor 0.1153 here" in text


def _rules(**changed: Any) -> dict[str, Any]:
    return {name: operation.derivative for name, operation in OPERATIONS.items()} | changed


def _no_transpose(node: Expr, d: Expr, _out: Expr) -> list[tuple[Expr, Expr]]:
    return [(node.args[0], call("outer", d, node.args[1])), (node.args[1], node.args[0] @ d)]


def _local_only(value: Value, sources: list[Source]) -> list[Source]:
    return [] if value.name.symbol == "h" and value.t != 3 else sources


def _turned(node: Expr, d: Expr) -> list[tuple[Expr, Expr]]:
    return [(_logits(node), times(d, node.args[1] - node.args[0]))]


def _logits(node: Expr) -> Expr:
    value = node.args[0].value
    assert value is not None
    assert value.expr is not None
    return value.expr.args[0]


MISTAKES = {
    "E1 recurrent term forgotten": (Tape(gather=_local_only), 0.1640),
    "E4 slope of tanh missing": (Tape(derivatives=_rules(tanh=lambda n, d, _o: [(n.args[0], d)])), 0.2198),
    "E5 slope at the input": (
        Tape(derivatives=_rules(tanh=lambda n, d, _o: [(n.args[0], d * (1 - call("square", n.args[0])))])), 0.2044,
    ),
    "E7 sign": (Tape(derivatives=_rules(binary_cross_entropy=lambda n, d, _o: _turned(n, d))), -0.2060),
}  # fmt: skip


@pytest.mark.parametrize("mistake", sorted(MISTAKES))
def test_a_mistake_on_purpose_gives_its_known_number(mistake: str) -> None:
    """A rule replaced on the tape is a mistake made on purpose: its number is the one in the catalogue of mistakes."""
    tape, expected = MISTAKES[mistake]
    calculate(problem(load("not-very-good")), tape)
    assert tape.values["dW_hh"].array[0, 0] == pytest.approx(expected, abs=5.1e-5)


def test_the_missing_transpose_shows_in_the_states_before_the_last() -> None:
    tape = Tape(derivatives=_rules(matvec=lambda n, d, o: _no_transpose(n, d, o) if _square(n) else _right(n, d, o)))
    calculate(problem(load("not-very-good")), tape)
    expected = [0.1266, 0.1909, -0.1923, -0.2935]
    np.testing.assert_allclose(tape.values["dW_hh"].array.reshape(-1), expected, atol=5.1e-5)


def _square(node: Expr) -> bool:
    return node.args[0].value is not None and node.args[0].value.id == "W_hh"


def _right(node: Expr, d: Expr, out: Expr) -> list[tuple[Expr, Expr]]:
    return OPERATIONS["matvec"].derivative(node, d, out)


def test_the_coursera_rnn_notebook() -> None:
    """Old editions print 8.45242637 for dWax[3][1], with the future gradient in the place of the local one."""
    rng = np.random.RandomState(1)
    x, a0, wax, waa = rng.randn(3, 10, 4), rng.randn(5, 10), rng.randn(5, 3), rng.randn(5, 5)
    _wya, ba, _by, da = rng.randn(2, 5), rng.randn(5, 1), rng.randn(2, 1), rng.randn(5, 10, 4)
    trace = coursera("rnn", {"W_xh": wax, "W_hh": waa, "b_h": ba[:, 0]}, x, a0, da)
    dx = [trace[f"3/dx.{t}"].array[1] for t in range(1, 5)]
    np.testing.assert_allclose(dx, [-2.07101689, -0.59255627, 0.02466855, 0.01483317], atol=5.1e-9)
    assert trace["dW_xh"].array[3, 1] == pytest.approx(11.2641045, abs=5.1e-8)


def test_the_coursera_lstm_notebook() -> None:
    """Old editions print -0.0698198561 for dWf[3][1], with both recurrent paths dropped."""
    rng = np.random.RandomState(1)
    x, a0 = rng.randn(3, 10, 7), rng.randn(5, 10)
    parameters: dict[str, Any] = {}
    for gate in "fiog":
        joined, bias = rng.randn(5, 8), rng.randn(5, 1)
        parameters |= {f"W_h{gate}": joined[:, :5], f"W_x{gate}": joined[:, 5:], f"b_{gate}": bias[:, 0]}
    da = rng.randn(5, 10, 4)
    trace = coursera("lstm", parameters, x, a0, da)
    dx = [trace[f"3/dx.{t}"].array[1] for t in range(1, 5)]
    np.testing.assert_allclose(dx, [0.00218254, 0.28205375, -0.48292508, -0.43281115], atol=5.1e-9)
    assert trace["dW_hf"].array[3, 1] == pytest.approx(-0.0809802311, abs=5.1e-10)


@pytest.mark.parametrize(("matrix", "expected"), [(np.eye(3) * 0.4, -0.1079), (np.full((3, 3), 0.4), -0.0639)])
def test_the_exam_question_has_two_answers(matrix: Any, expected: float) -> None:
    """W_hh = [.4 .4 .4] can be a diagonal or a full matrix: the sheet is refused, and each reading has its number."""
    sheet: dict[str, Any] = {
        "cell": "rnn",
        "activation": "sigmoid",
        "parameters": {"W_xh": [[0.6]] * 3, "W_hh": matrix, "b_h": [0, 0, 0], "W_hy": [[0.5] * 3], "b_y": 0},
        "examples": [{"inputs": [[1], [2], [3]], "target": 4}],
        "output": "linear",
        "loss": {"kind": "half_squares", "at": "last"},
    }
    total = elman.explain(sheet)["dW_hh"].array
    assert expected == pytest.approx(total[0, 0], abs=5.1e-5)
    sheet["parameters"]["W_hh"] = [0.4, 0.4, 0.4]
    with pytest.raises(elman.errors.InputError, match=r"W_hh: expected shape \(H, H\), got \(3,\): .* diagonal"):
        elman.explain(sheet)


def test_a_small_spectral_radius_does_not_forbid_growth() -> None:
    sheet = load("exploding").model_dump(exclude_none=True)
    sheet["parameters"]["W_hh"] = [[0.5, 4.0], [0.0, 0.5]]
    found = spectra(elman.explain(sheet))[0]
    assert found.radius == pytest.approx(0.5, abs=1e-6)
    assert found.norm == pytest.approx(4.06, abs=5e-3)
