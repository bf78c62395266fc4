"""Outputs may be changed in place before the backward pass: the gradients are those of the layer's own outputs."""

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from tests.contract.registry import Case, Cell, Run, pair
from tests.tolerance import assert_all_close
from torch import Tensor, nn
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence
from torch.utils.checkpoint import checkpoint

import elman
from elman import kernels
from elman.ops.native import recurrence
from elman.ops.reference import CELLS

Change = Callable[[Tensor], Any]
CHANGES: dict[str, Change] = {
    "relu_": lambda y: y.relu_(),
    "a module": nn.ReLU(inplace=True),
    "mul_": lambda y: y.mul_(3),
    "dropout": lambda y: torch.nn.functional.dropout(y, 0.5, inplace=True),
    "a slice": lambda y: y[1:].mul_(0.25),
    "a view": lambda y: y.view(-1).add_(1),
    "an index": lambda y: y.__setitem__(0, 0.0),
    "without gradients": lambda y: torch.no_grad()(Tensor.zero_)(y.detach()),
}
CASES = [
    Case("plain", T=4, B=2),
    Case("batch_first", T=4, B=2, options={"batch_first": True}),
    Case("unbatched", B=0, T=4),
    Case("stacked", T=4, options={"num_layers": 2}),
    Case("both_ways", T=4, options={"bidirectional": True, "num_layers": 2}),
    Case("packed", lengths=(2, 4, 1)),
]


def gradients(module: nn.Module, case: Case, change: Change, run: Callable[..., Any] = lambda f, *a: f(*a)) -> Any:
    """Every gradient of a loss of outputs that were changed in place, computed by `run`."""
    draw = torch.Generator().manual_seed(7)
    dtype = next(module.parameters()).dtype

    def leaf(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.float64).to(dtype).requires_grad_()

    batch = [len(case.lengths)] if case.lengths else [case.B] if case.B else []
    steps = max(case.lengths) if case.lengths else case.T
    x = leaf(*([*batch, steps] if case.options.get("batch_first") else [steps, *batch]), case.I)

    def loss(x: Tensor) -> Tensor:
        torch.default_generator.manual_seed(3)
        packed = pack_padded_sequence(x, list(case.lengths), enforce_sorted=False) if case.lengths else x
        y, final = module(packed)
        y = y.data if isinstance(y, PackedSequence) else y
        change(y)
        final = final[0] if isinstance(final, tuple) else final
        final.mul_(2)
        return y.square().sum() + final.square().sum()

    leaves = {"x": x, **dict(module.named_parameters())}
    return dict(zip(leaves, torch.autograd.grad(run(loss, x), list(leaves.values())), strict=True))


class Copying(nn.Module):
    """A layer that hands out copies."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        for name, parameter in layer.named_parameters():
            self.register_parameter(name, parameter)
        self.__dict__["layer"] = layer

    def forward(self, sequence: Any) -> Any:
        y, final = self.layer(sequence)
        final = tuple(part.clone() for part in final) if isinstance(final, tuple) else final.clone()
        return (y._replace(data=y.data.clone()) if isinstance(y, PackedSequence) else y.clone()), final


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_has_the_gradients_of_a_copy(cell: Cell, change: Change) -> None:
    layer, _ = pair(cell, CASES[0], torch.float32)
    got, want = gradients(layer, CASES[0], change), gradients(Copying(layer), CASES[0], change)
    for name, value in want.items():
        assert torch.equal(got[name], value), name


@pytest.mark.parametrize("case", CASES, ids=str)
def test_as_torchs_in_every_case(cell: Cell, run: Run, case: Case) -> None:
    if run.backend == "torch" and cell.name == "lstm":
        pytest.skip("torch.nn's LSTM allows no change in place")
    layer, truth = pair(cell, case, run.dtype)
    change = CHANGES["mul_"]
    assert_all_close(gradients(layer, case, change), gradients(Copying(truth), case, change))


def checkpointed(loss: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    result: Tensor = checkpoint(loss, x, use_reentrant=False)
    return result


def offloaded(loss: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with save_on_cpu():
        return loss(x)


def hooked(loss: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Hooks that keep what they are given: torch then compares no versions."""
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        return loss(x)


