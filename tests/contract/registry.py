"""Every cell, and every way to use one: the contract suite runs over all of these.

A new cell is covered by one entry in CELLS.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from tests.contract.oracles import ResetBeforeGRU
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import elman
from elman import kernels


@dataclass(frozen=True)
class Cell:
    """A kind of layer and the truth it is held to.

    Attributes:
        name: How the tests call it.
        layer: Elman's layer.
        step: Elman's single-step module.
        truth: A module of torch's, or one with the same parameters, that computes the same.
        step_truth: The same for one step, or None where torch has none.
        gates: The rows of the weights, H each.
        options: What Elman's constructor is given.
        truth_options: What torch's is given.
    """

    name: str
    layer: type[nn.RNNBase]
    step: type[nn.Module]
    truth: type[nn.RNNBase]
    step_truth: type[nn.Module] | None
    gates: str
    options: dict[str, Any] = field(default_factory=dict)
    truth_options: dict[str, Any] = field(default_factory=dict)

    @property
    def in_torch(self) -> bool:
        return self.step_truth is not None

    def __str__(self) -> str:
        return self.name


RELU = {"nonlinearity": "relu"}
CELLS = [
    Cell("rnn_tanh", elman.RNN, elman.RNNCell, nn.RNN, nn.RNNCell, "a"),
    Cell("rnn_relu", elman.RNN, elman.RNNCell, nn.RNN, nn.RNNCell, "a", RELU, RELU),
    Cell("gru", elman.GRU, elman.GRUCell, nn.GRU, nn.GRUCell, "rzn"),
    Cell("gru_reset_before", elman.GRU, elman.GRUCell, ResetBeforeGRU, None, "rzn", {"reset_after": False}),
    Cell("lstm", elman.LSTM, elman.LSTMCell, nn.LSTM, nn.LSTMCell, "ifgo"),
]


@dataclass(frozen=True)
class Run:
    """A backend and the type it computes in."""

    backend: str
    dtype: torch.dtype

    def covers(self, cell: Cell) -> bool:
        return self.backend != "torch" or cell.in_torch

    def __str__(self) -> str:
        return f"{self.backend}-{str(self.dtype).removeprefix('torch.')}"


RUNS = [
    *([Run("native", torch.float32)] if kernels.available() else []),
    Run("reference", torch.float32),
    Run("reference", torch.float64),
    Run("torch", torch.float64),
]


# The runs of the fixture `run`. The reference computes the same in both types; in float32 `test_properties.py` runs it
# over any case, and the rest is a study.
FIXED = [
    pytest.param(run, marks=[pytest.mark.study] if str(run) == "reference-float32" else [], id=str(run)) for run in RUNS
]


# Every cell, every run, and the LSTM, whose state is a pair, on every backend: for what takes a second to compile.
FEW = {
    "rnn_tanh-torch-float64",
    "rnn_relu-native-float32",
    "gru-native-float32",
    "gru_reset_before-reference-float32",
    "lstm-native-float32",
    "lstm-reference-float64",
    "lstm-torch-float64",
}
# The same where the graph breaks, so that several are compiled: one cell on each backend.
FEWER = {"gru_reset_before-reference-float32", "lstm-native-float32", "lstm-torch-float64"}


def _pairs(few: set[str]) -> pytest.MarkDecorator:
    """Fixtures of one test: these pairs, and all others in a study."""
    return pytest.mark.parametrize(
        ("cell", "run"),
        [
            pytest.param(cell, run, marks=[pytest.mark.study] if f"{cell}-{run}" not in few else [], id=f"{cell}-{run}")
            for cell in CELLS
            for run in RUNS
            if run.covers(cell)
        ],
        indirect=True,
    )


compiled, compiled_in_pieces = _pairs(FEW), _pairs(FEWER)


@dataclass(frozen=True)
class Case:
    """A size, a configuration and a kind of input; `lengths` make a packed batch, B = 0 an unbatched input."""

    name: str
    T: int = 7
    B: int = 3
    I: int = 5  # noqa: E741
    H: int = 4
    lengths: tuple[int, ...] = ()
    state: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


CASES = [
    Case("plain"),
    Case("one_step", T=1),
    Case("two_steps", T=2),
    Case("zero_state", state=False),
    Case("one_row", B=1, H=7),
    Case("one_unit", I=1, H=1),
    Case("odd", B=5, I=3, H=13),
    Case("wide", T=3, B=2, I=9, H=131),
    Case("no_bias", options={"bias": False}),
    Case("reverse", options={"bidirectional": True}),
    Case("stacked", options={"num_layers": 3}),
    Case("stacked_both_ways", options={"num_layers": 2, "bidirectional": True}),
    Case("batch_first", options={"batch_first": True}),
    Case("unbatched", B=0),
    Case("unbatched_batch_first", B=0, options={"batch_first": True, "bidirectional": True}),
    Case("packed", lengths=(6, 4, 4, 1)),
    Case("packed_zero_state", lengths=(5, 2, 1), state=False),
    Case("packed_unsorted", lengths=(2, 7, 3), options={"num_layers": 2, "bidirectional": True}),
    Case("packed_one_row", lengths=(3,), options={"bidirectional": True}),
]


def pair(cell: Cell, case: Case, dtype: torch.dtype) -> tuple[nn.RNNBase, nn.RNNBase]:
    """Elman's layer, and its truth in float64 with the same parameters."""
    torch.default_generator.manual_seed(1)
    layer = cell.layer(case.I, case.H, **cell.options, **case.options)
    truth = cell.truth(case.I, case.H, **cell.truth_options, **case.options).double()
    truth.load_state_dict(layer.state_dict())
    return layer.to(dtype), truth


