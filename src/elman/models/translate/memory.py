"""Answer from a translation memory: a source that is similar enough to a known one gets that one's target unchanged.

Tools for human translators do the same ("fuzzy match"). For all other sources the network reads the target of the
nearest known source together with its own source, so that it repairs a translation instead of writing all of it (Bulté
and Tezcan 2019, "Neural fuzzy repair"). The threshold of similarity is chosen on held-out pairs.
"""

import json
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from elman.models.scoring.texts import chrf, count_ngrams
from elman.models.translate.baselines import NearestNeighbour

Pairs = tuple[list[str], list[str]]
"""Sources and targets."""


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
        """Return the target of the nearest known source of each."""
        return self.nearest.predict(sources)

    def others(self) -> list[str]:
        """Return for each known source the target of the nearest other one."""
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


def pack_pairs(pairs: Pairs) -> Tensor:
    """Return pairs as the bytes of their JSON, for a model's file."""
    return torch.from_numpy(np.frombuffer(json.dumps(pairs).encode(), dtype=np.uint8).copy())


def unpack_pairs(packed: Tensor) -> Pairs:
    """Return what `pack_pairs` was given."""
    sources, targets = json.loads(packed.numpy().tobytes())
    return sources, targets
