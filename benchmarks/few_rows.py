"""Compare calls of few rows and few steps with torch's: layer with layer, cell with cell.

    python -m benchmarks.few_rows [--quick]

Prints Elman's time divided by torch's for every cell, hidden size, number of rows and of steps, in inference and in
training, and the worst entry of each limit. Both are given the state before; I = H. Training is a forward pass and the
gradients of the input, the state and every parameter, from fixed gradients of all outputs.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor

import elman
from benchmarks.peers import CELLS
from benchmarks.timing import Work

HIDDEN = (16, 32, 64, 128, 256, 512, 1024)
ROWS = (1, 2, 4, 8, 16)
STEPS = (1, 2, 4)
FORMS = ("cell", *STEPS)
LARGE = 256  # the hidden size from which the lower limit holds
MOST, MOST_LARGE = 1.05, 0.8


@dataclass(frozen=True)
class Entry:
    """One entry of the grid; `form` is "cell", or the number of steps of a layer's call."""

    threads: int
    mode: str
    form: str | int
    cell: str
    H: int
    B: int

    @property
    def most(self) -> float:
        """The limit of the ratio."""
        return MOST_LARGE if self.H >= LARGE else MOST

    def __str__(self) -> str:
        form = "cell" if self.form == "cell" else f"layer T {self.form}"
        return f"{self.cell} H {self.H} B {self.B} {form} {self.mode} {self.threads} threads"


def work(entry: Entry, library: Any) -> Work:
    """Return the call that is timed, on the parameters that every library gets."""
    torch.manual_seed(0)
    name = entry.cell + ("Cell" if entry.form == "cell" else "")
    module, training = getattr(library, name)(entry.H, entry.H), entry.mode == "training"
    steps, layers = ((), ()) if entry.form == "cell" else ((entry.form,), (1,))

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, entry.B, entry.H, requires_grad=training)

    x, states = draw(*steps), [draw(*layers) for _ in range(1 + (entry.cell == "LSTM"))]
    hx = states[0] if len(states) == 1 else tuple(states)

    def call() -> list[Tensor]:
        found = module(x, hx)
        return [found] if isinstance(found, Tensor) else _flat(found)

    if not training:
        return torch.no_grad()(call)
    inputs, grads = [x, *states, *module.parameters()], [torch.randn_like(out) for out in call()]
    return lambda: torch.autograd.grad(call(), inputs, grads)


def _flat(outputs: Any) -> list[Tensor]:
    first, second = outputs
    return [first, *second] if isinstance(second, tuple) else [first, second]


def ratio(entry: Entry, rounds: int, block_s: float) -> float:
    """Return the least time of a call of Elman's divided by torch's least.

    They take turns in short blocks. What a block loses to other programs only adds to its time, so the least counts; an
    entry over its limit goes on for up to three times the rounds.
    """
    torch.set_num_threads(entry.threads)
    works = work(entry, elman), work(entry, torch.nn)
    calls = [max(1, int(block_s / min(_seconds(call, 1) for _ in range(3)))) for call in works]
    best = [float("inf")] * 2
    for _ in range(3):
        for _ in range(rounds):
            best = [
                min(least, _seconds(*pair)) for least, pair in zip(best, zip(works, calls, strict=True), strict=True)
            ]
        if best[0] <= entry.most * best[1]:
            break
    return best[0] / best[1]


def _seconds(call: Work, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


def tables(arguments: argparse.Namespace) -> Iterator[tuple[Entry, float]]:
    """Print a table for each number of threads and each mode, and yield every entry with its ratio."""
    rounds, block_s = (5, 0.0005) if arguments.quick else (25, 0.001)
    cells = [arguments.cell] if arguments.cell else list(CELLS)
    for threads, mode in product([arguments.threads] if arguments.threads else (1, 2), ("inference", "training")):
        print(f"\n{mode}, {threads} thread{'s' * (threads > 1)}: Elman's time divided by torch's; ! over the limit")
        heads = [("cell" if form == "cell" else f"layer T {form}").ljust(7 * len(ROWS)) for form in FORMS]
        print(" " * 10 + " ".join(heads))
        print(f"{'H':>8}  " + " ".join("".join(f"B {B}".rjust(6) + " " for B in ROWS) for _ in FORMS))
        for cell, H in product(cells, HIDDEN):
            print(f"{cell:4}{H:4}  ", end="")
            for form in FORMS:
                for B in ROWS:
                    entry = Entry(threads, mode, form, cell, H, B)
                    found = ratio(entry, rounds, block_s)
                    print(f"{found:6.2f}{'!' if found > entry.most else ' '}", end="", flush=True)
                    yield entry, found
                print(" ", end="")
            print()


def main() -> int:
    """Print the grid; return the number of entries over their limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--cell", choices=list(CELLS), help="this cell alone")
    parser.add_argument("--threads", type=int, help="this number of threads alone")
    found = dict(tables(parser.parse_args()))
    print()
    for most, threads in product((MOST, MOST_LARGE), sorted({entry.threads for entry in found})):
        chosen = {entry: at for entry, at in found.items() if (entry.most, entry.threads) == (most, threads)}
        worst, missed = max(chosen, key=chosen.__getitem__), sum(at > most for at in chosen.values())
        print(f"limit {most:4.2f}, {missed} of {len(chosen)} over it; worst {chosen[worst]:.2f}: {worst}")
    return sum(at > entry.most for entry, at in found.items())


if __name__ == "__main__":
    sys.exit(main())
