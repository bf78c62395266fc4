"""Calls that torch.nn refuses are refused here, with the same type of exception and a message that says what to do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tests.contract.registry import CELLS, Cell, Run
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence

I, H, T, B = 3, 4, 5, 2  # noqa: E741


def zeros(*shape: int) -> torch.Tensor:
    return torch.zeros(*shape)


def states(layer: nn.RNNBase, *shape: int, dtype: torch.dtype = torch.float32) -> Any:
    state = torch.zeros(*shape, dtype=dtype)
    return (state, state) if layer.mode == "LSTM" else state


def packed(width: int = I, *, shuffled: bool = False) -> Any:
    return pack_padded_sequence(zeros(T, B, width), [2, 5] if shuffled else [5, 2], enforce_sorted=not shuffled)


Call = Callable[[nn.RNNBase], Any]
CALLS: dict[str, tuple[Call, str]] = {
    "one dimension": (lambda m: m(zeros(I)), r"Expected input to be 2D or 3D, got 1D.*\[3\]; reshape it"),
    "four dimensions": (lambda m: m(zeros(1, T, B, I)), "Expected input to be 2D or 3D, got 4D"),
    "a list": (lambda m: m([[1.0]]), "expected input to be a tensor.*'list'.*torch.as_tensor"),
    "input too wide": (lambda m: m(zeros(T, B, I + 1)), "Expected 3, got 4. Reshape the input, or make .*=4"),
    "unbatched too wide": (lambda m: m(zeros(T, I + 1)), "Expected 3, got 4"),
    "packed too wide": (lambda m: m(packed(I + 1)), "Expected 3, got 4"),
    "packed scalars": (lambda m: m(pack_sequence([zeros(3)])), "Expected input to be 2D, got 1D"),
    "no steps": (lambda m: m(zeros(0, B, I)), "sequence length to be larger than 0.*Leave empty sequences out"),
    "double input": (lambda m: m(zeros(T, B, I).double()), r"float64.* does not match .*float32.*Convert input"),
    "integer input": (lambda m: m(torch.zeros(T, B, I, dtype=torch.int64)), "int64.*Convert input: input.to"),
    "input elsewhere": (lambda m: m(torch.zeros(T, B, I, device="meta")), "not at the same device.*Move one"),
    "hx too wide": (lambda m: m(zeros(T, B, I), states(m, 1, B, H + 1)), r"size \(1, 2, 4\), got \[1, 2, 5\]. Give"),
    "hx of another batch": (lambda m: m(zeros(T, B, I), states(m, 1, B + 1, H)), r"\(1, 2, 4\), got \[1, 3, 4\]"),
    "hx of two layers": (lambda m: m(zeros(T, B, I), states(m, 2, B, H)), r"\(1, 2, 4\), got \[2, 2, 4\]"),
    "hx without batch": (lambda m: m(zeros(T, B, I), states(m, 1, H)), "also be 3-D but got 2-D.*hx.unsqueeze"),
    "hx with batch": (lambda m: m(zeros(T, I), states(m, 1, B, H)), "also be 2-D but got 3-D.*hx.squeeze"),
    "unbatched hx too wide": (lambda m: m(zeros(T, I), states(m, 1, H + 1)), r"got \[1, 1, 5\]"),
    "packed hx of another batch": (lambda m: m(packed(), states(m, 1, B + 1, H)), r"got \[1, 3, 4\]"),
    "shuffled hx of a smaller batch": (lambda m: m(packed(shuffled=True), states(m, 1, B - 1, H)), r"got \[1, 1, 4\]"),
    "double hx": (
        lambda m: m(zeros(T, B, I), states(m, 1, B, H, dtype=torch.float64)),
        r"got torch.float64.*\.to\(inp",
    ),
    "hx a list of numbers": (lambda m: m(zeros(T, B, I), [1, 2]), "expected hx.*'(list|int)' object has no attribute"),
}
LSTM_CALLS: dict[str, tuple[Call, str]] = {
    "a tensor for hx": (
        lambda m: m(zeros(T, B, I), zeros(1, B, H)),
        r"tuple of two tensors \(h_0, c_0\).*Tensor.*both",
    ),
    "one state": (lambda m: m(zeros(T, B, I), (zeros(1, B, H),)), r"tuple of two tensors \(h_0, c_0\), got a tuple"),
    "three states": (lambda m: m(zeros(T, B, I), (zeros(1, B, H),) * 3), "lstm expects two hidden states.*got 3"),
    "wrong cell state": (
        lambda m: m(zeros(T, B, I), (zeros(1, B, H), zeros(1, B, 9))),
        r"hidden\[1\].*got \[1, 2, 9\]",
    ),
}
WRONG_KINDS: dict[str, Any] = {
    "text": "state",
    "a letter": "s",
    "an int": 5,
    "a float": 1.5,
    "a bool": True,
    "an empty list": [],
    "an empty tuple": (),
    "a mapping": {"h": zeros(1, B, H)},
    "an empty mapping": {},
    "an array": np.zeros((2, 1, B, H), np.float32),
    "a set": set(),
    "an object": object(),
    "two Nones": (None, None),
    "two arrays": (np.zeros((1, B, H)),) * 2,
    "bytes": b"ab",
    "a function": print,
    "a range": range(3),
    "a module": nn.Linear(1, 1),
    "tuples of tensors": ((zeros(1, B, H),),) * 2,
}


def place(name: str, layer: nn.Module, step: nn.Module, value: Any) -> Any:
    """Call a layer or a cell with a value in some place where a tensor belongs."""
    x = zeros(T, B, I)
    return {
        "input": lambda: layer(value),
        "hx": lambda: layer(x, value),
        "hx by name": lambda: layer(x, hx=value),
        "hx without batch": lambda: layer(x[:, 0], value),
        "hx of a packed batch": lambda: layer(packed(), value),
        "hx of a shuffled batch": lambda: layer(packed(shuffled=True), value),
        "input of a cell": lambda: step(value),
        "hx of a cell": lambda: step(x[0], value),
    }[name]()


PLACES = [
    *("input", "hx", "hx by name", "hx without batch", "hx of a packed batch", "hx of a shuffled batch"),
    *("input of a cell", "hx of a cell"),
]


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.in_torch], ids=str)
def test_a_value_of_the_wrong_kind_raises_what_torch_raises(cell: Cell, where: str) -> None:
    ours = cell.layer(I, H, **cell.options), cell.step(I, H, **cell.options)
    theirs = cell.truth(I, H, **cell.truth_options), cell.step_truth(I, H, **cell.truth_options)
    for name, value in WRONG_KINDS.items():
        if name == "an array" and "packed" in where + " packed" * ("batch" in where) and cell.name != "lstm":
            continue  # torch calls its `size`, and reports that an int cannot be called
        with pytest.raises(Exception) as expected:  # noqa: PT011  whatever torch raises
            place(where, *theirs, value)
        with pytest.raises(expected.type, match=f"^.?{cell.layer.__name__}.*: .*got|a tensor, but") as got:
            place(where, *ours, value)
        assert got.type is expected.type, name
        assert "\n" not in str(got.value), name


def test_two_states_are_one_argument(cell: Cell) -> None:
    """torch.nn's layers take no third argument; Elman's third is a number of steps."""
    h = zeros(1, B, H)
    for layer in (cell.layer(I, H, **cell.options), cell.truth(I, H, **cell.truth_options)):
        with pytest.raises(TypeError):
            layer(zeros(T, B, I), (h, h) if cell.name == "lstm" else h, h)
    with pytest.raises(TypeError, match=r"as one tuple, \(h_0, c_0\)"):
        cell.layer(I, H, **cell.options)(zeros(T, B, I), (h, h) if cell.name == "lstm" else h, h)


OTHER_CALLS: dict[str, tuple[Call, str]] = {
    "a tuple for hx": (lambda m: m(zeros(T, B, I), (zeros(1, B, H),) * 2), "expected hx to be a tensor.*'tuple'"),
}


def table(cell: Cell) -> dict[str, tuple[Call, str]]:
    return CALLS | (LSTM_CALLS if cell.name == "lstm" else OTHER_CALLS)


ROWS = [(cell, name) for cell in CELLS if cell.in_torch for name in table(cell)]


@pytest.mark.parametrize(("cell", "name"), ROWS, ids=str)
def test_a_wrong_call_raises_what_torch_raises(cell: Cell, name: str) -> None:
    call, message = table(cell)[name]
    with pytest.raises(Exception) as torchs:  # noqa: PT011  whatever torch raises
        call(cell.truth(I, H, **cell.truth_options))
    with pytest.raises(torchs.type, match=f"(?s){cell.layer.__name__}.*{message}") as ours:
        call(cell.layer(I, H, **cell.options))
    assert ours.type is torchs.type


def test_a_right_call_raises_nothing(cell: Cell, run: Run) -> None:
    layer = cell.layer(I, H, **cell.options).to(run.dtype)
    y, _ = layer(torch.zeros(T, B, I, dtype=run.dtype), states(layer, 1, B, H, dtype=run.dtype))
    assert y.shape == (T, B, H)
    assert layer(torch.zeros(T, 0, I, dtype=run.dtype))[0].shape == (T, 0, H)


def test_a_state_of_more_rows_than_the_batch_is_not_cut(cell: Cell) -> None:
    """torch drops the surplus rows of `hx` silently, with a shuffled packed batch."""
    layer = cell.layer(I, H, **cell.options)
    with pytest.raises(RuntimeError, match=r"got \[1, 3, 4\]"):
        layer(packed(shuffled=True), states(layer, 1, B + 1, H))


CONSTRUCTORS: dict[str, dict[str, Any]] = {
    "no input": {"input_size": 0},
    "a fraction of an input": {"input_size": 2.5},
    "no hidden": {"hidden_size": 0},
    "hidden as text": {"hidden_size": "4"},
    "no layers": {"num_layers": 0},
    "dropout above 1": {"num_layers": 2, "dropout": 1.5},
    "dropout below 0": {"num_layers": 2, "dropout": -0.1},
    "dropout a bool": {"num_layers": 2, "dropout": True},
    "bias a number": {"bias": 1},
    "batch_first a number": {"batch_first": 1},
    "negative projection": {"proj_size": -1},
    "projection not smaller": {"proj_size": H},
    "unknown argument": {"hidden": 3},
}


@pytest.mark.parametrize("arguments", CONSTRUCTORS.values(), ids=CONSTRUCTORS)
def test_a_wrong_constructor_raises_what_torch_raises(cell: Cell, arguments: dict[str, Any]) -> None:
    sizes = {"input_size": I, "hidden_size": H}
    with pytest.raises((TypeError, ValueError)) as torchs:
        cell.truth(**{**sizes, **cell.truth_options, **arguments})
    with pytest.raises(torchs.type) as ours:
        cell.layer(**{**sizes, **cell.options, **arguments})
    assert ours.type is torchs.type
    assert str(ours.value).split("__init__")[-1] == str(torchs.value).split("__init__")[-1]


def test_an_unknown_nonlinearity_raises_what_torch_raises() -> None:
    cell = CELLS[0]
    with pytest.raises(ValueError, match=r"nonlinearity 'sin'\. Select from 'tanh' or 'relu'"):
        cell.truth(I, H, nonlinearity="sin")
    with pytest.raises(ValueError, match=r"nonlinearity 'sin'\. Select from 'tanh' or 'relu'"):
        cell.layer(I, H, nonlinearity="sin")
