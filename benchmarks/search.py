"""Measure how much sooner two processes of one thread each end a search of 8 trials than one process.

python -m benchmarks.search [--epochs 60]

Both searches have the same trials, which the seed and the results before decide, and none is stopped early. The server
that forks the processes is started before, and its start is printed: it imports torch and scikit-learn, once for any
number of processes and trials.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import elman

TRIALS, RATIO_AT_MOST = 8, 0.6
ROWS = [[n % 7, n % 5, n % 3] for n in range(1000)]
LABELS = [x > y for x, y, _ in ROWS]


def seconds(folder: Path, workers: int, epochs: int, trials: int = TRIALS) -> float:
    """Return how long a search with so many workers takes."""
    model = elman.FeedForward(epochs=epochs, hidden_size=512, evaluate_every=10**6)  # one evaluation, so no pruning
    storage = folder / f"{workers}-{epochs}.log"
    began = time.perf_counter()
    elman.search(model, ROWS, LABELS, storage=storage, trials=trials, workers=workers, options=["learning_rate"])
    return time.perf_counter() - began


def main() -> int:
    """Print both times and their ratio; 1 when it is above the promise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60, help="of each trial")
    epochs = parser.parse_args().epochs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = seconds(folder, 2, 1, trials=2)
        one, two = (seconds(folder, workers, epochs) for workers in (1, 2))
    ratio = two / one
    print(f"\nA search of {TRIALS} trials, seconds of wall clock (start of the processes, once: {start:.1f})")
    print(f"one worker   {one:7.1f}\ntwo workers  {two:7.1f}")
    print(f"ratio        {ratio:7.2f}   at most {RATIO_AT_MOST}: {'met' if ratio <= RATIO_AT_MOST else 'MISSED'}")
    return int(ratio > RATIO_AT_MOST)


if __name__ == "__main__":
    sys.exit(main())
