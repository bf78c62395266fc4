"""How soon the command line answers: `elman --help`, as a whole process, beside the interpreter alone and torch.

python -m benchmarks.startup
"""

import subprocess
import sys

from benchmarks.timing import Work, side_by_side

PROMISED_S = 0.3


def process(*command: str) -> Work:
    """A run of one command."""
    return lambda: subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True)


def main() -> int:
    """Print the times; 1 when the promise is missed."""
    times = side_by_side(
        {
            "elman --help": process("-m", "elman", "--help"),
            "python -c pass": process("-c", "pass"),
            "python -c 'import torch'": process("-c", "import torch"),
        }
    )
    print("\nStart, seconds of wall clock, medians")
    for name, seconds in times.items():
        print(f"{name:26}{seconds:7.3f}")
    met = times["elman --help"] <= PROMISED_S
    print(f"elman --help in {PROMISED_S} s: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
