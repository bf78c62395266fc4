"""A packed batch costs the steps that are there, not the padding."""

import time

import pytest
import torch
from tests.kernels.cells import CELLS
from tests.kernels.problems import Problem, draw

LONG, ROWS = 200, 32


def seconds(problem: Problem) -> float:
    """The processor time of this thread alone, so that a busy machine changes nothing; the best of a few."""
    leaves = [t.float().requires_grad_() for t in draw(problem)]
    best = float("inf")
    for _ in range(4):
        start = time.thread_time()
        y = CELLS[problem.cell].native(*leaves, problem.batch_sizes)[0]
        torch.autograd.grad(y, leaves, torch.ones_like(y))
        best = min(best, time.thread_time() - start)
    return best


@pytest.mark.study
@pytest.mark.parametrize("cell", CELLS)
def test_one_long_row_among_short_ones(cell: str) -> None:
    """231 steps instead of 6,400; a fifth of the cost leaves room for every other expense."""
    dense = seconds(Problem(cell, LONG, ROWS, 64, 96))
    packed = seconds(Problem(cell, LONG, ROWS, 64, 96, lengths=(LONG, *[1] * (ROWS - 1))))
    assert packed < dense / 3
