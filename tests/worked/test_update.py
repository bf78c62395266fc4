"""Clipping and one step of learning, against torch.optim; sums over steps and examples."""

from typing import Any

import numpy as np
import pytest
import torch

import elman
from elman.worked import Trace
from elman.worked.sheet.worksheet import load

OPTIMIZERS: list[tuple[dict[str, Any], Any]] = [
    ({"method": "sgd", "rate": 0.1}, lambda p: torch.optim.SGD(p, lr=0.1)),
    ({"method": "sgd", "rate": 0.2, "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=0.2, momentum=0.9)),
    ({"method": "adam", "rate": 0.05}, lambda p: torch.optim.Adam(p, lr=0.05)),
    (
        {"method": "adam", "rate": 0.05, "betas": [0.8, 0.99], "epsilon": 1e-6},
        lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.8, 0.99), eps=1e-6),
    ),
]


def sheet_with(**more: Any) -> dict[str, Any]:
    return load("love-book").model_dump(exclude_none=True) | more


@pytest.mark.parametrize(("update", "make"), OPTIMIZERS)
def test_two_steps_as_torch_takes_them(update: dict[str, Any], make: Any) -> None:
    """The second step starts from the parameters and the moments that the first one left."""
    sheet = sheet_with(update=update)
    first = elman.explain(sheet)
    names = [name[1:] for name in first.gradients]
    theirs = {name: torch.tensor(first[name].array, requires_grad=True) for name in names}
    optimizer = make(list(theirs.values()))
    second = elman.explain(next_sheet(sheet, first))
    for trace in (first, second):
        for name in names:
            theirs[name].grad = torch.tensor(trace[f"d{name}"].array)
        optimizer.step()
        for name in names:
            np.testing.assert_allclose(trace[f"{name}'"].array, theirs[name].detach(), rtol=1e-9, atol=1e-12)


def next_sheet(sheet: dict[str, Any], trace: Trace) -> dict[str, Any]:
    new = {value.of.id: value.array for value in trace if value.of and value.id == f"{value.of.id}'"}
    update = dict(sheet["update"])
    moments = {"m": "first", "v": "second"} if update["method"] == "adam" else {"v": "velocity"}
    for letter, field in moments.items():
        update[field] = {name: trace[f"{letter}.{name}'"].array for name in new if f"{letter}.{name}'" in trace}
    if update["method"] == "adam":
        update["step"] = 2
    if not update.get("momentum"):
        update.pop("velocity", None)
    parameters = {name: new[name] for name in sheet["parameters"]}
    return sheet | {
        "parameters": parameters,
        "embeddings": {w: new[f"E.{w}"] for w in sheet["embeddings"]},
        "update": update,
    }


@pytest.mark.parametrize("bound", [0.1, 1e9])
def test_clipping_by_norm(bound: float) -> None:
    trace = elman.explain(sheet_with(clip={"norm": bound}))
    norm = np.sqrt(sum(np.sum(array**2) for array in trace.gradients.values()))
    assert trace["norm"].array == pytest.approx(norm, rel=1e-12)
    clipped = np.sqrt(sum(np.sum(trace[f"{name}~"].array ** 2) for name in trace.gradients))
    assert clipped == pytest.approx(min(bound, norm), rel=1e-12)
    np.testing.assert_allclose(trace["b_y'"].array, trace["b_y"].array - 0.1 * trace["db_y~"].array)


def test_clipping_by_value() -> None:
    trace = elman.explain(sheet_with(clip={"value": 0.05}))
    np.testing.assert_array_equal(trace["dW_hh~"].array, np.clip(trace["dW_hh"].array, -0.05, 0.05))


def test_sums_over_steps_and_examples() -> None:
    trace = elman.explain("love-book")
    shares = [trace[f"1/dW_hh@{t}"].array for t in range(1, 7)]
    np.testing.assert_allclose(sum(shares), trace["1/dW_hh"].array, rtol=1e-14)
    np.testing.assert_allclose(trace["1/dW_hh"].array + trace["2/dW_hh"].array, trace["dW_hh"].array, rtol=1e-14)
    np.testing.assert_allclose(trace["dE.i"].array, trace["1/dx.1"].array + trace["2/dx.1"].array, rtol=1e-14)


def test_a_mean_is_the_sum_divided() -> None:
    loss = {"kind": "binary_cross_entropy", "at": "last", "over_examples": "mean"}
    mean, total = elman.explain(sheet_with(loss=loss)), elman.explain("love-book")
    np.testing.assert_allclose(2 * mean["dW_hh"].array, total["dW_hh"].array, rtol=1e-13)
    assert mean["1/dloss"].array == 0.5


@pytest.mark.parametrize(("kind", "alive"), [("blocks", {5, 6}), ("last", {3, 4, 5, 6})])
def test_truncation_cuts_the_gradient_and_keeps_the_state(kind: str, alive: set[int]) -> None:
    trace, full = elman.explain(sheet_with(truncation={"steps": 4, "kind": kind})), elman.explain("love-book")
    np.testing.assert_array_equal(trace["1/h.6"].array, full["1/h.6"].array)
    assert {t for t in range(1, 7) if trace[f"1/dh.{t}"].array.any()} == alive
    behind = f"1/h.{min(alive) - 1}"
    assert trace[behind.replace("h", "dh")].reason == f"no loss reaches {behind}"
    assert trace.check_line is not None
    assert trace.check_line.passed


def test_a_bag_of_words_sees_no_order() -> None:
    trace = elman.explain("not-happy")
    np.testing.assert_array_equal(trace["1/bag"].array, trace["3/bag"].array)
    assert np.abs(trace["1/h.4"].array - trace["3/h.4"].array).max() > 0.1
    assert "1/dbag" not in trace


def test_vanishing_and_exploding() -> None:
    def ratio(name: str) -> float:
        trace = elman.explain(name)
        return float(np.linalg.norm(trace["dh.1"].array) / np.linalg.norm(trace["dh.8"].array))

    assert ratio("vanishing") < 1e-3
    assert ratio("exploding") > 10
