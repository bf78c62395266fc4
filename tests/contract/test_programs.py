"""Programs compile, export, autocast and distribute a layer, and compute with it in reduced precision."""

from typing import Any

import pytest
import torch
from tests.contract.registry import CELLS, RUNS, Case, Cell, Run, compiled, compiled_in_pieces, pair, results
from tests.tolerance import assert_all_close, assert_close
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from elman.ops import dispatch
from elman.ops.dispatch import use_backend

CASE = Case("stacked_both_ways", options={"num_layers": 2, "bidirectional": True})


@pytest.mark.usefixtures("fresh_compiler")
@compiled
def test_compiled_in_one_graph(cell: Cell, run: Run) -> None:
    """Forward and backward; two steps, because the compiler unrolls the reference's loop."""
    case = Case("two_steps", T=2, options={"bidirectional": run.backend != "reference"})
    layer, truth = pair(cell, case, run.dtype)
    layer.compile(fullgraph=True, backend="aot_eager")
    assert_all_close(results(layer, case), results(truth, case))


@pytest.mark.usefixtures("fresh_compiler")
def test_compiled_follows_the_backend() -> None:
    """The choice is made again when another backend is forced or the type of the input changes."""
    case = Case("plain", T=2)
    layer, truth = pair(CELLS[-1], case, torch.float32)
    layer.compile(fullgraph=True, backend="eager")
    for backend in (None, "reference", "torch"):
        with use_backend(backend):
            assert_all_close(results(layer, case), results(truth, case))
    assert_all_close(results(layer.double(), case), results(truth, case))


@pytest.mark.usefixtures("fresh_compiler")
@compiled_in_pieces
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # torch's, at a graph break
def test_compiled_with_a_packed_batch(cell: Cell, run: Run) -> None:
    """The sizes of a packed batch are data, so that the graph may break; the result may not."""
    case = Case("packed", lengths=(2, 2, 1))
    layer, truth = pair(cell, case, run.dtype)
    layer.compile(backend="eager")
    assert_all_close(results(layer, case), results(truth, case))


@pytest.mark.usefixtures("fresh_compiler")
@compiled
def test_exported(cell: Cell, run: Run) -> None:
    layer, truth = pair(cell, CASE, run.dtype)
    x = torch.randn(2, 3, CASE.I, dtype=torch.float64)
    program = torch.export.export(layer, (x.to(run.dtype),))
    y, _ = program.module()(x.to(run.dtype))
    assert_close(y, truth(x)[0], "y")


@pytest.mark.usefixtures("fresh_compiler")
def test_exported_for_any_batch_and_length(cell: Cell) -> None:
    """On the operation's own graph; the reference unrolls its loop, so that its T is fixed."""
    layer, truth = pair(cell, CASE, torch.float32)
    if layer.backend != "native":
        pytest.skip(layer.backend.reason)
    T, B = torch.export.Dim("T", min=2), torch.export.Dim("B", min=2)
    program = torch.export.export(layer, (torch.randn(4, 3, CASE.I),), dynamic_shapes=({0: T, 1: B},))
    x = torch.randn(9, 5, CASE.I)
    assert_close(program.module()(x)[0], truth(x.double())[0], "y")


def test_autocast_is_torchs(cell: Cell) -> None:
    layer, _ = pair(cell, CASE, torch.float32)
    truth = cell.truth(CASE.I, CASE.H, **cell.truth_options, **CASE.options)
    truth.load_state_dict(layer.state_dict())
    x = torch.randn(4, 3, CASE.I)
    fails = cell.name == "lstm" and torch.bfloat16 in dispatch._FAILING_LSTM
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer.backend == ("torch" if cell.in_torch and not fails else "reference")
        assert "autocast is on" in layer.backend.reason
        if fails:
            with pytest.raises(RuntimeError):
                truth(x)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not fails):
        want = truth(x)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = layer(x)[0]
        assert layer(x.bfloat16())[0].shape == want.shape
    if cell.in_torch and not fails:
        assert torch.equal(got, want)
        assert got.dtype == want.dtype
    else:
        assert torch.allclose(got.float(), want.float(), atol=0.02)


