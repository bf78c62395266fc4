"""Train the text generator with its default options, then with drawn ones for the same seconds of the processor.

    python -m benchmarks.unseen.settings                       # two short texts, twenty settings each
    python -m benchmarks.unseen.settings sonnets --count 10    # other texts of `benchmarks.unseen`

What counts is the least held-out loss of the network alone. The defaults may be 5 % above the best of the drawn ones.
"""

import argparse
import contextlib
import sys
import time
from typing import Any

import numpy as np
import torch

import elman
from benchmarks import datasets
from benchmarks.naming import add_names
from benchmarks.unseen import archives
from benchmarks.unseen.sets_generate import SETS, Text

COUNT, WITHIN = 20, 0.05


class Watch(elman.Callback):
    """Notes the least held-out loss, and ends a training when its seconds are used up."""

    def __init__(self, seconds: float) -> None:
        self.start, self.seconds, self.best, self.taken = 0.0, seconds, np.inf, 0.0

    def on_start(self, plan: Any, counters: Any) -> None:
        """Start the clock."""
        self.start = time.process_time()

    def on_evaluation(self, progress: Any) -> None:
        """Keep the loss and the time."""
        self.best = min(self.best, progress.counters.validation)
        self.taken = time.process_time() - self.start

    def on_step(self, progress: Any) -> None:
        """Stop as Ctrl-C does."""
        if time.process_time() - self.start > self.seconds:
            raise KeyboardInterrupt


def drawn(random: np.random.Generator) -> dict[str, Any]:
    """Draw the options that the defaults choose."""
    return {
        "hidden_size": int(random.choice([64, 128, 192, 256, 384, 512])),
        "num_layers": int(random.integers(1, 3)),
        "batch_size": int(random.choice([4, 8, 16, 32, 64])),
        "k1": int(random.choice([32, 64, 128])),
        "learning_rate": round(float(10 ** random.uniform(-3, -1.7)), 4),
        "dropout": float(random.choice([0.0, 0.1, 0.2, 0.3, 0.5])),
    }


def trained(data: Text, options: dict[str, Any], seconds: float = np.inf) -> tuple[float, float, dict[str, Any]]:
    """Return the least held-out loss, the seconds until the last evaluation, and what was chosen."""
    watch, model = Watch(seconds), elman.TextGenerator(**options)
    with contextlib.suppress(KeyboardInterrupt):
        model.fit(data.training, callback=watch)
    return watch.best, watch.taken, getattr(model, "chosen_", {})


def compared(name: str, data: Text, count: int) -> bool:
    """Print the defaults and the drawn settings of a text, and say whether the defaults are near the best."""
    ours, seconds, chosen = trained(data, {})
    shown = ", ".join(f"{option} {value}" for option, value in chosen.items())
    print(
        f"{name}, {len(data.training):,} characters\n  {ours:.3f} nats, defaults, {seconds:.0f} s: {shown}", flush=True
    )
    random, losses = np.random.default_rng(0), []
    for _ in range(count):
        options = drawn(random)
        # Two evaluations in each pass and no patience: a setting has all of its time.
        more = {"epochs": 10_000, "patience": 10_000, "evaluate_every": _half_a_pass(data, options)}
        losses.append(trained(data, options | more, seconds)[0])
        print(f"  {losses[-1]:.3f} " + ", ".join(f"{option} {value}" for option, value in options.items()), flush=True)
    best = min(losses)
    met = ours <= (1 + WITHIN) * best
    print(f"  {ours / best:.3f} of the best of {count}: {'MET' if met else 'MISSED'}", flush=True)
    return met


def _half_a_pass(data: Text, options: dict[str, Any]) -> int:
    return max(len(data.training) // (int(options["batch_size"]) * int(options["k1"]) * 2), 1)


def main() -> int:
    """Compare on each text; the number of those that missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_names(parser, "texts", "text", [one.name for one in SETS])
    parser.add_argument("--count", type=int, default=COUNT)
    datasets.add_option(parser)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    missed = 0
    for one in SETS:
        if one.name not in arguments.texts and (arguments.texts or not one.quick):
            continue
        if missing := archives.missing(one.needs):
            print(f"{one.name}: not run: get it by {missing}", flush=True)
        else:
            missed += not compared(one.name, one.load(), arguments.count)
    return missed


if __name__ == "__main__":
    sys.exit(main())
