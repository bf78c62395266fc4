"""One step, (B, I), equals a sequence of one step to the bit, however it is reached."""

from typing import Any

import pytest
import torch
from tests.kernels.cells import CELLS
from tests.kernels.problems import Problem, draw, truth
from tests.tolerance import assert_all_close, assert_close
from torch import Tensor

from elman import kernels
from elman.ops.reference import CELLS as RECORDS
from elman.ops.run import run

pytestmark = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())
cells = pytest.mark.parametrize("cell", CELLS)


def values(cell: str, *, bias: bool = True) -> list[Tensor]:
    return [t.float().requires_grad_() for t in draw(Problem(cell, 1, 3, 5, 21, bias=bias))]


def outputs(cell: str, x: Tensor, rest: list[Tensor], backend: str = "native") -> list[Tensor]:
    """Return h, and for the LSTM c, after one step (B, I) or a sequence (1, B, I)."""
    count = CELLS[cell].states
    weights: list[Any] = rest[count:]
    found = run(RECORDS[cell], backend, x, rest[:count], weights if len(weights) == 4 else [*weights, None, None])
    return list(found[-count:])


@cells
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_a_step_equals_a_sequence_of_one(cell: str, bias: bool, backend: str) -> None:
    x, *rest = values(cell, bias=bias)
    step, sequence = outputs(cell, x[0], rest, backend), outputs(cell, x, rest, backend)
    grads = [torch.randn_like(out) for out in step]
    assert all(map(torch.equal, step, sequence))
    found, want = (torch.autograd.grad(outs, [x, *rest], grads) for outs in (step, sequence))
    assert all(map(torch.equal, found, want))


@cells
def test_a_step_equals_the_reference(cell: str) -> None:
    problem = Problem(cell, 1, 3, 5, 21)
    x, *rest = values(cell)
    names = ("h_n", "c_n")[: CELLS[cell].states]
    want = truth(problem)
    assert_all_close(dict(zip(names, outputs(cell, x[0], rest), strict=True)), {name: want[name] for name in names})


@cells
def test_second_derivatives_of_a_step(cell: str) -> None:
    found = []
    for backend in ("native", "reference"):
        x, *rest = values(cell)
        first = torch.autograd.grad(sum(out.sum() for out in outputs(cell, x[0], rest, backend)), x, create_graph=True)
        found.append(torch.autograd.grad(first[0].square().sum(), rest[0])[0])
    assert_close(found[0], found[1], "h_0")


@cells
def test_a_state_that_is_changed_in_place(cell: str) -> None:
    """As torch's cells allow: the gradients are those of the state before the change."""
    x, *rest = values(cell)
    plain = torch.autograd.grad(outputs(cell, x[0], rest)[0].sum() * 2, [x, *rest[1:]], allow_unused=True)
    h, *_ = outputs(cell, x[0], rest)
    h.mul_(2)
    changed = torch.autograd.grad(h.sum(), [x, *rest[1:]], allow_unused=True)
    assert all(a is b or torch.equal(a, b) for a, b in zip(plain, changed, strict=True))


@cells
def test_the_registered_operation_takes_a_step(cell: str) -> None:
    x, *rest = values(cell)
    states = rest[: CELLS[cell].states]
    given = (
        x[0].detach().requires_grad_(),
        states[0],
        states[1] if len(states) == 2 else None,
        *rest[len(states) :],
        None,
        cell,
        False,
        0,
    )
    torch.library.opcheck(torch.ops.elman.recurrence, (*given, True), rtol=1e-5, atol=1e-6)
    y, h_n, *_ = torch.ops.elman.recurrence(*given, True)
    assert h_n.numel() == 0
    assert torch.equal(y, outputs(cell, x[0], rest)[0])


def test_a_state_of_a_stack_is_refused() -> None:
    x, h_0, *weights = values("gru")
    with pytest.raises(RuntimeError, match=r"gru expected x \(T, B, I\) or \(B, I\)"):
        run(RECORDS["gru"], "native", x[0], [h_0[None]], weights)
