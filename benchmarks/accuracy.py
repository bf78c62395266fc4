"""Print how far Elman's kernels are from the truth, compared with torch's own float32 kernels on the same inputs.

    python -m benchmarks.accuracy

tests/kernels/accuracy.py measures it, and tests/kernels/test_accuracy.py holds the same table to its contract.
"""

import argparse

from tests.kernels.accuracy import ALLOWED, PROBLEMS, ratios
from tests.kernels.cells import CELLS, INPUTS, WEIGHTS

from elman import kernels


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
