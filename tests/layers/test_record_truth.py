"""Every recorded value, gradient and share of every cell and option, against autograd over a plain loop in float64."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.contract.registry import CELLS, RUNS, Cell, Run
from tests.layers.unrolled import padded, walk
from tests.tolerance import assert_all_close, assert_close
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import elman
from elman.ops.dispatch import use_backend

LSTM = next(cell for cell in CELLS if cell.name == "lstm")


@dataclass(frozen=True)
class Case:
    """A size and a configuration; `lengths` make a packed batch, B = 0 an input without a batch."""

    T: int = 5
    B: int = 3
    H: int = 4
    lengths: tuple[int, ...] = ()
    num_layers: int = 1
    bidirectional: bool = False
    bias: bool = True
    batch_first: bool = False
    proj_size: int = 0

    @property
    def all_lengths(self) -> tuple[int, ...]:
        return self.lengths or (self.T,) * max(1, self.B)


def leaf(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make(cell: Cell, case: Case, dtype: torch.dtype) -> Any:
    torch.manual_seed(0)
    options: dict[str, Any] = {"proj_size": case.proj_size} if case.proj_size else {}
    options |= {name: getattr(case, name) for name in ("num_layers", "bidirectional", "bias", "batch_first")}
    layer = cell.layer(3, case.H, **cell.options, **options).double()
    for parameter in layer.parameters():
        parameter.data.mul_(1.5)
    return layer.to(dtype)


def inputs(layer: Any, case: Case) -> tuple[Tensor, list[Tensor]]:
    """x (T, B, I) and the initial state, each (layers*D, B, H)."""
    batch, count = len(case.all_lengths), len(layer.all_weights)
    widths = [layer.proj_size or case.H, case.H][: 2 if layer.mode == "LSTM" else 1]
    x = leaf(max(case.all_lengths), batch, 3, seed=1)
    return x, [leaf(count, batch, width, seed=2 + k) for k, width in enumerate(widths)]


def loss(y: Tensor, final: list[Tensor], mask: Tensor) -> Tensor:
    """In which every output has its own weight."""
    weighed = (y * leaf(*y.shape, seed=7).to(y) * mask[..., None].to(y)).sum()
    return weighed + sum((s * leaf(*s.shape, seed=8 + k).to(s)).sum() for k, s in enumerate(final))


def mask_of(case: Case) -> Tensor:
    lengths = torch.tensor(case.all_lengths)
    return torch.arange(max(case.all_lengths))[:, None] < lengths[None]


def said(layer: Any, case: Case) -> dict[str, Tensor]:
    """Everything that a record says, by name."""
    x, state = inputs(layer, case)
    dtype = next(layer.parameters()).dtype
    x, state = x.to(dtype), [s.to(dtype) for s in state]
    given_x: Any = x
    if case.lengths:
        given_x = pack_padded_sequence(x, list(case.lengths), enforce_sorted=False)
    elif case.B == 0:
        given_x, state = x[:, 0], [s[:, 0] for s in state]
    elif case.batch_first:
        given_x = x.transpose(0, 1)
    layer.zero_grad()
    with elman.record(layer) as rec:
        y, final = layer(given_x, tuple(state) if len(state) == 2 else state[0])
    final = list(final) if len(state) == 2 else [final]
    if case.lengths:
        y, _ = pad_packed_sequence(y)
    elif case.B == 0:
        y, final = y[:, None], [s[:, None] for s in final]
    elif case.batch_first:
        y = y.transpose(0, 1)
    loss(y, final, mask_of(case)).backward()
    found = {}
    for name, k, direction in rec.names:
        assert name == ""
        steps, at = rec[k, direction], f"{k} {direction} "
        found |= {at + "h": steps.h, at + "dh": steps.dh, at + "h_0": steps.h_0}
        if layer.mode == "LSTM":
            found |= {at + "c": steps.c, at + "dc": steps.dc, at + "c_0": steps.c_0}
        found |= {at + gate: value for gate, value in steps.gates.items()}
        found |= {at + "d" + gate: value for gate, value in steps.dgates.items()}
        assert torch.equal(steps.mask, mask_of(case))
        assert steps.lengths.tolist() == list(case.all_lengths)
    for name, parameter in layer.named_parameters():
        shares = [rec.share(name, t) for t in range(max(case.all_lengths))]
        assert_close(torch.stack(shares).sum(0), parameter.grad, f"shares of {name}")
        found |= {f"share {name} {t}": share for t, share in enumerate(shares)}
    return found


def truth(layer: Any, case: Case) -> dict[str, Tensor]:
    """The same from the plain loop, sequence by sequence."""
    x, state = inputs(layer, case)
    weights = {name: p.detach().double().requires_grad_() for name, p in layer.named_parameters()}
    ys, finals, walks = [], [], []
    for b, length in enumerate(case.all_lengths):
        y, final, walked = walk(layer, weights, x[:length, b], [s[:, b] for s in state])
        ys.append(y)
        finals.append(final)
        walks.append(walked)
    y = nn.utils.rnn.pad_sequence(ys)
    loss(y, [torch.stack(parts, 1) for parts in zip(*finals, strict=True)], mask_of(case)).backward()
    found = {}
    for place, (k, direction) in enumerate(walks[0]):
        rows, at = [walked[k, direction] for walked in walks], f"{k} {direction} "
        found |= {at + "h": padded([r.h for r in rows]), at + "dh": padded([r.h for r in rows], grad=True)}
        found[at + "h_0"] = state[0][place]
        if layer.mode == "LSTM":
            found |= {at + "c": padded([r.c for r in rows]), at + "dc": padded([r.c for r in rows], grad=True)}
            found[at + "c_0"] = state[1][place]
        for name in rows[0].gates[0]:
            found[at + name] = padded([{t: g[name] for t, g in r.gates.items()} for r in rows])
        for name in rows[0].sums[0]:
            found[at + "d" + name] = padded([{t: a[name] for t, a in r.sums.items()} for r in rows], grad=True)
    return found


def compare(got: dict[str, Tensor], want: dict[str, Tensor]) -> None:
    assert_all_close({name: value for name, value in got.items() if not name.startswith("share")}, want)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    lengths = tuple(draw(st.lists(st.integers(1, 5), max_size=4)))
    return Case(
        draw(st.integers(1, 5)),
        draw(st.integers(0, 3)),
        draw(st.integers(1, 18)),
        lengths,
        draw(st.integers(1, 2)),
        draw(st.booleans()),
        draw(st.booleans()),
        not lengths and draw(st.booleans()),
    )


@given(st.sampled_from(CELLS), st.sampled_from([run for run in RUNS if run.backend != "torch"]), cases())
@settings(max_examples=30, deadline=None, derandomize=True)
@example(CELLS[0], RUNS[0], Case(num_layers=2, bidirectional=True, lengths=(2, 5, 1)))
@example(CELLS[1], RUNS[0], Case(num_layers=2, bidirectional=True, lengths=(2, 5, 1)))
@example(CELLS[2], RUNS[0], Case(num_layers=2, bidirectional=True, lengths=(2, 5, 1)))
@example(CELLS[3], RUNS[0], Case(num_layers=2, bidirectional=True, lengths=(2, 5, 1)))
@example(CELLS[4], RUNS[0], Case(num_layers=2, bidirectional=True, lengths=(2, 5, 1)))
def test_any_case_is_recorded_right(cell: Cell, run: Run, case: Case) -> None:
    layer = make(cell, case, run.dtype)
    with use_backend(run.backend):
        compare(said(layer, case), truth(layer, case))


@pytest.mark.parametrize("lengths", [(), (2, 5, 1)], ids=["dense", "packed"])
def test_a_projection_is_recorded_right(lengths: tuple[int, ...]) -> None:
    case = Case(lengths=lengths, proj_size=2, num_layers=2, bidirectional=True)
    layer = make(LSTM, case, torch.float64)
    compare(said(layer, case), truth(layer, case))


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_record_that_is_off_by_one_step_fails(cell: Cell) -> None:
    """The twin of all of the above: each part by itself, one step late."""
    case = Case()
    layer = make(cell, case, torch.float32)
    got, want = said(layer, case), truth(layer, case)
    compare(got, want)
    for name in want:
        if not name.endswith("_0"):
            with pytest.raises(AssertionError, match=f"{name}: relative error"):
                compare(got | {name: got[name].roll(1, 0)}, want)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_share_of_each_step_is_its_own(cell: Cell) -> None:
    """By giving every step weights of its own, and asking autograd for each one's gradient."""
    case = Case(T=3)
    layer = make(cell, case, torch.float64)
    got = said(layer, case)
    x, state = inputs(layer, case)
    per_step = [{n: p.detach().clone().requires_grad_() for n, p in layer.named_parameters()} for _ in range(case.T)]
    carried, ys = [tuple(s[:, b] for s in state) for b in range(case.B)], []
    for t in range(case.T):
        walks = [walk(layer, per_step[t], x[t : t + 1, b], list(carried[b])) for b in range(case.B)]
        carried = [tuple(final) for _, final, _ in walks]
        ys.append(torch.stack([y[0] for y, _, _ in walks]))
    loss(torch.stack(ys), [torch.stack(parts, 1) for parts in zip(*carried, strict=True)], mask_of(case)).backward()
    for t, weights in enumerate(per_step):
        for name, weight in weights.items():
            assert_close(got[f"share {name} {t}"], weight.grad, f"share {name} {t}")
