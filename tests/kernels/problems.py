"""Problems for the tests of kernels: a cell, a size and an arrangement, computed by the kernels and in float64."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import torch
from tests.kernels.cells import CELLS, INPUTS, WEIGHTS
from torch import Tensor


@dataclass(frozen=True)
class Problem:
    """One layer in one direction. `lengths` make a packed batch of that many rows, the longest first."""

    cell: str
    T: int
    B: int
    I: int  # noqa: E741
    H: int
    reverse: bool = False
    bias: bool = True
    lengths: tuple[int, ...] = ()
    layout: str = "plain"

    @property
    def batch_sizes(self) -> Tensor | None:
        if not self.lengths:
            return None
        return torch.tensor([sum(length > t for length in self.lengths) for t in range(max(self.lengths))])

    @property
    def names(self) -> list[str]:
        return [*INPUTS[CELLS[self.cell].states], *(WEIGHTS if self.bias else WEIGHTS[:2])]

    def __str__(self) -> str:
        marks = f"{'-reverse' * self.reverse}{'-no_bias' * (not self.bias)}{'-packed' * bool(self.lengths)}"
        return f"T{self.T}-B{self.B}-I{self.I}-H{self.H}{marks}-{self.layout}"


# The same values, standing otherwise in memory.
LAYOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "plain": lambda x: x,
    "transposed": lambda x: x.transpose(0, -2).contiguous().transpose(0, -2),
    "columns": lambda x: x.transpose(0, -1).contiguous().transpose(0, -1),
    "sliced": lambda x: torch.cat((x, x, x), -1)[..., x.shape[-1] : 2 * x.shape[-1]],
    "every_other": lambda x: torch.stack((x, -x), -1)[..., 0],
    "misaligned": lambda x: torch.cat((x.new_zeros(1), x.reshape(-1)))[1:].view(x.shape),
    "expanded": lambda x: x[:1].expand(x.shape),
}


def draw(problem: Problem) -> list[Tensor]:
    """x, the initial states and the parameters, in float64 but with the values of float32."""
    generator = torch.Generator().manual_seed(3)
    cell, (T, B, I, H) = CELLS[problem.cell], (problem.T, problem.B, problem.I, problem.H)  # noqa: E741

    def normal(*shape: int, scale: float = 1.0) -> Tensor:
        return (torch.randn(shape, generator=generator) * scale).double()

    x = normal(sum(problem.lengths), I) if problem.lengths else normal(T, B, I)
    rows, scale = cell.gates * H, max(H, 1) ** -0.5
    biases = [normal(rows, scale=0.5), normal(rows, scale=0.5)] if problem.bias else []
    states = [normal(B, H) for _ in range(cell.states)]
    return [x, *states, normal(rows, I, scale=scale), normal(rows, H, scale=scale), *biases]


# A test runs one problem again and again, and the drawing takes longer than the kernels. Nobody changes these.
drawn = lru_cache(maxsize=2)(draw)


def run(operation: Callable[..., Any], problem: Problem, values: list[Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Outputs, last states and every gradient, by name, of a loss that weighs each output by itself."""
    leaves = [t.detach().to(dtype).requires_grad_() for t in values]
    x = LAYOUTS[problem.layout](leaves[0])
    biases = [] if problem.bias else [None, None]
    outputs = operation(x, *leaves[1:], *biases, problem.batch_sizes, problem.reverse)
    generator = torch.Generator().manual_seed(4)
    pairs = [(out, torch.randn(out.shape, generator=generator).to(dtype)) for out in outputs]
    dependent, grads = zip(*(pair for pair in pairs if pair[0].requires_grad), strict=True)
    found = torch.autograd.grad(dependent, leaves, grads, materialize_grads=True)
    names = ("y", "h_n", "c_n")[: len(outputs)]
    return {k: v.detach() for k, v in zip(names, outputs, strict=True)} | {
        f"grad {name}": g for name, g in zip(problem.names, found, strict=True)
    }


def native(problem: Problem, values: list[Tensor] | None = None) -> dict[str, Tensor]:
    """By the kernels."""
    return run(CELLS[problem.cell].native, problem, drawn(problem) if values is None else values, torch.float32)


@cache
def truth(problem: Problem) -> dict[str, Tensor]:
    """By the reference, in float64; the same for every instruction set."""
    return run(CELLS[problem.cell].reference, problem, drawn(problem), torch.float64)
