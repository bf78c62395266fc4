"""Score a tagger by steps, by whole sequences and by tags, and compare it with its baselines."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from elman.models.estimator.reports import Cell, Grid, Report
from elman.models.tag.spans import are_segments, segments_f1
from elman.rounding import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TagRows: TypeAlias = Sequence[Sequence[Any]]
COUNTED = "most frequent tag of the token"
COUNTED_OVERALL = "most frequent tag"
"""The name of the baseline where steps are numbers, which are no tokens."""
UNKNOWN_TOKENS = "unknown tokens"
SEGMENTS = "F1 of segments"


@dataclass(frozen=True)
class MeasuredTags:
    """Predicted and right tags, a row for each sequence.

    Attributes:
        wanted: the right tags.
        said: the tags of each predictor, by name: those of the baseline first, those of the model's answer last.
        unseen: how many of `wanted` training never saw.
        unknown: for each step whether training never saw its token.
    """

    wanted: TagRows
    said: dict[str, TagRows]
    unseen: int
    unknown: Sequence[npt.NDArray[np.bool_]]

    @property
    def counted(self) -> TagRows:
        """The tags of the baseline: the most frequent one of each token in training."""
        return next(iter(self.said.values()))

    @property
    def found(self) -> TagRows:
        """The tags of the model's answer."""
        return list(self.said.values())[-1]

    def summary(self) -> Grid:
        """Return the scores of every predictor.

        They are its accuracy, that on tokens that training never saw, the share of sequences without a wrong tag, the
        mean F1 of the tags, and the F1 of segments where tags mark some.
        """
        columns = ["accuracy", UNKNOWN_TOKENS, "whole sequences", "mean F1", SEGMENTS]
        rows = {name: self._scores(found) for name, found in self.said.items()}
        kept = [k for k in range(len(columns)) if all(scores[k] is not None for scores in rows.values())]
        cells = [[name, *(scores[k] for k in kept)] for name, scores in rows.items()]
        return Grid(["", *(columns[k] for k in kept)], cells, len(self.wanted))  # type: ignore[arg-type]

    def by_tag(self) -> Grid:
        """Return a row for each tag that is wanted or found, the one wanted most often first."""
        ours, theirs = self._by_tag(self.found), self._by_tag(self.counted)
        rows: list[list[Cell]] = [
            [str(tag), *(float(each[k]) for each in ours[:3]), float(theirs[2][k]), int(ours[3][k])]
            for k, tag in enumerate(self.tags())
        ]
        order = np.argsort(-ours[3], kind="stable")
        columns = ["tag", "precision", "recall", "F1", "F1 by counts", "steps"]
        return Grid(columns, [rows[k] for k in order], len(self.wanted), f"predictions of {list(self.said)[-1]}")

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

    def _scores(self, found: TagRows) -> list[float | None]:
        pairs = zip(self.wanted, found, strict=True)
        right = [np.array([tag == other for tag, other in zip(*pair, strict=True)]) for pair in pairs]
        every, new = np.concatenate(right), np.concatenate(self.unknown)
        f1, steps = self._by_tag(found)[2:]
        marked = are_segments(list({*chain(*self.wanted)}))
        return [
            float(every.mean()),
            float(every[new].mean()) if new.any() else None,
            float(np.mean([row.all() for row in right])),
            float(np.mean(f1[steps > 0])),
            segments_f1(self.wanted, found) if marked else None,
        ]

    def _by_tag(self, found: TagRows) -> Any:
        """Return precision, recall, F1 and steps of each tag; of a tag that is never found precision is 0."""
        numbers = self._numbers(self.wanted), self._numbers(found)
        return precision_recall_fscore_support(*numbers, labels=range(len(self.tags())), zero_division=0)

    def _numbers(self, rows: TagRows) -> list[int]:
        places = {tag: number for number, tag in enumerate(self.tags())}
        return [places.get(tag, -1) for tag in chain(*rows)]
