"""The check that a sheet makes of itself: quiet where differences cannot be taken, loud where a gradient is wrong."""

from typing import Any

import numpy as np
import pytest

import elman
from elman.errors import ElmanError
from elman.worked.calculus.network import calculate
from elman.worked.calculus.tape import Tape
from elman.worked.calculus.verify import Check, verify
from elman.worked.sheet.names import CELLS
from elman.worked.sheet.problem import problem
from elman.worked.sheet.worksheet import gallery, read_sheet

RNN: dict[str, Any] = {
    "cell": "rnn",
    "embeddings": {"no": [1.0, 0.0], "on": [0.5, 0.5], "yes": [0.0, 1.0]},
    "parameters": {
        "W_xh": [[0.5, -0.3], [0.8, 0.2]], "W_hh": [[0.1, 0.4], [-0.2, 0.3]], "b_h": [0, 0.1],
        "W_hy": [[1, -1]], "b_y": 0,
    },
    "examples": [{"text": "no on yes", "target": 1}],
    "output": "sigmoid",
    "loss": {"kind": "binary_cross_entropy", "at": "last"},
}  # fmt: skip


def changed(**more: Any) -> dict[str, Any]:
    parameters = RNN["parameters"] | more.pop("parameters", {})
    return RNN | more | {"parameters": parameters}


ZEROS = {"W_xh": [[0, 0], [0, 0]], "W_hh": [[0, 0], [0, 0]], "b_h": [0, 0]}
HARD = {
    "relu at its kink": changed(activation="relu", parameters=ZEROS),
    "relu near its kink": changed(activation="relu", parameters={**ZEROS, "b_h": [1e-7, 0.5]}),
    "a probability of nearly 0": changed(parameters={"W_hy": [[-700, -100]]}),
    "a probability of 1": changed(parameters={"W_hy": [[2000, 1000]]}),
    "a probability of nearly 1": changed(parameters={"W_hy": [[30, 10]]}),
    "saturated states": changed(parameters={"W_xh": [[300, -300], [800, 200]]}),
    "a steep state at 0": changed(
        parameters={**ZEROS, "W_hh": [[3e3, -1e3], [1e3, 2e3]], "W_hy": [[1e3, 500]], "b_h": [0, 0]}
    ),
    "identity, far out": changed(activation="identity", parameters={"W_xh": [[3e3, 1e3], [-1e3, 2e3]]}),
}
# p is 1 - 6e-9, so p - target has half of its digits, and W_hy cancels these in some gradients.
CANCELLED = changed(
    activation="relu",
    parameters={
        "W_xh": [[-1600, -200], [-100, 700]],
        "W_hh": [[1400, 700], [900, -700]],
        "b_h": [-900, 300],
        "W_hy": [[5, 8], [5, -6]],
        "b_y": [-7, 12],
    },
    embeddings={"no": [0.9, -1.9], "on": [0.5, 0.4], "yes": [-0.8, -1.3]},
    output="softmax",
    loss={"kind": "cross_entropy", "at": "last"},
)


def tape_of(sheet: dict[str, Any]) -> Tape:
    return calculate(problem(read_sheet(sheet)), Tape())


def check(tape: Tape) -> Check:
    found = verify(tape)
    assert found is not None
    return found


@pytest.mark.parametrize("name", HARD)
def test_right_gradients_are_not_called_wrong(name: str) -> None:
    trace = elman.explain(HARD[name])
    assert trace.gradients.compare().passed
    assert trace.check_line is not None
    assert trace.check_line.passed, str(trace.check_line)


def test_what_is_left_out_is_counted_and_said() -> None:
    found = check(tape_of(HARD["relu at its kink"]))
    assert found.left_out == 6
    assert found.entries == 35
    assert "6 left out, in dW_xh, db_h" in str(found)
    assert "at a kink" in str(found)
    assert "relu has no slope at 0" in str(found)
    found = check(tape_of(CANCELLED))
    assert found.passed
    assert found.left_out > 0
    assert "where no difference can be taken" in str(found)