@pytest.mark.parametrize("run", [checkpointed, offloaded, hooked], ids=lambda f: f.__name__)
def test_under_hooks_on_saved_tensors(cell: Cell, run: Any) -> None:
    layer, _ = pair(cell, CASES[0], torch.float32)
    change = CHANGES["a slice"]  # itself keeps nothing that a hook could have changed
    got = gradients(layer, CASES[0], change, run)
    want = gradients(Copying(layer), CASES[0], change)
    assert_all_close(got, want)


def test_with_segments(cell: Cell) -> None:
    layer, _ = pair(cell, CASES[0], torch.float32)
    want = gradients(layer, CASES[0], CHANGES["mul_"])
    layer.register_forward_pre_hook(lambda _, a, k: (a, {**k, "checkpoint_every": 2}), with_kwargs=True)
    got = gradients(layer, CASES[0], CHANGES["mul_"])
    assert all(torch.equal(got[name], value) for name, value in want.items())


def test_second_derivatives(cell: Cell) -> None:
    layer, _ = pair(cell, CASES[0], torch.float32)
    found = []
    for module in (layer, Copying(layer)):
        x = torch.ones(3, 2, layer.input_size, requires_grad=True)
        y = module(x)[0]
        y.mul_(2)
        (first,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
        found.append(torch.autograd.grad(first.square().sum(), x)[0])
    assert_all_close({"x": found[0]}, {"x": found[1]})


def test_backward_twice(cell: Cell) -> None:
    """The second pass must not find what the first one had torch overlook."""
    layer, _ = pair(cell, CASES[0], torch.float32)
    y = layer(torch.ones(3, 2, layer.input_size))[0]
    z = y * 1
    with torch.no_grad():
        y.zero_()
    once, twice = (torch.autograd.grad(z.sum(), layer.weight_hh_l0, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(once, twice)
    assert once.abs().sum() > 0


def test_recorded(cell: Cell) -> None:
    """The record is whole again after the backward pass."""
    layer, _ = pair(cell, CASES[0], torch.float32)
    x = torch.ones(3, 2, layer.input_size)
    with elman.record(layer) as record:
        y = layer(x)[0]
        want = y.detach().clone()
        y.mul_(2)
    y.sum().backward()
    if kernels.available():
        assert torch.equal(record.h, want)
    assert record.dh.shape == (3, 2, layer.hidden_size)


@pytest.mark.usefixtures("fresh_compiler")
def test_compiled_with_the_change_inside(cell: Cell) -> None:
    layer, _ = pair(cell, CASES[0], torch.float32)

    def loss(x: Tensor) -> Tensor:
        return layer(x)[0].mul_(2).square().sum()

    x = torch.ones(3, 2, layer.input_size)
    got = torch.autograd.grad(torch.compile(loss, backend="aot_eager")(x), layer.weight_hh_l0)[0]
    assert_all_close({"w": got}, {"w": torch.autograd.grad(loss(x), layer.weight_hh_l0)[0]})


@pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())
def test_the_registered_operation(cell: Cell) -> None:
    name = "rnn_relu" if cell.name == "rnn_relu" else cell.name
    size = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4}.get(name, 3) * 4
    weights = [torch.randn(size, 3), torch.randn(size, 4), torch.randn(size), torch.randn(size)]
    for weight in weights:
        weight.requires_grad_()
    state = [torch.randn(2, 4), torch.randn(2, 4) if name == "lstm" else None]
    x = torch.randn(5, 2, 3)
    given = (x, *state, *weights, None, name, False, 0)
    eager = recurrence(CELLS[name], x, [s for s in state if s is not None], weights)[0]
    plain = torch.autograd.grad(eager.mul(2).square().sum(), weights)
    for keep in (True, False):  # without, the backward pass computes what it needs
        y = torch.ops.elman.recurrence(*given, keep)[0]
        y.mul_(2)
        changed = torch.autograd.grad(y.square().sum(), weights)
        assert all(torch.equal(a, b) for a, b in zip(plain, changed, strict=True))


def test_nothing_is_kept_alive() -> None:
    """No cycle holds an output: it goes with its last reference, changed or not, under hooks or not."""
    layer = elman.GRU(3, 4)
    gc.disable()
    try:
        for run in (lambda f, x: f(x), hooked):
            x = torch.ones(3, 2, 3)
            y = run(lambda x: layer(x)[0], x)
            y.relu_().sum().backward()
            gone = weakref.ref(x), weakref.ref(y)
            del x, y
            assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()
