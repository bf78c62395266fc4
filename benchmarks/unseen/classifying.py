"""Measure Elman's classifier with default options, and compare its median with that of the best peer."""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np

import elman
from benchmarks.unseen.table import Kind, Score, Scores, Set, Split, at_least
from elman.data.items import as_items

POINT = 0.01


def accuracy(data: Split, seed: int) -> Score:
    """Return the accuracy on the test part, and the settings that were chosen."""
    score, model = Score(), elman.SequenceClassifier(seed=seed)
    with score.timed():
        model.fit(data.X, data.y)
    truth = np.asarray(data.answers)
    score.figures["accuracy"] = float((np.asarray(model.predict(data.asked)) == truth).mean())
    score.note = f"{chosen(model)}; baselines {_baselines(model, data, truth)}"
    return score


def chosen(model: elman.SequenceClassifier) -> str:
    """Return the settings that Elman chose, as far as the model tells."""
    tokens = getattr(model.preprocessor_.input, "tokens", "")
    parts = [f"tokens {tokens}" if tokens else "", trained(model)]
    parts.append(" + ".join(f"{name} x {factor:.2g}" for name, factor in model.answer_.factors.items()))
    return ", ".join(part for part in parts if part)


def trained(model: Any) -> str:
    """Return how long a model was trained, and when it was best."""
    counters = model.progress_
    return f"{counters.step:,} updates, best after {counters.best_step:,}"


def _baselines(model: elman.SequenceClassifier, data: Split, truth: np.ndarray) -> str:
    items = as_items(data.asked)
    found = model.simple_.scores(items, model.preprocessor_.input.encode(items))
    return ", ".join(
        f"{name} {100 * (model.classes_[each.argmax(axis=1)] == truth).mean():.1f}" for name, each in found.items()
    )


def medians(found: Sequence[Scores]) -> tuple[float, float]:
    """Return the median figure of Elman over some sets, and that of the best peer."""
    ours, *theirs = (median(scores[name].main for scores in found) for name in found[0])
    return ours, max(theirs)


def kind(name: str, sets: list[Set], peers: dict[str, Callable[[Split], Score]], share: float = 0.0) -> Kind:
    """Return a kind of data to classify: Elman's median accuracy is at most a share below the best peer's.

    Args:
        name: its name on the command line.
        sets: the data sets.
        peers: measure the tools to compare with, by name.
        share: 0.01 is a point.
    """

    def verdict(found: dict[str, Scores]) -> tuple[str, bool]:
        ours, theirs = medians(list(found.values()))
        return f"median {100 * ours:.1f}, the best peer's {100 * theirs:.1f}", ours >= theirs - share

    near = f"at most {100 * share:g} point below" if share else "not below"
    rule = f"median {near} the best peer's"
    return Kind(name, "accuracy", rule, sets, accuracy, peers, partial(at_least, share=share), verdict)
