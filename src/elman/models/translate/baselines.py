"""Translate without a network: the two baselines of a translator."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

AT_ONCE = 1000
"""Sources that are looked up side by side: all of them, by all that are known, may be more than memory holds."""


class CopySource:
    """Gives back what it was given. Names and numbers come out right."""

    name = "copy of the source"

    def fit(self, sources: Sequence[str], targets: Sequence[str]) -> Self:
        """Learn nothing."""
        return self

    def predict(self, sources: Sequence[str]) -> list[str]:
        """Return the sources."""
        return list(sources)


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
