"""The reference operations by themselves: derivatives, gates, empty and ragged sequences, and what they cost."""

from functools import partial
from typing import Any

import pytest
import torch
from tests.tolerance import assert_close
from torch import Tensor

from elman.ops.cell import Parameters
from elman.ops.reference import CELLS, recurrence
from elman.ops.reference.loop import unroll

SIZES = torch.tensor([3, 2, 2, 1])
cells = pytest.mark.parametrize("name", CELLS)
both_ways = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
dense_or_packed = pytest.mark.parametrize("batch_sizes", [None, SIZES], ids=["dense", "packed"])


def draw(name: str, T: int = 2, B: int = 3, I: int = 2, H: int = 3, bias: bool = True) -> list[Tensor | None]:  # noqa: E741
    """x, the states and the parameters, in float64, as leaves."""
    states, G = len(CELLS[name].states), len(CELLS[name].gates)
    generator = torch.Generator().manual_seed(7)

    def leaf(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()

    biases = [leaf(G * H), leaf(G * H)] if bias else [None, None]
    return [leaf(T, B, I), *(leaf(B, H) for _ in range(states)), leaf(G * H, I), leaf(G * H, H), *biases]


def operation(name: str, x: Tensor, *rest: Any, **options: Any) -> tuple[Tensor, ...]:
    """Run the reference on tensors in a row, as `draw` makes them."""
    states = len(CELLS[name].states)
    return recurrence(CELLS[name], x, rest[:states], Parameters(*rest[states:]), **options)


def packed_rows(arguments: list[Any], batch_sizes: Tensor | None) -> list[Any]:
    if batch_sizes is not None:
        rows = int(batch_sizes.sum())
        arguments[0] = torch.randn(rows, arguments[0].shape[-1], dtype=torch.float64).requires_grad_()
    return arguments


# The loop is one for all cells, so that each need not be tried with all ways through it; the rest are studies.
WAYS = [
    pytest.param(
        name,
        reverse,
        sizes,
        marks=[] if name == "lstm" or reverse == packed else [pytest.mark.study],
        id=f"{name}-{'reverse' if reverse else 'forward'}-{'packed' if packed else 'dense'}",
    )
    for name in CELLS
    for reverse in (False, True)
    for packed, sizes in ((False, None), (True, torch.tensor([2, 1, 1])))
]


@pytest.mark.parametrize(("name", "reverse", "batch_sizes"), WAYS)
def test_first_and_second_derivatives(name: str, reverse: bool, batch_sizes: Tensor | None) -> None:
    if name == "rnn_relu":
        torch.manual_seed(0)  # away from the kink
    function = partial(operation, name, batch_sizes=batch_sizes, reverse=reverse)
    arguments = packed_rows(draw(name, B=2, I=1, H=2), batch_sizes)  # small: each number is changed by itself, twice
    assert torch.autograd.gradcheck(function, arguments)
    assert torch.autograd.gradgradcheck(function, arguments)


@cells
@both_ways
@pytest.mark.parametrize("T", [0, 1, 3])
def test_the_loop_is_the_step_again_and_again(name: str, reverse: bool, T: int) -> None:
    step, states = CELLS[name].step, len(CELLS[name].states)
    x, *rest = draw(name, T=T)
    state, parameters = tuple(rest[:states]), Parameters(*rest[states:])
    done = unroll(step, x, state, parameters, reverse=reverse)
    expected: list[Any] = [None] * T
    for t in reversed(range(T)) if reverse else range(T):
        state, gates = step(x[t], state, parameters)
        expected[t] = (state, gates)
        assert tuple(gates) == CELLS[name].gates
    assert done.y.shape == (T, 3, 3)
    for t, (state_t, gates_t) in enumerate(expected):
        assert torch.equal(done.y[t], state_t[0])
        assert all(torch.equal(a, b) for a, b in zip(done.states[t], state_t, strict=True))
        assert all(torch.equal(done.gates[t][gate], gates_t[gate]) for gate in gates_t)
    y, *final = operation(name, x, *rest, reverse=reverse)
    assert torch.equal(y, done.y)
    assert all(torch.equal(a, b) for a, b in zip(final, state, strict=True))


@cells
@both_ways
def test_packed_is_row_by_row(name: str, reverse: bool) -> None:
    states = len(CELLS[name].states)
    rows, *rest = packed_rows(draw(name), SIZES)
    y, *final = operation(name, rows, *rest, batch_sizes=SIZES, reverse=reverse)
    starts = torch.cat((torch.zeros(1, dtype=torch.int64), SIZES.cumsum(0)[:-1]))
    for b in range(3):
        where = (starts + b)[b < SIZES]
        initial = [s[b : b + 1] for s in rest[:states]]
        y_b, *final_b = operation(name, rows[where][:, None], *initial, *rest[states:], reverse=reverse)
        assert_close(y[where], y_b[:, 0], f"y of row {b}")
        for part, part_b in zip(final, final_b, strict=True):
            assert_close(part[b : b + 1], part_b, f"final state of row {b}")


@cells
@both_ways
@dense_or_packed
def test_the_cost_is_the_steps_that_are_there(name: str, reverse: bool, batch_sizes: Tensor | None) -> None:
    step, states = CELLS[name].step, len(CELLS[name].states)
    x, *rest = packed_rows(draw(name, T=4), batch_sizes)
    walked = []

    def counting(x_t: Tensor, state: Any, parameters: Parameters) -> Any:
        walked.append(x_t.shape[0])
        assert all(s.shape[0] == x_t.shape[0] for s in state)
        return step(x_t, state, parameters)

    unroll(counting, x, tuple(rest[:states]), Parameters(*rest[states:]), batch_sizes, reverse)
    expected = [3] * 4 if batch_sizes is None else SIZES.tolist()
    assert walked == (expected[::-1] if reverse else expected)


@cells
@both_ways
def test_an_empty_packed_batch(name: str, reverse: bool) -> None:
    states = len(CELLS[name].states)
    x, *rest = draw(name, T=0)
    y, *final = operation(name, x.reshape(0, 2), *rest, batch_sizes=torch.empty(0, dtype=torch.int64), reverse=reverse)
    assert y.shape == (0, 3)
    assert all(torch.equal(a, b) for a, b in zip(final, rest[:states], strict=True))


@cells
def test_no_rows_and_no_bias(name: str) -> None:
    y, *final = operation(name, *draw(name, B=0, bias=False))
    assert y.shape == (2, 0, 3)
    assert all(part.shape == (0, 3) for part in final)


def by_hand(x: float, h: float, c: float) -> dict[str, float]:
    """One unit with all weights 1 and biases 0, worked with the standard library's mathematics."""
    import math

    a = x + h
    s, t = 1 / (1 + math.exp(-a)), math.tanh(a)
    after = s * c + s * t
    before = math.tanh(x + s * h)
    return {
        "rnn_tanh": t,
        "rnn_relu": max(a, 0.0),
        "gru": (1 - s) * before + s * h,  # with one unit of weight 1 both resets are the same
        "gru_reset_before": (1 - s) * before + s * h,
        "lstm": s * math.tanh(after),
    }


@cells
def test_one_step_by_hand(name: str) -> None:
    states, G = len(CELLS[name].states), len(CELLS[name].gates)
    x, h, c = 0.3, -0.8, 0.5
    state = [torch.tensor([[value]], dtype=torch.float64) for value in (h, c)[:states]]
    ones = torch.ones(G, 1, dtype=torch.float64)
    y, *_ = operation(name, torch.tensor([[[x]]], dtype=torch.float64), *state, ones, ones, None, None)
    assert y.item() == pytest.approx(by_hand(x, h, c)[name], rel=1e-14)


@cells
def test_the_hand_can_tell_the_cells_apart(name: str) -> None:
    expected = by_hand(0.3, -0.8, 0.5)
    others = [value for other, value in expected.items() if other.split("_")[0] != name.split("_", maxsplit=1)[0]]
    assert all(value != pytest.approx(expected[name], rel=1e-3) for value in others)
