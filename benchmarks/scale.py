"""Training over ranks of `torchrun`: updates of a 2 x 256 LSTM in one process and in several, and the price on paper.

    python -m benchmarks.scale [--quick]

A global batch of 64 streams, 128 steps each, float32, Adam, clipping. Runs take turns; of the median updates of a
contestant's runs the least counts, because other work on the machine only slows them down. DDP is torch's
DistributedDataParallel around the same window with the same optimiser. The table of the all-reduce is computed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from elman.bptt import Clip, Position, Streams, Truncated
from elman.models.generate.options import TextOptions
from elman.models.networks.next_symbol import NextSymbol, mean_loss
from elman.models.networks.symbols import SymbolNetwork
from elman.train import Loop, ranks

HIDDEN, LAYERS, EMBEDDING, BATCH, STEPS, SYMBOLS = 256, 2, 64, 64, 128, 65
SPEED_AT_LEAST = 0.9
"""Of two ranks of one thread, relative to one process with two."""
RUNS = {  # ranks, threads of each, and what makes the updates
    "1 process, 2 threads": (1, 2, "loop"),
    "1 process, 1 thread": (1, 1, "loop"),
    "2 ranks, 1 thread each": (2, 1, "loop"),
    "2 ranks, 1 thread each, DDP": (2, 1, "ddp"),
    "4 ranks, 1 thread each": (4, 1, "loop"),
}
LATENCY_S = 50e-6
"""Of one message over TCP in a data centre."""
GFLOPS = 90
"""Of one core, about what the kernels reach in the runs above."""


def seconds_of_ring(count: int, weights: float, gigabits: float) -> float:
    """Return the seconds of one all-reduce of float32 weights: each rank sends and receives 2 (n - 1) / n of them."""
    return 2 * (count - 1) * (4 * weights / count / (gigabits * 1e9 / 8) + LATENCY_S)


def seconds_of_update(weights: float, targets: float) -> float:
    """Return the seconds of an update on one core: a forward pass multiplies and adds once, a backward pass twice."""
    return 6 * weights * targets / (GFLOPS * 1e9)


def paper() -> None:
    """Print the price of an all-reduce next to an update of a rank that has 64 streams, or 1 stream, of 128 steps."""
    print(f"\nAll-reduce on paper: a ring, {LATENCY_S * 1e6:.0f} us a message; ms, and its share of an update whose")
    print(f"rank computes at {GFLOPS} GFLOP/s on 8,192 or 128 targets (64 streams or 1, 128 steps)")
    print(f"{'weights':>11} {'ranks':>6} {'Gbit/s':>7} {'ms':>9} {'of 8,192':>9} {'of 128':>9}")
    for weights in (1e6, 1e7, 1e8):
        for count in (8, 64, 512):
            for gigabits in (10, 100):
                seconds = seconds_of_ring(count, weights, gigabits)
                shares = [seconds / (seconds + seconds_of_update(weights, targets)) for targets in (8192, 128)]
                line = f"{weights:11,.0f} {count:6} {gigabits:7} {seconds * 1e3:9.1f}"
                print(line + "".join(f" {share:9.1%}" for share in shares))


class Stamps(NextSymbol):
    """The task of a text, which notes when each update ends."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.stamps: list[float] = []

    def advance(self) -> None:
        self.stamps.append(time.perf_counter())
        super().advance()


class WholeWindow(nn.Module):
    """A window with its loss as one module, because DDP prepares its calls in `forward`."""

    def __init__(self, network: SymbolNetwork, through_time: Truncated) -> None:
        super().__init__()
        self.network, self.through_time, self.position = network, through_time, Position()

    def forward(self) -> Tensor:
        reach = self.through_time.run(self.network.recur, self.position)
        self.position = reach.after
        return mean_loss(self.network, reach)


def by_loop(task: Stamps, options: TextOptions) -> list[float]:
    """Return the moments at which the updates of Elman's loop ended."""
    Loop(task, options, {}, {}).run()
    return task.stamps


