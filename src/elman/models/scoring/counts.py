"""Count symbols and tags: the baselines of a network that predicts the next symbol, or a tag at every step.

Three predictors of the next symbol, fitted on the training part and measured on the held-out part; compare every loss
with them:

- uniform: every symbol of the alphabet has the same probability.
- unigram: the frequency of the symbol in training.
- bigram: its frequency after the symbol before it.

Counts are smoothed: each is mixed with the next simpler predictor, as if that one had been seen `weight` times more.
The weight is chosen on the tail of the training part, never on the held-out part.

Two predictors of a tag, which ignore the neighbours of a token:

- tag counts: the frequency of each tag in training, whatever the token.
- token's tags: its frequency with this token; a token that training lacks falls back on the tag counts.

So that no loss is infinite, the counts of a token are mixed with the tag counts, and those with the uniform
distribution, each as if it had been seen once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Symbols: TypeAlias = npt.NDArray[np.integer]
Probabilities: TypeAlias = npt.NDArray[np.float64]
WEIGHTS = (0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
TAIL = 0.1
PIECE = 2**22


@dataclass(frozen=True)
class Counts:
    """Counts of characters and of pairs of neighbours.

    Attributes:
        single: counts of characters, shape `(V,)`.
        followed: the same without the text's last character, which nothing follows.
        codes: the pairs that came, `first * V + second`, ascending; `pairs` how often each did.
    """

    single: npt.NDArray[np.int64]
    followed: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]
    pairs: npt.NDArray[np.int64]

    def unigram(self, weight: float) -> Probabilities:
        """Return the probability of each character, shape `(V,)`."""
        size = len(self.single)
        mixed: Probabilities = (self.single + weight / size) / (self.single.sum() + weight)
        return mixed

    def bigram(self, before: Symbols, after: Symbols, base: Probabilities, weight: float) -> Probabilities:
        """Return the probability of each `after` given the `before` beside it, mixed with `base`."""
        wanted = before.astype(np.int64) * len(self.single) + after
        places = np.minimum(np.searchsorted(self.codes, wanted), len(self.codes) - 1)
        found = np.where(self.codes[places] == wanted, self.pairs[places], 0)
        mixed: Probabilities = (found + weight * base[after]) / (self.followed[before] + weight)
        return mixed


def baselines(training: Symbols, held_out: Symbols, size: int) -> dict[str, float]:
    """Return the held-out loss of each baseline in nats per character, by name, worst first.

    Args:
        training: symbols to count, shape `(N,)`.
        held_out: symbols to predict, each from the one before it, shape `(M,)`, M >= 2.
        size: the number of characters in the alphabet, V.
    """
    cut = len(training) - max(int(len(training) * TAIL), 1)
    early, tail = count(training[:cut], size), training[cut - 1 :]
    single = min(WEIGHTS, key=lambda weight: unigram_loss(early, tail, weight))
    double = min(WEIGHTS, key=lambda weight: bigram_loss(early, tail, single, weight))
    whole = count(training, size)
    return {
        "uniform": float(np.log(size)),
        "unigram": unigram_loss(whole, held_out, single),
        "bigram": bigram_loss(whole, held_out, single, double),
    }


def count(symbols: Symbols, size: int) -> Counts:
    """Count characters and pairs of a text, piece by piece."""
    single = np.zeros(size, dtype=np.int64)
    codes = pairs = np.empty(0, dtype=np.int64)
    for begin in range(0, len(symbols), PIECE):
        piece = symbols[begin : begin + PIECE + 1].astype(np.int64)
        single += np.bincount(piece[:PIECE], minlength=size)
        new, number = np.unique(piece[:-1] * size + piece[1:], return_counts=True)
        codes, places = np.unique(np.concatenate((codes, new)), return_inverse=True)
        pairs = np.bincount(places, np.concatenate((pairs, number)), len(codes)).astype(np.int64)
    followed = single.copy()
    followed[symbols[-1]] -= 1
    return Counts(single, followed, codes, pairs)


def unigram_loss(counts: Counts, text: Symbols, weight: float) -> float:
    """Return the mean of -ln P(character) over all characters but the first, in nats."""
    base = counts.unigram(weight)
    return mean_loss(text, lambda _before, after: base[after])


def bigram_loss(counts: Counts, text: Symbols, single: float, weight: float) -> float:
    """Return the mean of -ln P(character | the one before it) over all characters but the first, in nats."""
    base = counts.unigram(single)
    return mean_loss(text, lambda before, after: counts.bigram(before, after, base, weight))


def mean_loss(text: Symbols, probability: Callable[[Symbols, Symbols], Probabilities]) -> float:
    """Return the mean of -ln of what `probability(before, after)` gives, piece by piece."""
    total = 0.0
    for begin in range(0, len(text) - 1, PIECE):
        piece = text[begin : begin + PIECE + 1]
        total -= float(np.log(probability(piece[:-1], piece[1:])).sum())
    return total / (len(text) - 1)


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
        overall = self._overall()
        named = {"tag counts": float(-np.log(overall[tags]).mean())}
        if len(self.counts) > 1:
            named["token's tags"] = float(-np.log(self.smoothed()[symbols, tags]).mean())
        return named

    def smoothed(self) -> Probabilities:
        """Return the probability of each tag with each token, as described above, shape `(V, K)`."""
        overall = self._overall()
        if len(self.counts) == 1:
            return overall[None]
        return np.asarray((self.counts + overall) / (self.counts.sum(axis=1, keepdims=True) + 1))

    def _overall(self) -> Probabilities:
        """Return the probability of each tag, shape `(K,)`."""
        kinds, total = self.counts.shape[1], self.counts.sum(axis=0)
        return np.asarray((total + 1 / kinds) / (total.sum() + 1))
