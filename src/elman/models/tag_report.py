"""How good a tagger is on a file: by steps, by whole sequences and by tags, beside what counting reaches."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from elman.models.reports import Cell, Grid, Report

Rows: TypeAlias = Sequence[Sequence[Any]]
COUNTED = "most frequent tag of the token"


def tag_report(name: str, wanted: Rows, found: Rows, counted: Rows, unseen: int) -> Report:
    """Return the report of a file.

    Args:
        name: what the file is called.
        wanted: the right tags of each sequence.
        found: those that the model found.
        counted: those that came most often with each token in training.
        unseen: how many of `wanted` training never saw.
    """
    steps = sum(map(len, wanted))
    note = f"{unseen:,} of {steps:,} steps have a tag that training never saw: they count as wrong"
    return Report(
        f"{name}: {len(wanted):,} sequences, {steps:,} steps",
        [summary(wanted, {"this model": found, COUNTED: counted}), by_tag(wanted, found, counted)],
        [note] if unseen else [],
    )


def summary(wanted: Rows, found: dict[str, Rows]) -> Grid:
    """Return a row for each predictor: its accuracy, the share of sequences without a wrong tag, the mean F1 of tags.

    Args:
        wanted: the right tags of each sequence.
        found: those of each predictor, by its name.
    """
    columns = ["", "accuracy", "whole sequences", "mean F1"]
    rows: list[list[Cell]] = [[name, *_scores(wanted, each)] for name, each in found.items()]
    return Grid(columns, rows)


def by_tag(wanted: Rows, found: Rows, counted: Rows) -> Grid:
    """Return a row for each tag that is wanted or found, the one wanted most often first.

    Args:
        wanted: the right tags of each sequence.
        found: those that the model found.
        counted: those that counting found; of these F1 alone is shown.
    """
    tags = sorted({*chain(*wanted), *chain(*found)}, key=str)
    ours, theirs = _by_tag(wanted, found, tags), _by_tag(wanted, counted, tags)
    order = np.argsort(-ours[3], kind="stable")
    rows: list[list[Cell]] = [
        [str(tags[k]), float(ours[0][k]), float(ours[1][k]), float(ours[2][k]), float(theirs[2][k]), int(ours[3][k])]
        for k in order
    ]
    return Grid(["tag", "precision", "recall", "F1", "F1 by counts", "steps"], rows)


def _scores(wanted: Rows, found: Rows) -> list[float]:
    right = [[tag == other for tag, other in zip(*pair, strict=True)] for pair in zip(wanted, found, strict=True)]
    tags = sorted({*chain(*wanted)}, key=str)
    means = float(np.mean(_by_tag(wanted, found, tags)[2]))
    return [float(np.mean(list(chain(*right)))), float(np.mean([all(row) for row in right])), means]


def _by_tag(wanted: Rows, found: Rows, tags: list[Any]) -> Any:
    """Return precision, recall, F1 and number of steps of each tag; of a tag that is never found precision is 0."""
    numbers = {tag: number for number, tag in enumerate(tags)}
    flat = [np.array([numbers.get(tag, -1) for tag in chain(*rows)]) for rows in (wanted, found)]
    return precision_recall_fscore_support(*flat, labels=range(len(tags)), zero_division=0)