@pytest.mark.parametrize("name", gallery())
def test_nothing_is_left_out_of_the_gallery(name: str) -> None:
    line = elman.explain(name).check_line
    assert line is None or (line.left_out == 0 and line.passed)


def sabotaged(sheet: dict[str, Any], key: str, factor: float) -> Check:
    tape = tape_of(sheet)
    array = np.array(tape.values[key].array)
    largest = tuple(np.argwhere(np.abs(array) >= np.abs(array).max() * (1 - 1e-9))[-1])
    assert array[largest] != 0
    array[largest] *= factor
    tape.values[key].array = array
    return check(tape)


@pytest.mark.parametrize("factor", [1.001, 0.0, -1.0, 100.0])
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("relu near its kink", "dW_hy"),
        ("relu near its kink", "db_h"),
        ("relu at its kink", "db_y"),
        ("a probability of nearly 0", "dW_hy"),
        ("a probability of nearly 0", "dW_xh"),
        ("a probability of nearly 1", "dW_hh"),
        ("saturated states", "dW_hy"),
        ("identity, far out", "db_y"),
    ],
)
def test_a_wrong_gradient_is_still_caught(name: str, key: str, factor: float) -> None:
    found = sabotaged(HARD[name], key, factor)
    assert not found.passed
    assert found.worst == key[1:]


@pytest.mark.parametrize("factor", [1.001, -1.0, 100.0])  # from a gradient of 0 nothing tells how small a step must be
@pytest.mark.parametrize("key", ["db_h", "dh.1", "dW_xh"])
def test_a_wrong_gradient_is_caught_where_the_loss_is_steep(key: str, factor: float) -> None:
    found = sabotaged(HARD["a steep state at 0"], key, factor)
    assert not found.passed
    assert found.worst == key[1:]


def drawn(rng: np.random.Generator) -> dict[str, Any]:
    """A sheet of any cell, output and size of numbers, some of its parameters zero."""
    cell, hidden, steps = str(rng.choice(["rnn", "lstm", "gru"])), int(rng.integers(1, 4)), int(rng.integers(1, 5))
    output, kind, outputs = [
        ("sigmoid", "binary_cross_entropy", 1), ("softmax", "cross_entropy", 2), ("linear", "half_squares", 1)
    ][rng.integers(3)]  # fmt: skip
    shapes = CELLS["gru_after" if cell == "gru" else cell].shapes(hidden, 2)
    sizes = dict.fromkeys(shapes, 10.0 ** rng.integers(-2, 4))
    sizes |= dict.fromkeys(["W_hy", "b_y"], 10.0 ** rng.integers(-2, 4))
    shapes |= {"W_hy": (outputs, hidden), "b_y": (outputs,)}
    zero = rng.random() < 0.3
    parameters = {
        name: np.round(rng.normal(size=shape), 1) * sizes[name] * (0 if zero and rng.random() < 0.5 else 1)
        for name, shape in shapes.items()
    }
    return {
        "cell": cell,
        "parameters": parameters,
        "examples": [{"inputs": np.round(rng.normal(size=(steps, 2)), 1), "target": int(rng.integers(2))}],
        "output": output,
        "loss": {"kind": kind, "at": "last"},
        **({"activation": str(rng.choice(["tanh", "relu", "sigmoid", "identity"]))} if cell == "rnn" else {}),
        **({"reset": "after", "z": "keep"} if cell == "gru" else {}),
    }


@pytest.mark.parametrize(
    ("seed", "count"), [(1, 60), *(pytest.param(seed, 2000, marks=pytest.mark.study) for seed in range(2, 6))]
)
def test_drawn_sheets_raise_no_alarm(seed: int, count: int) -> None:
    rng, worked = np.random.default_rng(seed), 0
    for _ in range(count):
        try:
            tape = tape_of(drawn(rng))
        except ElmanError:
            continue  # a loss that is not finite
        found, worked = check(tape), worked + 1
        assert found.passed, str(found)
    assert worked > count / 2