@pytest.mark.usefixtures("process_group")
def test_distributed_data_parallel(cell: Cell, run: Run) -> None:
    layer, truth = pair(cell, CASE, run.dtype)
    wrapped = nn.parallel.DistributedDataParallel(layer)
    x = torch.randn(4, 3, CASE.I, dtype=torch.float64)
    wrapped(x.to(run.dtype))[0].square().sum().backward()
    truth(x)[0].square().sum().backward()
    assert_all_close(gradients(layer), gradients(truth))


def gradients(layer: nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.grad for name, parameter in layer.named_parameters()}


def test_bfloat16(cell: Cell) -> None:
    layer, truth = pair(cell, CASE, torch.bfloat16)
    assert layer.backend == ("torch" if cell.in_torch else "reference")
    truth.load_state_dict(layer.state_dict())
    x = torch.randn(4, 3, CASE.I, dtype=torch.bfloat16)
    assert_close(layer(x)[0], truth(x.double())[0], "y")


def test_second_derivatives(cell: Cell, run: Run) -> None:
    """The gradient of the gradient's square, as a gradient penalty takes it."""
    layer, truth = pair(cell, CASE, run.dtype)
    x = torch.randn(3, 2, CASE.I, dtype=torch.float64)
    assert_all_close(penalty(layer, x.to(run.dtype)), penalty(truth, x))


def penalty(layer: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    x = x.clone().requires_grad_()
    (first,) = torch.autograd.grad(layer(x)[0].square().sum(), x, create_graph=True)
    names = dict(layer.named_parameters())
    second = torch.autograd.grad(first.square().sum(), [x, *names.values()])
    return dict(zip(["x", *names], second, strict=True))


def test_inference_mode_and_no_grad(cell: Cell, run: Run) -> None:
    layer, truth = pair(cell, CASE, run.dtype)
    x = torch.randn(3, 2, CASE.I, dtype=torch.float64)
    for mode in (torch.inference_mode, torch.no_grad):
        with mode():
            y = layer(x.to(run.dtype))[0]
        assert not y.requires_grad
        assert_close(y.clone(), truth(x)[0], "y")


def test_packed_and_padded_agree(cell: Cell, run: Run) -> None:
    layer, _ = pair(cell, Case("plain"), run.dtype)
    x = torch.randn(6, 2, 5, dtype=run.dtype)
    packed, h_packed = layer(pack_padded_sequence(x, [6, 6]))
    padded, h_padded = layer(x)
    assert_close(packed.data, padded.flatten(0, 1), "y")
    assert_close(first(h_packed), first(h_padded), "h_n")


def first(state: Any) -> torch.Tensor:
    return state[0] if isinstance(state, tuple) else state


@pytest.mark.usefixtures("fresh_compiler")
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")  # torch's own
@pytest.mark.parametrize("backend", ["native", pytest.param("torch", marks=pytest.mark.study)])  # that compiles C++
def test_compiled_by_inductor(backend: str) -> None:
    run = next((run for run in RUNS if run.backend == backend), None)
    if run is None:
        pytest.skip(f"no {backend} backend here")
    case = Case("plain", T=2)
    layer, truth = pair(CELLS[-1], case, run.dtype)
    layer.compile(fullgraph=True)
    with use_backend(backend):
        assert_all_close(results(layer, case), results(truth, case))


def test_functional_gradients(cell: Cell) -> None:
    """`torch.func.grad` goes round the kernels, and says so."""
    case = Case("plain", T=3)
    layer, _ = pair(cell, case, torch.float32)
    x, parameters = torch.randn(3, 2, layer.input_size), dict(layer.named_parameters())
    seen = []

    def loss(parameters: dict[str, torch.Tensor]) -> torch.Tensor:
        seen.append(layer.backend)
        return torch.func.functional_call(layer, parameters, (x,))[0].square().sum()

    got = torch.func.grad(loss)(parameters)
    want = torch.autograd.grad(loss(parameters), list(parameters.values()))
    assert_all_close(got, dict(zip(got, want, strict=True)))
    assert seen[0] != "native"
