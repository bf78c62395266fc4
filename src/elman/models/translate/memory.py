"""A translation memory: where a source is near enough to one that is known, its target is given as it stands.

Translators' own tools work so ("fuzzy match"): the memory has the first word, the machine writes the rest. Here the
machine reads what goes with the nearest neighbour beside its source, and so has to mend that rather than to write it
all (Bulté and Tezcan 2019, "Neural fuzzy repair"). How near is near enough is measured on pairs that neither learned
from.
"""

from collections.abc import Callable, Sequence

import numpy as np

from elman.models.scoring.chrf import chrf, count_ngrams
from elman.models.translate.baselines import NearestNeighbour


class TranslationMemory:
    """Known pairs that answer for what is near to them.

    Args:
        sources: the known sources.
        targets: their targets, as many.
        threshold: the similarity from which on the memory answers, see `NearestNeighbour.find`; None never answers.
    """

    def __init__(self, sources: Sequence[str], targets: Sequence[str], threshold: float | None = None):
        self.threshold = threshold
        self.nearest = NearestNeighbour().fit(sources, targets)

    def neighbours(self, sources: Sequence[str]) -> list[str]:
        """Return the target that goes with the known source nearest to each."""
        return self.nearest.predict(sources)

    def others(self) -> list[str]:
        """Return for each known source the target that goes with the nearest of the others."""
        return self.nearest.others()

    def translate(self, sources: Sequence[str], write: Callable[[list[str], list[str]], list[str]]) -> list[str]:
        """Return a translation for each source: the memory's own, or what `write` makes of source and neighbour."""
        targets, similarities = self.nearest.find(sources)
        strange = np.flatnonzero(similarities < self._least).tolist()
        if strange:
            written = write([sources[row] for row in strange], [targets[row] for row in strange])
            for row, text in zip(strange, written, strict=True):
                targets[row] = text
        return targets

    def answers(self, sources: Sequence[str]) -> int:
        """Return for how many of the sources the memory answers."""
        return int((self.nearest.find(sources)[1] >= self._least).sum())

    @property
    def _least(self) -> float:
        return np.inf if self.threshold is None else self.threshold


def choose_threshold(
    nearest: NearestNeighbour, sources: Sequence[str], written: Sequence[str], wanted: Sequence[str]
) -> float | None:
    """Return the similarity from which on looking up, with writing for the rest, has the best chrF; None if none helps.

    Where thresholds are as good as each other the highest is taken.

    Args:
        nearest: knows other pairs than these.
        sources: what was asked.
        written: what a network wrote for each.
        wanted: what should have been.
    """
    found, similarities = nearest.find(sources)
    by_writing, by_looking_up = count_ngrams(written, wanted), count_ngrams(found, wanted)
    candidates, which = np.unique(-similarities, return_inverse=True)
    gained = np.zeros((len(candidates), *by_writing.shape[1:]), dtype=np.int64)
    np.add.at(gained, which, by_looking_up - by_writing)
    alone = by_writing.sum(axis=0)
    scores = chrf(alone + gained.cumsum(axis=0))
    best = int(scores.argmax())
    return float(-candidates[best]) if scores[best] > chrf(alone) else None
