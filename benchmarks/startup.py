"""Measure how soon the command line answers, as a whole process: help, a worked calculation, and the shortest start.

python -m benchmarks.startup
"""

import os
import subprocess
import sys

from benchmarks.timing import Work, side_by_side

PROMISED_S = {"elman --help": 0.3, "elman explain love-book": 0.4}
# An installed package has its modules compiled; a shell that forbids Python to keep them would compile them each time.
SHELL = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def process(*command: str) -> Work:
    """A run of one command."""
    return lambda: subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True, env=SHELL)


def main() -> int:
    """Print the times; 1 when a promise is missed."""
    times = side_by_side(
        {name: process("-m", *name.split()) for name in PROMISED_S}
        | {
            "python -c pass": process("-c", "pass"),
            "python -c 'import numpy, pydantic'": process("-c", "import numpy, pydantic"),
            "python -c 'import torch'": process("-c", "import torch"),
        }
    )
    print("\nStart, seconds of wall clock, medians")
    for name, seconds in times.items():
        promised = PROMISED_S.get(name)
        verdict = f"   under {promised} s: {'met' if seconds < promised else 'MISSED'}" if promised else ""
        print(f"{name:36}{seconds:7.3f}{verdict}")
    return int(any(times[name] >= promised for name, promised in PROMISED_S.items()))


if __name__ == "__main__":
    sys.exit(main())
