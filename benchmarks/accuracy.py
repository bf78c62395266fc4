"""How far Elman's kernels are from the truth, beside torch's own float32 kernels on the same inputs.

    python -m benchmarks.accuracy

The truth is the reference in float64. An error is the root of the mean square over a whole tensor: the largest single
error is a matter of luck, and the contract (at most twice torch's error) is about the kernels. tests/kernels holds the
same table to that contract. Torch has no GRU that resets before the product; there its part is taken by the reference
in float32, which is torch's matrix products and functions under a plain loop.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from elman import kernels
from elman.ops import reference
from elman.ops.run import run
from elman.ops.trace import Trace

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


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    columns = ["y", "h_n", "c_n", *(f"grad {name}" for name in (*INPUTS[2], *WEIGHTS))]
    print(f"Elman's error divided by torch's, both against float64; {ALLOWED:g} is allowed\n")
    print(f"{'cell':17}{'problem':16}{'set':9}" + "".join(f"{c.removeprefix('grad '):>10}" for c in columns))
    print(f"{'':42}{'':30}" + "".join(f"{'gradient':>10}" for _ in columns[3:]))
    worst = 0.0
    for name, cell in CELLS.items():
        for problem in PROBLEMS:
            for chosen, row in ratios(cell, problem, kernels.instruction_sets()).items():
                cells = "".join(f"{row[c]:10.2f}" if c in row else f"{'':10}" for c in columns)
                print(f"{name:17}{problem.name:16}{chosen:9}{cells}", flush=True)
                worst = max(worst, *row.values())
    print(f"\nworst {worst:.2f}")


if __name__ == "__main__":
    main()