def by_ddp(task: Stamps, options: TextOptions) -> list[float]:
    """Return the moments at which the updates of a plain loop around DDP ended."""
    own = DistributedDataParallel(WholeWindow(task.network, task.through_time))
    parameters, clip = list(task.network.parameters()), Clip(options.clip)
    optimizer, stamps = torch.optim.Adam(parameters, lr=options.learning_rate), []
    while not task.through_time.ended(own.module.position):
        optimizer.zero_grad(set_to_none=True)
        loss = own()
        loss.backward()
        clip(parameters, loss)
        optimizer.step()
        stamps.append(time.perf_counter())
    return stamps


def rank(threads: int, how: str, updates: int) -> None:
    """Train as one of the ranks; the first prints the seconds of its updates, and of the all-reduce alone."""
    torch.set_num_threads(threads)
    ranks.join()
    torch.manual_seed(0)
    options = TextOptions(
        hidden_size=HIDDEN, num_layers=LAYERS, batch_size=BATCH, k1=STEPS, epochs=1, dropout=0.0, learning_rate=2e-3
    )
    network = SymbolNetwork(SYMBOLS, options, EMBEDDING)
    symbols = np.random.default_rng(0).integers(0, SYMBOLS, BATCH * STEPS * updates + 1)
    task = Stamps(network, Truncated(Streams(symbols, BATCH), STEPS), None, {})
    stamps = {"loop": by_loop, "ddp": by_ddp}[how](task, options)
    found = {"updates": np.diff(stamps).tolist(), "weights": sum(p.numel() for p in network.parameters())}
    if ranks.count() > 1:
        found["all-reduce"] = _all_reduce(found["weights"])
    if ranks.is_first():
        print(json.dumps(found))


def _all_reduce(weights: int) -> float:
    buffer, times = torch.zeros(weights), []
    for _ in range(12):
        distributed.barrier()
        start = time.perf_counter()
        distributed.all_reduce(buffer)
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def measured(name: str, updates: int) -> dict[str, Any]:
    """Run one of `RUNS` in processes of its own."""
    count, threads, how = RUNS[name]
    words = ["-m", "benchmarks.scale", "--rank", str(threads), how, str(updates)]
    if count > 1:
        words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count), *words]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def scaling(rounds: int, updates: int) -> bool:
    """Print the seconds of an update of each run, and say whether two ranks are fast enough."""
    results: dict[str, list[dict[str, Any]]] = {name: [] for name in RUNS}
    for _ in range(rounds):
        for name, result in results.items():
            result.append(measured(name, updates))
    weights = results[next(iter(RUNS))][0]["weights"]
    print(
        f"\nAn update: LSTM {LAYERS} x {HIDDEN}, {weights:,} weights, B {BATCH}, T {STEPS}, {os.cpu_count()} processors"
    )
    print(f"{'':29} {'ms':>7} {'speed':>7} {'targets/s':>11} {'all-reduce alone, ms':>21}")
    each = {name: min(statistics.median(one["updates"]) for one in result) for name, result in results.items()}
    whole = each["1 process, 2 threads"]
    for name, result in results.items():
        seconds, alone = each[name], [one["all-reduce"] for one in result if "all-reduce" in one]
        line = f"{name:29} {seconds * 1e3:7.1f} {whole / seconds:7.2f} {BATCH * STEPS / seconds:11,.0f}"
        print(line + (f"{statistics.median(alone) * 1e3:22.1f}" if alone else ""))
    speed = whole / each["2 ranks, 1 thread each"]
    met = "met" if speed >= SPEED_AT_LEAST else "MISSED"
    print(f"two ranks: {speed:.2f} of one process with two threads (at least {SPEED_AT_LEAST}): {met}")
    return speed >= SPEED_AT_LEAST


def main() -> int:
    """Run all; 1 where two ranks are too slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--rank", nargs=3, metavar=("THREADS", "HOW", "UPDATES"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rank:
        threads, how, updates = arguments.rank
        rank(int(threads), how, int(updates))
        return 0
    met = scaling(2 if arguments.quick else 5, 8)
    paper()
    return int(not met)


if __name__ == "__main__":
    sys.exit(main())
