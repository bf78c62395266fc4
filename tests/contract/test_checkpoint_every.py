"""`checkpoint_every`: the results of the plain pass, bit for bit, in memory that grows with the root of T."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.contract.registry import CASES, CELLS, RUNS, Case, Cell, Run, pair, results
from tests.tolerance import assert_all_close
from torch import Tensor

import elman
from elman import kernels
from elman.errors import InputError
from elman.ops.dispatch import use_backend

LENGTHS: list[Any] = [1, 5, "sqrt", 100]
DROPPED = Case("dropped", options={"num_layers": 2, "dropout": 0.4, "bidirectional": True})
FEW = ["plain", "stacked_both_ways", "packed_unsorted", "unbatched"]  # for the reference, which is slow
RUN_CASES = [
    (run, case)
    for run in RUNS
    for case in [*CASES, DROPPED]
    if run.backend == "native" or (run == Run("reference", torch.float64) and case.name in FEW)
]
NATIVE = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())


def assert_same(got: dict[Any, Tensor], want: dict[Any, Tensor], *, exact: bool = True) -> None:
    if not exact:
        assert_all_close(got, want)
        return
    for name, value in want.items():
        assert torch.equal(got[name], value), name


@pytest.mark.parametrize(("run", "case"), RUN_CASES, ids=str)
def test_the_plain_pass_bit_for_bit(cell: Cell, run: Run, case: Case) -> None:
    layer, _ = pair(cell, case, run.dtype)
    exact = run.backend == "native" or not case.lengths  # the reference cuts and joins a packed batch's states

    def seeded(**options: Any) -> dict[str, Tensor]:
        torch.default_generator.manual_seed(5)
        with use_backend(run.backend):
            return results(layer, case, **options)

    want = seeded()
    for every in LENGTHS if run.backend == "native" else [2, "sqrt"]:
        assert_same(seeded(checkpoint_every=every), want, exact=exact)


def test_without_gradients(cell: Cell, run: Run) -> None:
    layer, _ = pair(cell, CASES[0], run.dtype)
    if run.backend == "torch":
        with pytest.raises(InputError, match=r"checkpoint_every runs on the native .* because forced .*use_backend"):
            layer(torch.zeros(7, 3, 5, dtype=run.dtype), checkpoint_every=3)
        return
    x = torch.randn(7, 3, 5, dtype=run.dtype)
    with torch.no_grad():
        assert torch.equal(layer(x, checkpoint_every=3)[0], layer(x)[0])


@pytest.mark.parametrize("every", [0, -1, True, 2.0, "root", [3]], ids=str)
def test_what_is_no_number_of_steps(cell: Cell, every: Any) -> None:
    layer = cell.layer(3, 4, **cell.options)
    with pytest.raises(ValueError, match=r"from 1 on, 'sqrt' or None, got .*'sqrt' needs"):
        layer(torch.zeros(5, 2, 3), checkpoint_every=every)


def test_a_recorded_layer_refuses(cell: Cell) -> None:
    layer = cell.layer(3, 4, **cell.options)
    with elman.record(layer), pytest.raises(InputError, match=r"keeps every step.*Leave out one"):
        layer(torch.zeros(5, 2, 3), checkpoint_every=2)


def kept_floats(layer: torch.nn.RNNBase, T: int, every: Any) -> int:
    """Return how many floats autograd keeps beyond x, y and the weights."""
    kept: dict[int, int] = {}
    x = torch.randn(T, 4, 5, dtype=layer.weight_ih_l0.dtype)

    def note(t: Tensor) -> Tensor:
        kept[t.untyped_storage().data_ptr()] = t.numel()
        return t

    with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        y, _ = layer(x, checkpoint_every=every)
    known = {t.untyped_storage().data_ptr() for t in (x, y, *layer.parameters())}
    return sum(size for where, size in kept.items() if where not in known)


@pytest.mark.parametrize("name", ["lstm", "gru", "gru_reset_before"])
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_what_is_kept_grows_with_the_root(name: str, backend: str) -> None:
    cell = next(cell for cell in CELLS if cell.name == name)
    run = next((run for run in RUNS if run.backend == backend), None)
    if run is None:
        pytest.skip(f"no {backend} backend here")
    layer = cell.layer(5, 8, **cell.options).to(run.dtype)
    with use_backend(backend):
        short, long = (kept_floats(layer, T, "sqrt") for T in (100, 400))
        plain = kept_floats(layer, 400, None)
    state = 4 * 8  # of each segment, h, which the native backend finds in y, and c
    assert short <= 2 * 10 * state
    assert long <= 2 * 20 * state
    assert plain >= 3 * 400 * state


PEAK = """
import os, re, torch, elman
def peak():
    return int(re.search(r"VmHWM:\\s*(.*) kB", open("/proc/self/status").read())[1]) * 1024
torch.set_num_threads(1)
layer, x = elman.LSTM(4, 64), torch.zeros(10000, 4, 4)
layer(x[:10])[0].sum().backward()
for every in None, 150:
    if os.fork() == 0:  # a peak of its own
        before = peak()
        y, _ = layer(x, checkpoint_every=every)
        y.backward(torch.ones_like(y))
        print((peak() - before) / y.nbytes, flush=True)
        os._exit(0)
    assert os.wait()[1] == 0
"""


@NATIVE
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_peak_of_a_process() -> None:
    """The plain pass needs the four gates and c of every step besides: five times the size of y."""
    environment = {"PYTHONPATH": str(Path(elman.__file__).parents[1])}
    command = [sys.executable, "-c", PEAK]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    plain, segmented = map(float, done.stdout.split())
    assert plain - segmented > 4.5


@NATIVE
def test_second_derivatives_are_those_of_the_plain_pass(cell: Cell) -> None:
    """A graph of the gradients is made by the reference, which keeps every step."""
    layer = cell.layer(5, 4, **cell.options)
    x = torch.randn(7, 3, 5, requires_grad=True)

    def second(every: Any) -> Tensor:
        y, _ = layer(x, checkpoint_every=every)
        (first,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
        return torch.autograd.grad(first.square().sum(), x)[0]

    assert torch.equal(second(2), second(None))


@NATIVE
@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.parametrize("cell", [CELLS[0], CELLS[-1]], ids=str)  # without gates and with
def test_compiled_in_one_graph(cell: Cell) -> None:
    layer, _ = pair(cell, CASES[0], torch.float32)
    want = results(layer, CASES[0])
    layer.compile(fullgraph=True, backend="aot_eager")
    assert_same(results(layer, CASES[0], checkpoint_every=3), want)


@NATIVE
@pytest.mark.usefixtures("fresh_compiler")
def test_compiled_once_for_any_length() -> None:
    layer = elman.LSTM(3, 4)
    compiled = torch.compile(lambda x: layer(x, checkpoint_every="sqrt")[0], fullgraph=True, backend="aot_eager")
    graphs = torch._dynamo.utils.counters["stats"]
    before = graphs["unique_graphs"]
    for T in (7, 20, 50):
        x = torch.randn(T, 2, 3)
        got, want = (
            dict(enumerate([y, *torch.autograd.grad(y.sum(), list(layer.parameters()))]))
            for y in (compiled(x), layer(x)[0])
        )
        assert_same(got, want)
    assert graphs["unique_graphs"] - before <= 2