_TRUTHS: dict[str, dict[str, Tensor]] = {}


def truth_results(cell: Cell, case: Case, truth: nn.RNNBase) -> dict[str, Tensor]:
    """Results of the truth as `pair` makes it, computed once for all backends."""
    key = f"{cell} {case!r}"
    if key not in _TRUTHS:
        _TRUTHS[key] = {name: value.detach() for name, value in results(truth, case).items()}
    return _TRUTHS[key]


def results(
    layer: nn.RNNBase, case: Case, arrange: Callable[[Tensor], Tensor] = lambda x: x, **options: Any
) -> dict[str, Tensor]:
    """Output, final state and every gradient by name, of a loss in which each output has its own weight.

    The layer is called with the `options`.
    """
    weight = next(layer.parameters())
    draw = torch.Generator().manual_seed(2)

    def leaf(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.float64).to(weight.dtype).requires_grad_()

    x, sequence, batch = _input(leaf, case, arrange)
    count = len(layer.all_weights)
    sizes = [layer.proj_size or case.H, case.H][: 2 if layer.mode == "LSTM" else 1]
    states = [leaf(count, *batch, size) for size in sizes] if case.state else []
    y, final = layer(sequence, (tuple(states) if len(sizes) == 2 else states[0]) if states else None, **options)
    finals = final if len(sizes) == 2 else (final,)
    found = {"y": y.data if isinstance(y, PackedSequence) else y, "h_n": finals[0]}
    if len(sizes) == 2:
        found["c_n"] = finals[1]
    loss = sum((value * leaf(*value.shape).detach()).sum() for value in found.values())
    leaves = {"x": x, **dict(zip(("h_0", "c_0"), states, strict=False)), **dict(layer.named_parameters())}
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return found | {f"grad {name}": g for name, g in zip(leaves, gradients, strict=True)}


def _input(leaf: Any, case: Case, arrange: Any) -> tuple[Tensor, Any, list[int]]:
    if case.lengths:
        x = leaf(max(case.lengths), len(case.lengths), case.I)
        return x, pack_padded_sequence(arrange(x), list(case.lengths), enforce_sorted=False), [len(case.lengths)]
    if not case.B:
        x = leaf(case.T, case.I)
        return x, arrange(x), []
    x = leaf(*((case.B, case.T) if case.options.get("batch_first") else (case.T, case.B)), case.I)
    return x, arrange(x), [case.B]
