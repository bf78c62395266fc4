"""Score a tagger by steps, by whole sequences and by tags, and compare it with its baselines."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from elman.models.estimator.reports import Cell, Grid, Report
from elman.rounding import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TagRows: TypeAlias = Sequence[Sequence[Any]]
COUNTED = "most frequent tag of the token"
COUNTED_OVERALL = "most frequent tag"
"""The name of the baseline where steps are numbers, which are no tokens."""
NETWORK = "network"


@dataclass(frozen=True)
class MeasuredTags:
    """Predicted and right tags, a row for each sequence.

    Attributes:
        wanted: the right tags.
        counted: the most frequent tag of each token in training; of all steps where they are numbers.
        found: those that the network found.
        unseen: how many of `wanted` training never saw.
        baseline: the name of `counted` in the report.
    """

    wanted: TagRows
    counted: TagRows
    found: TagRows
    unseen: int
    baseline: str = COUNTED

    def summary(self) -> Grid:
        """Return of everyone the accuracy, the share of sequences without a wrong tag, and the mean F1 of the tags."""
        rows: list[list[Cell]] = [[self.baseline, *self._scores(self.counted)], [NETWORK, *self._scores(self.found)]]
        return Grid(["", "accuracy", "whole sequences", "mean F1"], rows, len(self.wanted))

    def by_tag(self) -> Grid:
        """Return a row for each tag that is wanted or found, the one wanted most often first."""
        ours, theirs = self._by_tag(self.found), self._by_tag(self.counted)
        rows: list[list[Cell]] = [
            [str(tag), *(float(each[k]) for each in ours[:3]), float(theirs[2][k]), int(ours[3][k])]
            for k, tag in enumerate(self.tags())
        ]
        order = np.argsort(-ours[3], kind="stable")
        columns = ["tag", "precision", "recall", "F1", "F1 by counts", "steps"]
        return Grid(columns, [rows[k] for k in order], len(self.wanted), f"predictions of {NETWORK}")

    def confusion(self) -> npt.NDArray[np.int64]:
        """Return how many steps of each tag, down, were taken for each tag, across, in the order of `tags`."""
        matrix: npt.NDArray[np.int64] = confusion_matrix(
            self._numbers(self.wanted), self._numbers(self.found), labels=range(len(self.tags()))
        )
        return matrix

    def tags(self) -> list[Any]:
        """Return the tags that are wanted or found, sorted."""
        return sorted({*chain(*self.wanted), *chain(*self.found)}, key=str)

    def report(self, name: str) -> Report:
        """Return the report of a file or table of some name."""
        steps = sum(map(len, self.wanted))
        note = f"tags that training never saw, which count as wrong: {self.unseen:,} of {counted(steps, 'step')}"
        title = f"{name}: {counted(len(self.wanted), 'sequence')}, {counted(steps, 'step')}"
        return Report(title, [self.summary(), self.by_tag()], [note] if self.unseen else [], self._draw)

    def _draw(self) -> "Figure":
        from elman.pictures import confusion

        return confusion(self.confusion(), [str(tag) for tag in self.tags()])

    def _scores(self, found: TagRows) -> list[float]:
        pairs = zip(self.wanted, found, strict=True)
        right = [[tag == other for tag, other in zip(*pair, strict=True)] for pair in pairs]
        f1, steps = self._by_tag(found)[2:]
        whole = float(np.mean([all(row) for row in right]))
        return [float(np.mean(list(chain(*right)))), whole, float(np.mean(f1[steps > 0]))]

    def _by_tag(self, found: TagRows) -> Any:
        """Return precision, recall, F1 and steps of each tag; of a tag that is never found precision is 0."""
        numbers = self._numbers(self.wanted), self._numbers(found)
        return precision_recall_fscore_support(*numbers, labels=range(len(self.tags())), zero_division=0)

    def _numbers(self, rows: TagRows) -> list[int]:
        places = {tag: number for number, tag in enumerate(self.tags())}
        return [places.get(tag, -1) for tag in chain(*rows)]
