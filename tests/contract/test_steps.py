"""RNNCell, GRUCell and LSTMCell: one step, as torch.nn's cells and as the layer over one step."""

from typing import Any

import pytest
import torch
from tests.contract.registry import CELLS, Cell, Run, compiled
from tests.tolerance import assert_all_close
from torch import nn

from elman.ops.dispatch import use_backend

I, H, B = 5, 7, 3  # noqa: E741
IN_TORCH = [cell for cell in CELLS if cell.in_torch]


def make(cell: Cell, run: Run, **options: Any) -> tuple[nn.Module, nn.Module]:
    """Elman's cell, and a layer of one step in float64 with the same parameters for a truth."""
    torch.default_generator.manual_seed(1)
    step = cell.step(I, H, **cell.options, **options)
    truth = cell.truth(I, H, **cell.truth_options, **options).double()
    truth.load_state_dict({f"{name}_l0": value for name, value in step.state_dict().items()})
    return step.to(run.dtype), truth


def one_step(module: nn.Module, *, batched: bool, state: bool) -> dict[str, torch.Tensor]:
    """The state after one step and every gradient, of a cell or of a layer over one step."""
    draw = torch.Generator().manual_seed(4)
    dtype = next(module.parameters()).dtype
    layer = isinstance(module, nn.RNNBase)
    pairwise = isinstance(module, nn.LSTMCell) or getattr(module, "mode", "") == "LSTM"

    def leaf(size: int) -> torch.Tensor:
        shape = (B, size) if batched else (size,)
        return torch.randn(shape, generator=draw, dtype=torch.float64).to(dtype).requires_grad_()

    x, hx = leaf(I), [leaf(H) for _ in range(1 + pairwise)]
    given = [h.unsqueeze(0) for h in hx] if layer else hx
    argument = (tuple(given) if pairwise else given[0]) if state else None
    after = module(x.unsqueeze(0), argument)[1] if layer else module(x, argument)
    parts = after if pairwise else (after,)
    if layer:
        parts = [part.squeeze(0) for part in parts]
    loss = sum((part * leaf(H).detach()).sum() for part in parts)
    names = {name.removesuffix("_l0"): p for name, p in module.named_parameters()}
    leaves = {"x": x, **({f"state {k}": h for k, h in enumerate(hx)} if state else {}), **names}
    found = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))
    return found | {f"after {k}": part for k, part in enumerate(parts)}


@pytest.mark.parametrize("state", [True, False], ids=["state", "zeros"])
@pytest.mark.parametrize("batched", [True, False], ids=["batched", "unbatched"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no_bias"])
def test_everything_equals_torch(cell: Cell, run: Run, bias: bool, batched: bool, state: bool) -> None:
    step, truth = make(cell, run, bias=bias)
    assert step.backend == run.backend
    assert_all_close(
        one_step(step, batched=batched, state=state),
        one_step(truth, batched=batched, state=state),
    )


def test_sabotage_is_found(cell: Cell, run: Run) -> None:
    step, truth = make(cell, run)
    with torch.no_grad():
        truth.weight_hh_l0[: H // 2].neg_()
    with pytest.raises(AssertionError, match="relative error"):
        assert_all_close(one_step(step, batched=True, state=True), one_step(truth, batched=True, state=True))


def test_same_seed_same_parameters_and_repr(cell: Cell) -> None:
    if cell.step_truth is None:
        assert repr(cell.step(I, H, **cell.options)) == f"GRUCell({I}, {H}, reset_after=False)"
        return
    torch.manual_seed(3)
    ours = cell.step(I, H, **cell.options)
    torch.manual_seed(3)
    truth = cell.step_truth(I, H, **cell.truth_options)
    assert repr(ours) == repr(truth)
    for name, value in truth.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name


@pytest.mark.usefixtures("fresh_compiler")
@compiled
def test_compiled_in_one_graph(cell: Cell, run: Run) -> None:
    step, truth = make(cell, run)
    step.compile(fullgraph=True, backend="aot_eager")
    assert_all_close(one_step(step, batched=True, state=True), one_step(truth, batched=True, state=True))


def twice(module: nn.Module, *shape: int, dtype: torch.dtype = torch.float32) -> Any:
    state = torch.zeros(*shape, dtype=dtype)
    return (state, state) if isinstance(module, nn.LSTMCell) else state


CALLS = {
    "three dimensions": (lambda m: m(torch.zeros(1, B, I)), "Expected input to be 1D or 2D, got 3D"),
    "a list": (lambda m: m([1.0]), "expected input to be a tensor.*torch.as_tensor"),
    "input too wide": (lambda m: m(torch.zeros(B, I + 1)), "Expected 5, got 6"),
    "double input": (lambda m: m(torch.zeros(B, I).double()), "does not match weight dtype.*Convert input"),
    "hx of three dimensions": (lambda m: m(torch.zeros(B, I), twice(m, 1, B, H)), "to be 1D or 2D, got 3D"),
    "hx too wide": (lambda m: m(torch.zeros(B, I), twice(m, B, H + 1)), r"size \(3, 7\), got \[3, 8\]"),
    "hx of another batch": (lambda m: m(torch.zeros(B, I), twice(m, B + 1, H)), r"size \(3, 7\), got \[4, 7\]"),
    "hx without batch": (lambda m: m(torch.zeros(B, I), twice(m, H)), r"size \(3, 7\), got \[7\]"),
    "hx with batch": (lambda m: m(torch.zeros(I), twice(m, 1, H)), r"size \(7,\), got \[1, 7\]"),
    "double hx": (lambda m: m(torch.zeros(B, I), twice(m, B, H, dtype=torch.float64)), "got torch.float64"),
    "hx of the other kind": (
        lambda m: m(torch.zeros(B, I), torch.zeros(B, H) if isinstance(m, nn.LSTMCell) else (torch.zeros(B, H),) * 2),
        "expected (hidden|hx) to be a t(ensor|uple)",
    ),
    "hx of numbers": (lambda m: m(torch.zeros(B, I), [1, 2]), "to be a tensor"),
}


@pytest.mark.parametrize(("call", "message"), CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("cell", IN_TORCH, ids=str)
def test_a_wrong_call_raises_what_torch_raises(cell: Cell, call: Any, message: str) -> None:
    with pytest.raises(Exception) as torchs:  # noqa: PT011  whatever torch raises
        call(cell.step_truth(I, H, **cell.truth_options))
    with pytest.raises(torchs.type, match=f"(?s){cell.step.__name__}.*{message}") as ours:
        call(cell.step(I, H, **cell.options))
    assert ours.type is torchs.type


def test_an_lstm_cell_wants_two_states() -> None:
    lstm = IN_TORCH[-1]
    for module in (lstm.step_truth(I, H), lstm.step(I, H)):
        with pytest.raises(RuntimeError, match="two hidden states"):
            module(torch.zeros(B, I), (torch.zeros(B, H),) * 3)


@pytest.mark.parametrize("backend", [None, "reference"])
def test_an_unknown_nonlinearity_raises_what_torch_raises(backend: str | None) -> None:
    rnn = IN_TORCH[0]
    for make_cell in (rnn.step_truth, rnn.step):
        with use_backend(backend), pytest.raises(RuntimeError, match="Unknown nonlinearity: sin"):
            make_cell(I, H, nonlinearity="sin")(torch.zeros(B, I))
