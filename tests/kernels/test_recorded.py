"""Records of the kernels equal the reference, on every instruction set and however the work is shared.

New memory is full of NaN here, so that a step, row or unit that nobody wrote is seen. tests/layers holds the record of
the reference to plain autograd.
"""

import gc
import weakref
from functools import cache
from typing import Any

import pytest
import torch
from tests.kernels.cells import CELLS
from tests.kernels.problems import Problem, draw, run
from tests.tolerance import assert_all_close, assert_close
from torch import Tensor

from elman.ops.trace import PARTS, Trace

LENGTHS = (7, 5, 5, 2, 1)
SIZES = [(1, 1), (4, 3), (9, 9), (16, 5), (33, 17)]  # H, I
# Large enough to be shared: by rows, and by units where there are fewer rows than threads; the last one goes past the
# caches.
SHARED = [
    Problem("rnn_tanh", 160, 25, 33, 150),
    Problem("lstm", 24, 2, 7, 203),
    Problem("lstm", 41, 9, 33, 67, reverse=True, lengths=(41, 40, 40, 33, 33, 20, 11, 2, 1)),
    Problem("gru", 30, 2, 7, 236),
    Problem("gru_reset_before", 30, 2, 7, 236),
    Problem("lstm", 112, 128, 3, 64),
]


def recorded(operation: Any, problem: Problem, dtype: torch.dtype) -> dict[str, Tensor]:
    """Every part of a trace by name, of a forward and a backward pass."""
    trace = Trace()

    def traced(*arguments: Any) -> Any:
        return operation(*arguments, trace=trace)

    run(traced, problem, draw(problem), dtype)
    found = {name: trace[name].clone() for name in PARTS if name in trace}
    if "gates" in found:
        found["gates"] = found["gates"][..., : CELLS[problem.cell].gates, :]  # the GRU's kernels keep more
    return found


@cache
def wanted(problem: Problem) -> dict[str, Tensor]:
    """Return the parts by the reference, which are the same for every instruction set."""
    return recorded(CELLS[problem.cell].reference, problem, torch.float64)


def compare(problem: Problem) -> None:
    assert_all_close(recorded(CELLS[problem.cell].native, problem, torch.float32), wanted(problem))


@pytest.mark.parametrize("lengths", [(), LENGTHS], ids=["dense", "packed"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_part_equals_the_reference(
    instruction_set: str, cell: str, reverse: bool, lengths: tuple[int, ...]
) -> None:
    for H, I in SIZES:  # noqa: E741
        compare(Problem(cell, 7, 5, I, H, reverse=reverse, lengths=lengths))


@pytest.mark.parametrize("problem", SHARED, ids=lambda p: f"{p.cell}-{p}")
def test_every_part_however_the_work_is_shared(problem: Problem) -> None:
    for threads in (1, 3):
        torch.set_num_threads(threads)
        compare(problem)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_is_written_by_itself(instruction_set: str, part: str) -> None:
    problem = Problem("lstm", 7, 5, 3, 9)
    x, *rest = (t.float().requires_grad_() for t in draw(problem))
    trace = Trace([part])
    CELLS["lstm"].native(x, *rest, trace=trace)[0].square().sum().backward()
    assert {name for name in (*PARTS, "x") if name in trace} == {part} | ({"x"} if part == "dgates" else set())
    assert trace[part].isfinite().all()


@pytest.mark.parametrize("cell", ["rnn_tanh", "rnn_relu"])
def test_an_rnns_sums_are_the_same_written_or_derived(cell: str) -> None:
    """Whatever is kept beside them, and after a second backward pass too."""
    x, h_0, *weights = (t.float().requires_grad_() for t in draw(Problem(cell, 7, 5, 3, 9)))
    written, derived = Trace(["dgates"]), Trace()
    for trace in (written, derived):
        y, *_ = CELLS[cell].native(x, h_0, *weights, trace=trace)
        y.square().sum().backward(retain_graph=True)
        once = trace["dgates"].clone()
        y.square().sum().backward()
        assert_close(trace["dgates"], 2 * once, "twice")
    assert_close(derived["dgates"], written["dgates"], "dgates")


def test_a_record_is_freed_with_its_last_reference() -> None:
    """Without a garbage collection: a training loop that waited for one took twice the time, for new memory."""
    trace = Trace()
    inputs = [t.float().requires_grad_() for t in draw(Problem("rnn_tanh", 7, 5, 3, 9))]
    CELLS["rnn_tanh"].native(*inputs, trace=trace)[0].sum().backward()
    assert trace["dgates"].isfinite().all()
    gc.disable()
    try:
        left = weakref.ref(trace)
        del trace
        assert left() is None
    finally:
        gc.enable()


def test_a_step_that_was_not_written_is_found() -> None:
    problem = Problem("gru", 7, 5, 3, 9)
    got = recorded(CELLS["gru"].native, problem, torch.float32)
    want = recorded(CELLS["gru"].reference, problem, torch.float64)
    got["dgates"][3, 2, 1, -1] = torch.empty(1)
    with pytest.raises(AssertionError, match="dgates: relative error nan"):
        assert_all_close(got, want)
