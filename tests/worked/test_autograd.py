"""The gallery against torch's autograd, torch.nn's own layers by hand, and broken rules that must be caught."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import elman
from elman.worked import Trace, gallery
from elman.worked.calculus.network import calculate
from elman.worked.calculus.operations import OPERATIONS
from elman.worked.calculus.tape import Tape
from elman.worked.calculus.verify import verify
from elman.worked.sheet.problem import problem
from elman.worked.sheet.worksheet import load

TOLERANCE = 1e-9


@pytest.mark.parametrize("name", gallery())
def test_the_gallery_agrees_with_autograd(name: str) -> None:
    trace = elman.explain(name)
    assert trace.gradients.compare().passed
    assert trace.check_line is not None
    assert trace.check_line.passed
    assert "agree with central differences" in str(trace.check_line)


class Reader(nn.Module):
    """A layer and a Linear on every state."""

    def __init__(self, layer: nn.Module, width: int) -> None:
        super().__init__()
        self.layer, self.linear = layer, nn.Linear(width, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states = self.layer(x)[0]
        return self.linear(states)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [False, True], ids=["one", "both"])
@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_torch_layers_by_hand(kind: Any, both: bool, layers: int) -> None:
    torch.manual_seed(3)
    model = Reader(kind(2, 3, num_layers=layers, bidirectional=both), 6 if both else 3).double()
    x = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    targets = [0, 1, 1, 0]
    loss = nn.functional.cross_entropy(model(x), torch.tensor(targets))
    loss.backward()
    mean = {"kind": "cross_entropy", "at": "every", "over_steps": "mean"}
    trace = elman.explain(model, x, output="softmax", loss=mean, targets=targets)
    assert relative(trace["loss"].array, loss.detach()) <= TOLERANCE
    assert relative(np.stack([trace[f"dx.{t}"].array for t in range(1, 5)]), x.grad) <= TOLERANCE
    assert relative(trace["dW_hy"].array, model.linear.weight.grad) <= TOLERANCE
    for name, parameter in model.layer.named_parameters():
        assert relative(gathered(trace, name, kind.__name__), parameter.grad) <= TOLERANCE, name


def gathered(trace: Trace, name: str, kind: str) -> np.ndarray:
    """Our gradients, stacked as torch stacks its gates."""
    stem, tail = name.rsplit("_l", 1)
    place = ("" if tail[0] == "0" else "_l2") + ("_r" if tail.endswith("reverse") else "")
    gates = {"RNN": "h", "LSTM": "ifgo", "GRU": "rzn"}[kind]
    symbols = {"weight_ih": "W_x{}", "weight_hh": "W_h{}", "bias_ih": "b_{}", "bias_hh": "b_{}"}
    names = [symbols[stem].format(gate) for gate in gates]
    if kind == "GRU" and stem == "bias_hh":
        names[-1] = "b_hn"
    return np.concatenate([trace[f"d{symbol}{place}"].array for symbol in names])


def relative(ours: Any, theirs: Any) -> float:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-12))


@pytest.mark.parametrize("z", ["keep", "take"])
@pytest.mark.parametrize("reset", ["before", "after"])
def test_gru_variants_against_equations_typed_a_second_time(reset: str, z: str) -> None:
    sheet = load("gru").model_dump() | {"reset": reset, "z": z}
    if reset == "before":
        del sheet["parameters"]["b_hn"]
    p = {name: torch.tensor(array) for name, array in sheet["parameters"].items()}
    trace, h = elman.explain(sheet), torch.zeros(2, dtype=torch.float64)
    for t, x in enumerate(torch.tensor(sheet["examples"][0]["inputs"]), 1):
        r = torch.sigmoid(p["W_xr"] @ x + p["W_hr"] @ h + p["b_r"])
        u = torch.sigmoid(p["W_xz"] @ x + p["W_hz"] @ h + p["b_z"])
        inner = p["W_hn"] @ (r * h) if reset == "before" else r * (p["W_hn"] @ h + p["b_hn"])
        n = torch.tanh(p["W_xn"] @ x + p["b_n"] + inner)
        h = (1 - u) * n + u * h if z == "keep" else (1 - u) * h + u * n
        assert relative(trace[f"h.{t}"].array, h) <= TOLERANCE


BROKEN = {
    "tanh": "not-very-good", "sigmoid": "lstm", "matvec": "not-very-good", "mul": "gru", "sub": "gru", "add": "lstm",
    "identity": "exploding", "half_squares": "lstm-by-hand", "div": "gru", "binary_cross_entropy": "love-book",
    "cross_entropy": "love-ai",
}  # fmt: skip


@pytest.mark.parametrize(("operation", "name"), BROKEN.items())
def test_a_broken_rule_is_caught(operation: str, name: str) -> None:
    """The sabotage twin: each rule in turn gives half as much again, and the run's own check says so."""
    rules = {key: op.derivative for key, op in OPERATIONS.items()}
    right = rules[operation]
    rules[operation] = lambda node, d, out: [(arg, 1.5 * gradient) for arg, gradient in right(node, d, out)]
    check = verify(calculate(problem(load(name)), Tape(derivatives=rules)))
    assert check is not None
    assert not check.passed
    assert "DO NOT agree" in str(check)


def test_a_forgotten_term_is_caught() -> None:
    tape = calculate(problem(load("lstm")), Tape(gather=lambda _value, sources: sources[:1]))
    check = verify(tape)
    assert check is not None
    assert not check.passed


def test_a_wrong_gradient_is_reported_by_autograd() -> None:
    trace = elman.explain("not-very-good")
    trace["dW_hh"].array[0, 0] += 1e-6
    comparison = trace.gradients.compare()
    assert not comparison.passed
    assert "DO NOT agree" in str(comparison)
