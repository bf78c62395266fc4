"""Against float64 the kernels err at most twice as much as torch's own float32, in every output and every gradient."""

import pytest
import torch
from tests.kernels.accuracy import ALLOWED, PROBLEMS, Problem, draw, errors, ratios, results
from tests.kernels.cells import CELLS

from elman import kernels

# The longest problem is shorter here; `python -m benchmarks.accuracy` has it whole.
SHORTER = {"long": Problem("long", 120, 2, 20, 200), "many rows": Problem("many rows", 40, 64, 24, 40)}
HERE = [SHORTER.get(problem.name, problem) for problem in PROBLEMS if problem.T <= 300 or problem.name in SHORTER]


@pytest.mark.parametrize("problem", HERE[:5], ids=lambda p: p.name)
@pytest.mark.parametrize("cell", CELLS)
def test_at_most_twice_torchs_error(cell: str, problem: Problem) -> None:
    for chosen, row in ratios(CELLS[cell], problem, kernels.instruction_sets()).items():
        assert max(row.values()) <= ALLOWED, f"{chosen}: {row}"


@pytest.mark.study
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
@pytest.mark.parametrize("cell", CELLS)
def test_at_most_twice_torchs_error_over_long_sequences(cell: str, problem: Problem) -> None:
    test_at_most_twice_torchs_error(cell, problem)


def test_a_few_last_bits_too_many_are_found() -> None:
    cell, problem = CELLS["gru"], PROBLEMS[1]
    arguments = draw(cell, problem)
    truth = results(cell.reference, arguments, torch.float64)
    peer, ours = (results(function, arguments, torch.float32) for function in (cell.torch, cell.native))
    before, allowed = errors(ours, truth), errors(peer, truth)
    after = errors({name: t * (1 + 2.0**-20) for name, t in ours.items()}, truth)
    assert all(before[name] <= ALLOWED * allowed[name] < after[name] for name in truth)


@pytest.mark.parametrize(("cell", "function"), [("rnn_tanh", torch.tanh), ("lstm", torch.sigmoid)])
def test_the_functions_themselves(instruction_set: str, cell: str, function: torch.nn.Module) -> None:
    """Tanh and sigmoid over their whole range, 3 units in the last place: read from a cell of one unit."""
    a = torch.cat((torch.linspace(-20, 20, 40001), torch.logspace(-30, 1, 2001), -torch.logspace(-30, 1, 2001)))
    rows, one = len(a), torch.ones(1, 1)
    if cell == "rnn_tanh":
        (y, _), scale = CELLS[cell].native(a.view(1, rows, 1), torch.zeros(rows, 1), one, 0 * one, None, None), 1.0
        got = y.view(-1)
    else:  # c = sigmoid(a) c_0, with a in the forget gate and g = 0
        gate = torch.tensor([[0.0], [1.0], [0.0], [0.0]])
        zeros, ones = torch.zeros(rows, 1), torch.ones(rows, 1)
        got = CELLS[cell].native(a.view(1, rows, 1), zeros, ones, gate, 0 * gate, None, None)[2].view(-1)
        scale = 1.0
    want = function(a.double())
    ulp = torch.finfo(torch.float32).eps * want.abs().clamp(min=1e-37)
    assert ((got.double() - want).abs() / ulp).max() <= 3 * scale
