"""Measure what a stream's precision costs: nats of a text generator, accuracy of classifiers and taggers.

    python -m benchmarks.precision [--quick] [--data DIR]

Every model is trained once in float32, as a network that can take one step at a time, and read step by step in each
precision. Test rows are those of `benchmarks.jobs`.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

import elman
from benchmarks import datasets
from benchmarks.jobs_classify import columns, parts, series
from benchmarks.jobs_tag import letters_and_phones, lines_and_capitals
from benchmarks.naming import add_names
from benchmarks.shakespeare import RECIPE, TEXT
from elman.data.splits import split_rows
from elman.data.vocabulary import composed
from elman.kernels.stream import PRECISIONS

NATS = {"bfloat16": 0.002, "int8": 0.005}
"""Nats per character that a precision may cost."""
POINTS = {"int8": 0.2}
"""Percentage points of accuracy that a precision may cost."""
ONE_DIRECTION = {"bidirectional": False, "answer": "network"}

Streamed = Callable[[str], list[Any]]


def read(model: Any, sequences: Sequence[Sequence[Any]], precision: str) -> list[list[Any]]:
    """Return what a model says after each step of each sequence, all of them side by side."""
    stream = model.stream(batch=len(sequences), precision=precision)
    said = []
    for step in range(max(map(len, sequences))):  # a sequence that has ended repeats its last step
        now = [one[min(step, len(one) - 1)] for one in sequences]
        said.append(stream.step(np.stack(now) if isinstance(now[0], np.ndarray) else now))
    return [[said[step][row] for step in range(len(one))] for row, one in enumerate(sequences)]


def classifier(options: dict[str, Any], taught: tuple, unseen: tuple) -> dict[str, float]:
    """Return the accuracy of a classifier in each precision, in percent."""
    model = elman.SequenceClassifier(**options, **ONE_DIRECTION).fit(*taught)
    X, y = unseen
    tokenizer = getattr(model.preprocessor_.input, "tokenizer", None)
    steps = [tokenizer.split(composed(x)) if tokenizer else x for x in X]
    return {
        name: 100 * float(np.mean([said[-1] == truth for said, truth in zip(read(model, steps, name), y, strict=True)]))
        for name in PRECISIONS
    }


def tagger(options: dict[str, Any], rows: list, tags: list, cut: int) -> dict[str, float]:
    """Return the share of right tags of a tagger in each precision, in percent."""
    model = elman.SequenceTagger(**options, crf=False, **ONE_DIRECTION).fit(rows[:cut], tags[:cut])
    found = {}
    for name in PRECISIONS:
        pairs = zip(read(model, rows[cut:], name), tags[cut:], strict=True)
        found[name] = 100 * float(
            np.mean([tag == other for said, wanted in pairs for tag, other in zip(said, wanted, strict=True)])
        )
    return found


def surnames() -> dict[str, float]:
    X, y = columns("surnames.csv", "name", "language")
    return classifier({"tokens": "characters"}, *parts(X, y, split_rows(len(X), 0.2, "stratified", 0, y)))


def movie() -> dict[str, float]:
    X, y = columns("movie_snippets.csv", "text", "label")
    return classifier({"tokens": "words"}, *parts(X, y, split_rows(len(X), 0.2, "tail")))


def vowels() -> dict[str, float]:
    return classifier({}, *(series(datasets.path(f"JapaneseVowels_{part}.csv")) for part in ("train", "test")))


def mnist() -> dict[str, float]:
    with np.load(datasets.path("mnist_5k.npz")) as stored:
        X, y = list(stored["images"].astype(np.float32)), stored["labels"].tolist()
    return classifier({}, *parts(X, y, split_rows(len(X), 0.2, "stratified", 0, y)))


def phones() -> dict[str, float]:
    rows, tags = letters_and_phones()
    return tagger({}, rows, tags, int(0.9 * len(rows)))


def capitals() -> dict[str, float]:
    rows, tags = lines_and_capitals()
    return tagger({"epochs": 1}, rows, tags, int(0.8 * len(rows)))


ROWS = {"surnames": surnames, "movie": movie, "vowels": vowels, "mnist": mnist, "phones": phones, "capitals": capitals}
QUICK = ("vowels",)


def nats(epochs: int) -> dict[str, float]:
    """Return the loss of a generator on the last tenth of tiny Shakespeare in each precision."""
    text = datasets.path(TEXT).read_text(encoding="utf-8")
    cut = int(0.9 * len(text))
    recipe = RECIPE | {"epochs": epochs, "patience": None, "validation_fraction": 0}
    model = elman.TextGenerator(**recipe).fit(text[:cut])
    return {name: model.score(text[cut:], precision=name) for name in PRECISIONS}


def show(name: str, found: dict[str, float], cost: dict[str, float], goals: dict[str, float]) -> int:
    """Print a row and return how many precisions cost more than they may."""
    missed = [precision for precision, goal in goals.items() if cost[precision] > goal]
    marks = "".join(f"{found[p]:12.4f} {cost[p]:+8.4f}{'*' if p in missed else ' '}" for p in PRECISIONS)
    print(f"{name:12}{marks}", flush=True)
    return len(missed)


def main() -> int:
    """Print the tables; 1 when a precision costs too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)} alone")
    parser.add_argument("--epochs", type=int, default=4, help="of the text generator (default 4)")
    add_names(parser, "rows", "row", ["text", *ROWS])
    datasets.add_option(parser)
    arguments = parser.parse_args()
    chosen = arguments.rows or (QUICK if arguments.quick else ["text", *ROWS])
    torch.set_num_threads(1)
    missed = 0
    print("\nReading step by step in each precision, and what it costs beside float32")
    print(f"{'':12}" + "".join(f"{name:>12} {'cost':>8} " for name in PRECISIONS))
    for name in chosen:
        found = nats(arguments.epochs) if name == "text" else ROWS[name]()
        sign = 1 if name == "text" else -1
        cost = {precision: sign * (value - found["float32"]) + 0.0 for precision, value in found.items()}
        missed += show(name, found, cost, NATS if name == "text" else POINTS)
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
