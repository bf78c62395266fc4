"""Answer from a translation memory: a source that is similar enough to a known one gets that one's target unchanged.

Tools for human translators do the same ("fuzzy match"). The threshold of similarity is chosen on held-out pairs. With
the option `memory` the network also reads the target of the nearest known source together with its own source, so that
it repairs a translation instead of writing all of it (Bulté and Tezcan 2019, "Neural fuzzy repair").
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Pairs = tuple[list[str], list[str]]
"""Sources and targets."""
AT_ONCE = 1000
"""Sources that are looked up side by side: all of them, by all that are known, may be more than memory holds."""


class NearestNeighbour:
    """Gives the translation of the most similar source it knows, by the cosine of TF-IDF over character n-grams."""

    name = "nearest neighbour"

    def fit(self, sources: Sequence[str], targets: Sequence[str]) -> Self:
        """Learn pairs by heart."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True)
        self._known = self._vectorizer.fit_transform(sources)
        self._targets = list(targets)
        return self

    def predict(self, sources: Sequence[str]) -> list[str]:
        """Return the translation that goes with the nearest known source; of several as near the first."""
        return self.find(sources)[0]

    def find(self, sources: Sequence[str]) -> tuple[list[str], npt.NDArray[np.float64]]:
        """Return the same, and how near each is, `(n,)`: 1 for the same n-grams."""
        asked = self._vectorizer.transform(sources)
        parts = [_nearest(asked[at : at + AT_ONCE] @ self._known.T) for at in range(0, len(sources), AT_ONCE)]
        places, similarities = (np.concatenate(side) for side in zip(*parts, strict=True))
        return [self._targets[place] for place in places], similarities

    def others(self) -> list[str]:
        """Return for each known source the translation that goes with the nearest of the others."""
        places = []
        for at in range(0, len(self._targets), AT_ONCE):
            similarities = (self._known[at : at + AT_ONCE] @ self._known.T).toarray()
            own = np.arange(len(similarities))
            similarities[own, at + own] = -1
            places += similarities.argmax(axis=1).tolist()
        return [self._targets[place] for place in places]


def _nearest(similarities: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the place of the largest value in each row of a sparse matrix, and that value."""
    return np.asarray(similarities.argmax(axis=1)).ravel(), similarities.max(axis=1).toarray().ravel()


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

    def translate(self, sources: Sequence[str], write: Callable[[list[str]], list[str]]) -> list[str]:
        """Return a translation for each source: the memory's own, or what `write` makes of those that are not near."""
        targets, similarities = self.nearest.find(sources)
        unlike = np.flatnonzero(similarities < self._least).tolist()
        if unlike:
            written = write([sources[row] for row in unlike])
            for row, text in zip(unlike, written, strict=True):
                targets[row] = text
        return targets

    def answers(self, sources: Sequence[str]) -> int:
        """Return for how many of the sources the memory answers."""
        return int((self.nearest.find(sources)[1] >= self._least).sum())

    @property
    def _least(self) -> float:
        return np.inf if self.threshold is None else self.threshold


def pack_pairs(pairs: Pairs) -> Tensor:
    """Return pairs as the bytes of their JSON, for a model's file."""
    return torch.from_numpy(np.frombuffer(json.dumps(pairs).encode(), dtype=np.uint8).copy())


def unpack_pairs(packed: Tensor) -> Pairs:
    """Return what `pack_pairs` was given."""
    sources, targets = json.loads(packed.numpy().tobytes())
    return sources, targets
