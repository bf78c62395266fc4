"""What needs no network: two translators that a trained one has to beat."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt


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
        similarities = self._vectorizer.transform(sources) @ self._known.T
        near = similarities.argmax(axis=1).ravel().tolist()[0]
        return [self._targets[place] for place in near], similarities.max(axis=1).toarray().ravel()
