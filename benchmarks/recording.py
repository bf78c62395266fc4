"""Measure the cost of a record: one layer, forward and backward, with all gates, states and gradients and without.

    python -m benchmarks.recording [--quick]

Both take turns in one run. Prints milliseconds, the ratio and whether it is within what the project has promised, and
the bytes that the record of one call holds.
"""

import argparse
import sys

import torch

import elman
from benchmarks.peers import CELLS, Problem, torch_like
from benchmarks.timing import side_by_side

THREADS = 2
# Largest first: until a program has freed memory in large pieces, the C library hands each piece back to the system at
# once, and fetching it again, page by page, took a tenth of the smallest shape's time.
SHAPES = [(64, 64, 512, 512), (64, 128, 128, 256), (32, 64, 64, 128)]
MOST = 1.10


def compare(problem: Problem, rounds: int) -> tuple[dict[str, float], int]:
    """Seconds without and with a record, and its bytes; two layers, so that one is recorded all the time."""
    (plain, _), layer = torch_like(problem, elman), problem.layer(elman)
    x, grad_y = problem.arrays()
    x.requires_grad_()
    inputs = [x, *layer.parameters()]
    with elman.record(layer, calls=1) as rec:

        def recorded() -> object:
            return torch.autograd.grad(layer(x)[0], inputs, grad_y)

        times = side_by_side({"plain": plain, "recorded": recorded}, rounds)
    return times, rec.nbytes


def main() -> int:
    """Run the table; the number of rows that missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 9 if parser.parse_args().quick else 25
    torch.set_num_threads(THREADS)
    missed = 0
    print(f"\nA record, forward + backward, float32, {THREADS} threads; times in ms, medians")
    print(f"{'cell':5}{'B,T,I,H':16}{'plain':>9}{'recorded':>10}{'ratio':>7}{'at most':>9}{'MB held':>14}")
    for shape in SHAPES:
        for cell in CELLS:
            times, nbytes = compare(Problem(cell, *shape), rounds)
            ratio = times["recorded"] / times["plain"]
            missed += ratio > MOST
            print(
                f"{cell:5}{','.join(map(str, shape)):16}{times['plain'] * 1e3:9.3f}{times['recorded'] * 1e3:10.3f}"
                f"{ratio:7.3f}{MOST:5.2f} {'met' if ratio <= MOST else 'MISSED':6}{nbytes / 1e6:9.1f}",
                flush=True,
            )
    return missed


if __name__ == "__main__":
    sys.exit(main())
