"""To go back segment by segment, each run forward again, gives the bits of going back at once."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kernels.cells import CELLS
from tests.kernels.conftest import SETS
from tests.kernels.problems import LAYOUTS, Problem, draw, drawn, native, run
from tests.kernels.test_same_bits import SHARED
from torch import Tensor

from elman import kernels

SAVING = ["lstm", "gru", "gru_reset_before"]  # an RNN's backward pass needs y alone


def by_segments(problem: Problem, segment: int) -> dict[str, Tensor]:
    return run(partial(CELLS[problem.cell].native, segment=segment), problem, drawn(problem), torch.float32)


def assert_same_bits(problem: Problem, segment: int) -> None:
    want = native(problem)
    for name, got in by_segments(problem, segment).items():
        assert torch.equal(got, want[name]), f"{name}, {segment} steps a segment"


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Small ones, and ones that a team shares; chunks of 256 rows that segments cut anywhere."""
    lengths = tuple(sorted(draw(st.lists(st.integers(1, 40), max_size=6)), reverse=True))
    T, B = (lengths[0], len(lengths)) if lengths else (draw(st.integers(1, 150)), draw(st.integers(1, 9)))
    I, H = draw(st.integers(0, 20)), draw(st.integers(1, 20) | st.integers(90, 150))  # noqa: E741
    cell, layout = draw(st.sampled_from(list(CELLS))), draw(st.sampled_from(list(LAYOUTS)))
    return Problem(cell, T, B, I, H, draw(st.booleans()), draw(st.booleans()), lengths, layout)


@pytest.mark.parametrize("threads", [1, 2, 3])
@given(problems(), st.integers(1, 60), st.sampled_from(SETS))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_any_problem_and_segment(threads: int, problem: Problem, segment: int, instruction_set: str) -> None:
    torch.set_num_threads(threads)
    before = kernels.instruction_set()
    kernels.use_instruction_set(instruction_set)
    try:
        assert_same_bits(problem, segment)
    finally:
        kernels.use_instruction_set(before)


@pytest.mark.parametrize("problem", SHARED, ids=lambda p: f"{p.cell}-{p}")
def test_shared_by_a_team(problem: Problem) -> None:
    torch.set_num_threads(3)
    for segment in (5, 16):
        assert_same_bits(problem, segment)


@pytest.mark.parametrize("cell", SAVING)
def test_segments_larger_than_the_caches(cell: str) -> None:
    """The values of a segment are then stored non-temporally."""
    assert_same_bits(Problem(cell, 150, 128, 3, 64), 140)


@pytest.mark.parametrize("cell", SAVING)
@pytest.mark.parametrize("size", [(0, 3, 2, 5), (2, 0, 2, 5), (2, 3, 2, 0), (2, 3, 0, 5)], ids=str)
def test_nothing_to_do(cell: str, size: tuple[int, int, int, int]) -> None:
    assert_same_bits(Problem(cell, *size), 1)


def test_a_wrong_number_at_a_border_reaches_the_gradients() -> None:
    """The backward pass starts its segments from what was kept, and the comparisons above see where that is wrong."""
    x, h_0, c_0, *weights = (t.float() for t in draw(Problem("lstm", 7, 3, 5, 6)))
    given = (x, h_0, c_0, *weights, None, "lstm", False, 3)
    y, _, _, gates, borders = torch.ops.elman.recurrence(*given, True)
    assert (gates.numel(), borders.shape) == (0, (2, 3, 6))

    def gradients(borders: Tensor) -> tuple[Tensor, ...]:
        return torch.ops.elman.recurrence_backward(
            torch.ones_like(y), None, None, *given, y, gates, borders, [True] * 7
        )

    right = gradients(borders)
    for border in (0, 1):
        wrong = borders.clone()
        wrong[border, 1, 2] += 0.01
        assert not any(torch.equal(a, b) for a, b in zip(right[3:], gradients(wrong)[3:], strict=True))
