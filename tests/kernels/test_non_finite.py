"""NaN and infinity come out where they go in, and only there; where torch has them too."""

from collections.abc import Callable, Iterator

import pytest
import torch
from tests.kernels.cells import CELLS
from tests.kernels.problems import Problem, draw, native, run
from torch import Tensor

cells = pytest.mark.parametrize("cell", CELLS)
VALUES = [torch.nan, torch.inf, -torch.inf]
EachSet = Callable[[], Iterator[str]]
SIZES = [(6, 5, 7, 9), (6, 13, 17, 33), (6, 1, 3, 4)]


def poisoned(problem: Problem, name: str, place: tuple[int, ...], value: float) -> list[Tensor]:
    found = draw(problem)
    found[problem.names.index(name)][place] = value
    return found


@cells
@pytest.mark.parametrize(("size", "reverse"), list(zip(SIZES, [False, True, True], strict=True)), ids=str)
@pytest.mark.parametrize("name", ["x", "h_0", "weight_ih", "weight_hh", "bias_hh"])
def test_the_same_numbers_are_finite_as_in_torch(
    each_set: EachSet, cell: str, name: str, reverse: bool, size: tuple[int, int, int, int]
) -> None:
    problem = Problem(cell, *size, reverse=reverse)
    place = {"x": (2, 0, 1), "h_0": (0, 2), "weight_ih": (1, 1), "weight_hh": (2, 3), "bias_hh": (0,)}[name]
    for value in VALUES:
        inputs = poisoned(problem, name, place, value)
        want = run(CELLS[cell].reference, problem, inputs, torch.float32)
        for instruction_set in each_set():
            for what, got in native(problem, inputs).items():
                assert torch.equal(got.isfinite(), want[what].isfinite()), f"{instruction_set}, {value}: {what}"


@cells
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_other_row_and_no_earlier_step(instruction_set: str, cell: str, size: tuple[int, int, int, int]) -> None:
    """And every other row keeps its bits, its gradients too."""
    problem = Problem(cell, *size)
    clean = native(problem)
    for value in VALUES:
        assert_others_are_clean(problem, value, clean)


def assert_others_are_clean(problem: Problem, value: float, clean: dict[str, Tensor]) -> None:
    bad, t = problem.B // 2, 3
    got = native(problem, poisoned(problem, "x", (t, bad, 0), value))
    others = [row for row in range(problem.B) if row != bad]
    for name in ("y", "grad x"):
        assert torch.equal(got[name][:, others], clean[name][:, others]), name
    for name in ("h_n", "c_n", "grad h_0", "grad c_0"):
        if name in got:
            assert torch.equal(got[name][others], clean[name][others]), name
    assert torch.equal(got["y"][:t], clean["y"][:t])
    if value != value:
        assert got["y"][t:, bad].isnan().all()
        assert got["h_n"][bad].isnan().all()


@cells
def test_a_nan_in_one_unit_of_the_state_stays_out_of_the_lanes_beyond(instruction_set: str, cell: str) -> None:
    """H = 17 leaves lanes empty in every vector; what they compute must reach no gradient."""
    problem = Problem(cell, 2, 3, 5, 17, lengths=(2, 2, 1))
    got = native(problem, poisoned(problem, "x", (4, 0), torch.nan))
    want = run(CELLS[cell].reference, problem, poisoned(problem, "x", (4, 0), torch.nan), torch.float32)
    for name in got:
        assert torch.equal(got[name].isnan(), want[name].isnan()), name


@pytest.mark.parametrize("cell", [name for name in CELLS if name != "rnn_relu"])
@pytest.mark.parametrize("size", [20.0, 100.0, 1e4, 1e30, torch.inf])
def test_large_sums_saturate(each_set: EachSet, cell: str, size: float) -> None:
    """Sigmoids and tanh reach 0, 1 and -1 and stay there."""
    problem = Problem(cell, 1, 2, 1, 16, bias=False)
    x, *rest = draw(problem)
    x.fill_(size)
    want = run(CELLS[cell].reference, problem, [x, *rest], torch.float64)
    for instruction_set in each_set():
        got = native(problem, [x, *rest])
        assert got["y"].isfinite().all(), instruction_set
        assert torch.allclose(got["y"].double(), want["y"], rtol=1e-5, atol=1e-30), instruction_set


@cells
@pytest.mark.parametrize("scale", [1e-20, 1e-39, 1e-42])
def test_small_numbers_survive(each_set: EachSet, cell: str, scale: float) -> None:
    """Denormal numbers are not flushed to 0 where torch keeps them."""
    problem = Problem(cell, 1, 2, 1, 16, bias=False)
    x, h_0, *rest = draw(problem)
    inputs = [x * scale, h_0 * scale, *rest]
    if cell == "lstm":
        inputs[2] = inputs[2] * scale
    want = run(CELLS[cell].reference, problem, inputs, torch.float64)
    for instruction_set in each_set():
        got = native(problem, inputs)
        assert torch.allclose(got["y"].double(), want["y"], rtol=1e-4, atol=1e-44), instruction_set
