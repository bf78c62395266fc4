"""Forward results have the same bits for any number of threads and any other rows; backward, at each number."""

import pytest
import torch
from tests.kernels.cells import CELLS
from tests.kernels.problems import Problem, draw, native, truth
from tests.tolerance import assert_all_close
from torch import Tensor

from elman import kernels

cells = pytest.mark.parametrize("cell", CELLS)
SETS = kernels.instruction_sets() if kernels.available() else []
THREADS = [2, 5]
# Large enough that the kernels do share the work: over rows, and over units where there are fewer rows than threads.
SHARED = [
    Problem("rnn_tanh", 80, 25, 33, 150),
    Problem("rnn_tanh", 36, 1, 7, 365),
    Problem("lstm", 30, 25, 33, 67),
    Problem("lstm", 15, 2, 7, 203),
    Problem("lstm", 41, 9, 33, 67, reverse=True, lengths=(41, 40, 40, 33, 33, 20, 11, 2, 1)),
    Problem("gru", 30, 25, 33, 77),
    Problem("gru", 15, 2, 7, 236),
    Problem("gru_reset_before", 30, 25, 33, 77),
    Problem("gru_reset_before", 15, 2, 7, 236),
    Problem("gru_reset_before", 30, 4, 33, 200, lengths=(30, 16, 3, 1)),
    # Weights read in place.
    Problem("lstm", 4, 7, 33, 203),
    Problem("gru", 3, 1, 33, 500),
    Problem("gru_reset_before", 4, 2, 7, 420, lengths=(4, 3)),
]


def identical(a: dict[str, Tensor], b: dict[str, Tensor], names: list[str]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in names)


# All with this machine's first set, and each with one of the others, so that each of these shares rows and units, dense
# and packed; the rest are studies.
PAIRS = [
    pytest.param(
        name,
        problem,
        marks=[pytest.mark.study] if at and len(SETS) > 2 and (place + at) % 2 else [],
        id=f"{name}-{problem.cell}-{problem}",
    )
    for at, name in enumerate(SETS)
    for place, problem in enumerate(SHARED)
]


@pytest.mark.parametrize(("instruction_set", "problem"), PAIRS, indirect=["instruction_set"])
def test_any_number_of_threads(instruction_set: str, problem: Problem) -> None:
    alone = native(problem)
    assert identical(native(problem), alone, list(alone))
    assert_all_close(alone, truth(problem))
    outputs = [name for name in alone if not name.startswith("grad")]
    for threads in THREADS:
        torch.set_num_threads(threads)
        first, again = native(problem), native(problem)
        assert identical(first, alone, outputs), f"{threads} threads"
        assert identical(first, again, list(first)), f"{threads} threads, again"
        assert_all_close(first, truth(problem))


def forward(cell: str, values: list[Tensor], batch_sizes: Tensor | None = None) -> tuple[Tensor, ...]:
    with torch.no_grad():
        return CELLS[cell].native(*(t.float() for t in values), batch_sizes)


@cells
@pytest.mark.parametrize(("T", "H"), [(6, 13), (6, 150), (3, 13), (1, 150)])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_row_has_its_bits_wherever_it_stands(instruction_set: str, cell: str, T: int, H: int, threads: int) -> None:
    """In a batch of 25, in another order, among 4, alone, and as a row of a packed batch."""
    torch.set_num_threads(threads)
    problem = Problem(cell, T, 25, 19, H)
    x, *rest = draw(problem)
    count = CELLS[cell].states
    states, weights = rest[:count], rest[count:]
    y, *final = forward(cell, [x, *rest])
    for rows in (torch.randperm(25), torch.tensor([7, 24, 0, 3]), torch.tensor([24]), torch.tensor([0, 24])):
        part, *part_final = forward(cell, [x[:, rows], *(s[rows] for s in states), *weights])
        assert torch.equal(part, y[:, rows])
        assert all(torch.equal(a, b[rows]) for a, b in zip(part_final, final, strict=True))
    lengths = torch.arange(25, 0, -1).clamp(max=T)
    sizes = (lengths[None] > torch.arange(T)[:, None]).sum(1)
    rows = torch.cat([x[t, :size] for t, size in enumerate(sizes.tolist())])
    packed, *_ = forward(cell, [rows, *states, *weights], sizes)
    assert torch.equal(packed, torch.cat([y[t, :size] for t, size in enumerate(sizes.tolist())]))


@cells
@pytest.mark.parametrize("pieces_of", [(5, 9, 26), (1, 3)], ids=["packed weights", "weights in place"])
def test_a_sequence_in_pieces_has_the_same_bits(instruction_set: str, cell: str, pieces_of: tuple[int, ...]) -> None:
    """Pieces of at most 4 steps have those of other sequences of at most 4 steps; longer ones, of longer ones."""
    problem = Problem(cell, sum(pieces_of), 3, 19, 33)
    x, *rest = draw(problem)
    count = CELLS[cell].states
    y, *final = forward(cell, [x, *rest])
    state, pieces = rest[:count], []
    for piece in x.split(pieces_of):
        part, *state = forward(cell, [piece, *state, *rest[count:]])
        pieces.append(part)
    assert torch.equal(torch.cat(pieces), y)
    assert all(torch.equal(a, b) for a, b in zip(state, final, strict=True))


@cells
def test_keeping_gates_for_the_backward_pass_changes_no_bit(instruction_set: str, cell: str) -> None:
    problem = Problem(cell, 5, 3, 19, 33)
    assert torch.equal(native(problem)["y"], forward(cell, draw(problem))[0])


def test_a_changed_bit_is_found() -> None:
    got, want = native(SHARED[2]), native(SHARED[2])
    got["y"][-1, -1, -1] = torch.nextafter(got["y"][-1, -1, -1], torch.tensor(9.0))
    assert not identical(got, want, ["y"])


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor flushes no denormals")
def test_every_thread_flushes_denormals_as_the_caller_does(instruction_set: str) -> None:
    """A state that decays through the smallest numbers; each thread has a setting of its own."""
    x, h_0, w_ih, w_hh, *_ = (t.float() for t in draw(Problem("rnn_tanh", 120, 25, 33, 150)))
    values = [torch.zeros_like(x), h_0, w_ih, w_hh * 0.3 / w_hh.norm(2), torch.zeros(150), torch.zeros(150)]
    smallest = torch.finfo(torch.float32).smallest_normal
    found = {}
    for flush in (False, True):
        for threads in (1, 3):
            torch.set_num_threads(threads)
            torch.set_flush_denormal(flush)
            try:
                found[flush, threads] = forward("rnn_tanh", values)[0]
            finally:
                torch.set_flush_denormal(False)
        assert torch.equal(found[flush, 1], found[flush, 3])
        y = found[flush, 3]
        assert ((y != 0) & (y.abs() < smallest)).any() == (not flush)
