"""Full backpropagation through 100,000 steps: what `checkpoint_every` saves in memory, and what it costs in time.

python -m benchmarks.long_sequences

An LSTM with a linear head learns to foretell a number at every step. Memory is the peak of a process of its own that
does one update: interpreter, torch, data and optimiser included. Times are per step of the sequence, beside the plain
pass at a length that fits anywhere.
"""

import argparse
import resource
import subprocess
import sys

import torch
from torch import nn

import elman
from benchmarks.timing import Work, side_by_side

B, I, H = 8, 16, 128  # noqa: E741
SHORT, LONG = 4_000, 100_000
RUNS = {
    "plain, short": (SHORT, None),
    "segments, short": (SHORT, "sqrt"),
    "plain, long": (LONG, None),
    "segments, long": (LONG, "sqrt"),
}
PROMISED_MB, PROMISED_RATIO = 2_000, 1.5
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


def update(steps: int, checkpoint_every: str | None) -> Work:
    """One update of the network: forward, a loss over every output, backward, optimiser."""
    torch.manual_seed(0)
    layer, head = elman.LSTM(I, H), nn.Linear(H, 1)
    optimiser = torch.optim.SGD([*layer.parameters(), *head.parameters()], lr=0.01)
    x, target = torch.randn(steps, B, I), torch.randn(steps, B, 1)

    def work() -> None:
        optimiser.zero_grad()
        y, _ = layer(x, checkpoint_every=checkpoint_every)
        nn.functional.mse_loss(head(y), target).backward()
        optimiser.step()

    return work


def peak_mb(steps: int, checkpoint_every: str | None) -> int:
    """The memory that a process needs for one update."""
    arguments = ["--peak", str(steps), *([] if checkpoint_every is None else [checkpoint_every])]
    command = [sys.executable, "-m", "benchmarks.long_sequences", *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def print_peak(steps: int, checkpoint_every: str | None) -> None:
    update(steps, checkpoint_every)()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT // 1_000_000)


def main() -> int:
    """Print the table; 1 when a promise is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peak", nargs="+", metavar=("STEPS", "EVERY"), help="print the peak memory of one update")
    asked = parser.parse_args().peak
    if asked:
        print_peak(int(asked[0]), asked[1] if len(asked) > 1 else None)
        return 0
    torch.set_num_threads(2)
    peaks = {name: peak_mb(*run) for name, run in RUNS.items()}
    times = side_by_side({name: update(*run) for name, run in RUNS.items()}, rounds=3)
    per_step = {name: seconds / RUNS[name][0] for name, seconds in times.items()}
    print(f"\nOne update through the whole sequence, LSTM, B {B}, I {I}, H {H}, 2 threads")
    print(f"{'':18}{'T':>8}{'peak MB':>9}{'us a step':>11}{'ratio':>7}")
    for name, (steps, _) in RUNS.items():
        ratio = per_step[name] / per_step["plain, short"]
        print(f"{name:18}{steps:8,}{peaks[name]:9,}{per_step[name] * 1e6:11.2f}{ratio:7.2f}")
    met = peaks["segments, long"] < PROMISED_MB and ratio <= PROMISED_RATIO
    print(f"T {LONG:,} in {PROMISED_MB:,} MB at {PROMISED_RATIO} times the time: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
