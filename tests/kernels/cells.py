"""The cells that the kernels' tests and `python -m benchmarks.accuracy` run over: Elman's, torch's, the reference's."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from elman.ops import reference
from elman.ops.run import run
from elman.ops.trace import Trace

Operation = Callable[..., tuple[Tensor, ...]]


@dataclass(frozen=True)
class Cell:
    """One equation, three times: Elman's kernels, torch's, and the reference."""

    gates: int
    states: int
    native: Operation
    reference: Operation
    torch: Operation


def _torch(function: Operation, x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
    *states, weight_ih, weight_hh, bias_ih, bias_hh = rest
    hx = tuple(s[None] for s in states)
    weights = [weight_ih, weight_hh, bias_ih, bias_hh]
    y, *final = function(x, hx if len(hx) == 2 else hx[0], weights, True, 1, 0.0, False, False, False)
    return y, *(s[0] for s in final)


def _ours(
    name: str, backend: str, x: Tensor, *rest: Any, segment: int = 0, trace: Trace | None = None
) -> tuple[Tensor, ...]:
    cell = reference.CELLS[name]
    states = len(cell.states)
    state, weights, others = rest[:states], rest[states : states + 4], rest[states + 4 :]
    return run(cell, backend, x, state, weights, *others, segment=segment, trace=trace)


def _cell(name: str) -> Cell:
    cell, native, truth = reference.CELLS[name], partial(_ours, name, "native"), partial(_ours, name, "reference")
    peer = truth if cell.missing_in_torch else partial(_torch, getattr(torch, name))
    return Cell(len(cell.gates), len(cell.states), native, truth, peer)


CELLS = {name: _cell(name) for name in reference.CELLS}
INPUTS = {1: ("x", "h_0"), 2: ("x", "h_0", "c_0")}
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
