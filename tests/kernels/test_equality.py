"""Every instruction set, cell and arrangement equals the reference in float64, at sizes around every edge.

Vectors have 4, 8 or 16 lanes, tiles 6 or 12 rows and two vectors; all sets run all sizes.
"""

from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any

import pytest
import torch
from tests.kernels.problems import LAYOUTS, Problem, draw, native, truth
from tests.tolerance import assert_all_close

EachSet = Callable[[], Iterator[str]]
CELLS = ["rnn_tanh", "rnn_relu", "lstm", "gru", "gru_reset_before"]
HIDDEN = [1, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 31, 32, 33, 63, 65, 131]
INPUTS = [3, 1, 16, 7, 17, 8, 15, 33, 9, 31, 65]
ROWS = [1, 3, 7, 2, 12, 6, 13, 4, 25]
STEPS = [7, 2, 1, 7, 3]
PACKED = [(), (5, 3, 3, 1), (), (), (2,), (), (7, 7, 6, 4, 4, 4, 3, 2, 1, 1, 1, 1, 1), (3, 3)]


def problems(cell: str) -> list[Problem]:
    """Each hidden size with two inputs; the lists have lengths without a common factor, so that neighbours vary."""
    columns: list[Any] = [HIDDEN * 2, INPUTS, ROWS, STEPS, PACKED, [False, True, True], [True] * 3 + [False], LAYOUTS]
    found = []
    for H, I, B, T, lengths, reverse, bias, layout in islice(zip(*map(cycle, columns), strict=False), len(HIDDEN) * 2):  # noqa: E741
        size = (max(lengths), len(lengths)) if lengths else (T, B)
        found.append(Problem(cell, *size, I, H, reverse, bias, lengths, layout))
    return found


@pytest.mark.parametrize("problem", [p for cell in CELLS for p in problems(cell)], ids=lambda p: f"{p.cell}-{p}")
def test_everything_equals_the_reference(each_set: EachSet, problem: Problem) -> None:
    for _ in each_set():
        assert_all_close(native(problem), truth(problem))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("H", [64, 66])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_more_than_the_caches_hold(cell: str, H: int, threads: int) -> None:
    """Values for the backward pass are then stored non-temporally, where vectors are whole lines (H = 64)."""
    problem = Problem(cell, 112, 128, 3, H)
    torch.set_num_threads(threads)
    assert_all_close(native(problem), truth(problem))


@pytest.mark.parametrize("threads", [1, 2])
def test_weight_gradients_larger_than_the_caches(threads: int) -> None:
    """They are stored non-temporally where all rows are added up at once."""
    problem = Problem("lstm", 1, 2, 67, 1000)
    torch.set_num_threads(threads)
    assert_all_close(native(problem), truth(problem))


@pytest.mark.study
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("H", HIDDEN[2:])
def test_every_size_with_every_size(instruction_set: str, cell: str, H: int) -> None:
    """The sizes are 4 units and more: where all of 1 or 3 are saturated, 1 - h^2 cancels, and float32 is no closer."""
    for I in INPUTS:  # noqa: E741
        for B in ROWS:
            problem = Problem(cell, 3, B, I, H, reverse=bool(B % 2))
            assert_all_close(native(problem), truth(problem))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("size", [(0, 3, 2, 5), (2, 0, 2, 5), (2, 3, 2, 0), (2, 3, 0, 5)], ids=str)
def test_nothing_to_do(each_set: EachSet, cell: str, size: tuple[int, int, int, int]) -> None:
    """No steps, no rows, no units, no input: every gradient is there, and 0 or what came from above."""
    problem = Problem(cell, *size)
    for _ in each_set():
        assert_all_close(native(problem), truth(problem))


@pytest.mark.parametrize("cell", CELLS)
def test_any_single_wrong_number_is_found(instruction_set: str, cell: str) -> None:
    problem = Problem(cell, 3, 5, 9, 17)
    for name in truth(problem):
        got = native(problem)
        got[name].view(-1)[-1] += 1e-3 * got[name].abs().max()
        with pytest.raises(AssertionError, match=f"{name}: relative error"):
            assert_all_close(got, truth(problem))


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_never_written_is_found(instruction_set: str, cell: str) -> None:
    """This guards the tests above: memory that was never written is NaN, and NaN is not close to anything."""
    assert torch.empty(3).isnan().all()
    assert torch.empty(2).new_empty(3).isnan().all()
    problem = Problem(cell, 3, 5, 9, 17)
    got = native(problem)
    got["y"].view(-1)[0] = torch.empty(1)
    with pytest.raises(AssertionError, match="y: relative error nan"):
        assert_all_close(got, truth(problem))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("lengths", [(), (7, 5, 5, 2, 1)], ids=["dense", "packed"])
def test_nothing_is_left_of_the_call_before(instruction_set: str, cell: str, lengths: tuple[int, ...]) -> None:
    """Scratch memory is kept from call to call; here the call before fills it with NaN."""
    problem = Problem(cell, 7, 5, 9, 19, lengths=lengths)
    before = native(problem)
    native(problem, [torch.full_like(t, torch.nan) for t in draw(problem)])
    after = native(problem)
    assert all(torch.equal(before[name], after[name]) for name in before)
