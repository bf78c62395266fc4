"""Measure how far the kernels are from float64, divided by the error of torch's own float32 kernels.

The truth is the reference in float64. An error is the root of the mean square over a whole tensor: the largest single
error is a matter of luck, and the contract (at most twice torch's error) is about the kernels. Torch has no GRU that
resets before the product; there its part is taken by the reference in float32, which is torch's matrix products and
functions under a plain loop.
"""

from dataclasses import dataclass

import torch
from tests.kernels.cells import INPUTS, WEIGHTS, Cell, Operation
from torch import Tensor

from elman import kernels

# Below this an error, relative to the tensor's own size, is the rounding of a float32: whoever has it has the best.
ROUNDING = 2.0**-25
ALLOWED = 2.0


@dataclass(frozen=True)
class Problem:
    """A sequence to run over, and how much larger than usual the weights are."""

    name: str
    T: int
    B: int
    I: int  # noqa: E741
    H: int
    weights: float = 1.0
    recurrent: float = 1.0


PROBLEMS = [
    Problem("small", 7, 5, 13, 17),
    Problem("wide", 20, 4, 200, 200),
    Problem("long", 1000, 2, 20, 200),
    Problem("many rows", 250, 64, 24, 40),
    Problem("saturated", 8, 8, 40, 200, weights=8, recurrent=8),
    Problem("saturated, long", 300, 2, 40, 136, weights=8),
]


def draw(cell: Cell, problem: Problem, seed: int = 0) -> list[Tensor]:
    """x, the initial states and the parameters, float32."""
    generator = torch.Generator().manual_seed(seed)
    rows, bound = cell.gates * problem.H, problem.H**-0.5

    def uniform(*shape: int) -> Tensor:
        return (torch.rand(shape, generator=generator) * 2 - 1) * bound

    x = torch.randn(problem.T, problem.B, problem.I, generator=generator)
    states = [torch.randn(problem.B, problem.H, generator=generator) * 0.5 for _ in range(cell.states)]
    weight_ih, weight_hh = uniform(rows, problem.I) * problem.weights, uniform(rows, problem.H) * problem.recurrent
    return [x, *states, weight_ih, weight_hh, uniform(rows) * problem.weights, uniform(rows) * problem.weights]


def results(operation: Operation, arguments: list[Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """Outputs, last states and every gradient by name."""
    leaves = [t.to(dtype).requires_grad_() for t in arguments]
    names = [*INPUTS[len(arguments) - 5], *WEIGHTS]
    outputs = operation(*leaves)
    generator = torch.Generator().manual_seed(1)
    grads = [torch.randn(out.shape, generator=generator).to(dtype) for out in outputs]
    found = dict(zip(("y", "h_n", "c_n"), outputs, strict=False))
    gradients = torch.autograd.grad(outputs, leaves, grads)
    return found | {f"grad {name}": g for name, g in zip(names, gradients, strict=True)}


def errors(got: dict[str, Tensor], truth: dict[str, Tensor]) -> dict[str, float]:
    """Relative error of each tensor, root mean square."""
    return {name: ((got[name].double() - want).norm() / want.norm()).item() for name, want in truth.items()}


def ratios(cell: Cell, problem: Problem, sets: list[str]) -> dict[str, dict[str, float]]:
    """For each instruction set and tensor, Elman's error divided by torch's."""
    arguments = draw(cell, problem)
    truth = results(cell.reference, arguments, torch.float64)
    peer = errors(results(cell.torch, arguments, torch.float32), truth)
    before, found = kernels.instruction_set(), {}
    try:
        for name in sets:
            kernels.use_instruction_set(name)
            ours = errors(results(cell.native, arguments, torch.float32), truth)
            found[name] = {what: ours[what] / max(peer[what], ROUNDING) for what in truth}
    finally:
        kernels.use_instruction_set(before)
    return found
