"""Measure the baselines of a tagger, which ignore the neighbours of a token.

- tag counts: the frequency of each tag in training, whatever the token.
- token's tags: its frequency with this token; a token that training lacks falls back on the tag counts.

So that no loss is infinite, the counts of a token are mixed with the tag counts, and those with the uniform
distribution, each as if it had been seen once.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TagCounts:
    """Counts of each tag with each token in training.

    Attributes:
        counts: shape `(V, K)`; V = 1 where steps are numbers, which have no name to count.
    """

    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, symbols: npt.NDArray[np.int64], tags: npt.NDArray[np.int64], size: int, kinds: int) -> "TagCounts":
        """Count pairs.

        Args:
            symbols: the number of each step's token, shape `(N,)`.
            tags: the number of each step's tag, shape `(N,)`.
            size: the number of tokens, V.
            kinds: the number of tags, K.
        """
        return cls(np.bincount(symbols * kinds + tags, minlength=size * kinds).reshape(size, kinds))

    def likeliest(self) -> npt.NDArray[np.int64]:
        """Return the most frequent tag of each token, shape `(V,)`; of equals the first."""
        overall = int(self.counts.sum(axis=0).argmax())
        return np.where(self.counts.any(axis=1), self.counts.argmax(axis=1), overall)

    def losses(self, symbols: npt.NDArray[np.int64], tags: npt.NDArray[np.int64]) -> dict[str, float]:
        """Return what each predictor loses on other steps, in nats per tag, by name, worst first."""
        kinds = self.counts.shape[1]
        total = self.counts.sum(axis=0)
        overall = (total + 1 / kinds) / (total.sum() + 1)
        own = (self.counts[symbols, tags] + overall[tags]) / (self.counts.sum(axis=1)[symbols] + 1)
        named = {"tag counts": float(-np.log(overall[tags]).mean())}
        return named | ({"token's tags": float(-np.log(own).mean())} if len(self.counts) > 1 else {})
