"""Compute the forward equations in torch, so that its autograd gives the gradients a second time.

The one module besides `from_torch.py` that imports torch. Only the forward equations are shared: no derivative rule is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from elman.worked.calculus.expr import Value
from elman.worked.calculus.operations import evaluate

TOLERANCE = 1e-9

_TORCH = SimpleNamespace(
    tanh=torch.tanh,
    sigmoid=torch.sigmoid,
    relu=torch.relu,
    softmax=lambda a: torch.softmax(a, -1),
    xlogy=lambda x, y: x * torch.log(torch.where(x == 0, torch.ones_like(y), y)),  # torch.xlogy: nan at x = y = 0
    concat=lambda a, b: torch.cat([a, b], -1),
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Hold the largest relative difference of each gradient from autograd's."""

    differences: Mapping[str, float]

    @property
    def largest(self) -> float:
        """Return the largest of them."""
        return max(self.differences.values(), default=0.0)

    @property
    def passed(self) -> bool:
        """Tell whether all agree to a relative 1e-9."""
        return self.largest <= TOLERANCE

    def __str__(self) -> str:
        verdict = "agree with" if self.passed else "DO NOT agree with"
        size = f"(largest relative difference {self.largest:.0e})"
        return f"{len(self.differences)} gradients {verdict} torch's autograd {size}"


def compare(values: Mapping[str, Value]) -> Comparison:
    """Differentiate the forward equations with torch and compare every gradient among the values."""
    tensors = _forward(values)
    wanted = {
        d.id: tensors[d.of.id] for d in values.values() if d.of is not None and d.id == d.of.name.d().id and d.of.uses
    }
    found = torch.autograd.grad(tensors["loss"], list(wanted.values()), allow_unused=True, materialize_grads=True)
    pairs = {name: (values[name].array, grad.numpy()) for name, grad in zip(wanted, found, strict=True)}
    return Comparison({name: _difference(ours, theirs) for name, (ours, theirs) in pairs.items()})


def _forward(values: Mapping[str, Value]) -> dict[str, Any]:
    tensors: dict[str, Any] = {}
    for value in values.values():
        if value.phase in {"parameter", "given"}:
            tensors[value.id] = torch.tensor(value.array, dtype=torch.float64, requires_grad=True)
        elif value.phase == "forward" and value.expr is not None:
            read, cut = (lambda v: tensors[v.id]), (lambda v: tensors[v.id].detach())
            # a copy, because `x_t` may be the very tensor of an embedding
            tensors[value.id] = evaluate(value.expr, read, cut, _TORCH).clone()
    return tensors


def _difference(ours: Any, theirs: Any) -> float:
    size = max(float(np.abs(theirs).max()), float(np.abs(ours).max()), 1e-300)
    return float(np.abs(ours - theirs).max()) / size
