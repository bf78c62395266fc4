"""Predict the next symbol of a text by interpolated n-grams: modified Kneser-Ney smoothing.

Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling", section 3. The longest
context is counted as it occurs; a shorter one by how many different symbols stand before it, because it matters only
where the longer one was not seen. From each count a discount is taken, of one size for counts of 1, of 2, and of 3 or
more, and spread over what the next shorter context predicts.

n-grams are numbers in base V, so that counting is sorting and asking is a binary search, for all positions at once.
"""

from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

Symbols = npt.NDArray[np.integer]
Codes = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)

LONGEST = 8
"""Symbols of the longest n-gram that is tried."""
PATIENCE = 3
"""Lengths in a row without a lower loss after which no longer n-grams are tried."""
MOST_CODES = 2**62
"""Numbers that an n-gram may have; more symbols in the alphabet allow fewer in an n-gram."""


@dataclass(frozen=True)
class Order:
    """The n-grams of one length.

    Attributes:
        codes: the n-grams that occur, ascending, shape `(G,)`.
        counts: of each, shape `(G,)`.
        contexts: the n-grams without their last symbol, ascending, shape `(C,)`.
        totals: the sum of the counts after each context, shape `(C,)`.
        spread: the part of that sum that goes to shorter contexts, shape `(C,)`.
        discounts: what is taken from counts of 1, of 2, and of 3 or more.
    """

    codes: Codes
    counts: Codes
    contexts: Codes
    totals: Codes
    spread: Probabilities
    discounts: tuple[float, float, float]

    @classmethod
    def of(cls, codes: Codes, counts: Codes, size: int) -> Self:
        """Return the n-grams with their sums over an alphabet of so many symbols."""
        discounts = discounts_of(counts)
        contexts, begins = np.unique(codes // size, return_index=True)
        taken = np.array(discounts)[np.minimum(counts, 3) - 1]
        return cls(codes, counts, contexts, np.add.reduceat(counts, begins), np.add.reduceat(taken, begins), discounts)

    def mixed(self, wanted: Codes, size: int, shorter: Probabilities) -> Probabilities:
        """Return the probability of the last symbol of n-grams, given what shorter contexts predict, all `(N,)`."""
        counts = _looked_up(self.codes, self.counts, wanted)
        totals = _looked_up(self.contexts, self.totals, wanted // size)
        spread = _looked_up(self.contexts, self.spread, wanted // size)
        taken = np.array([0.0, *self.discounts])[np.minimum(counts, 3)]
        seen = np.maximum(totals, 1)
        found: Probabilities = np.where(totals > 0, (counts - taken + spread * shorter) / seen, shorter)
        return found


@dataclass(frozen=True)
class TextNGrams:
    """An n-gram model of a text.

    Attributes:
        size: symbols of the alphabet, V.
        orders: from single symbols to the longest n-grams.
    """

    size: int
    orders: tuple[Order, ...]

    @classmethod
    def fit(cls, text: Symbols, size: int, longest: int = LONGEST) -> Self:
        """Count a text.

        Args:
            text: numbers below `size`, shape `(N,)`, N >= 1.
            size: symbols of the alphabet, V.
            longest: symbols of the longest n-grams, 1 or more.
        """
        longest = min(longest, len(text))
        lower = (continuations(text, size, length) for length in range(1, longest))
        return cls(size, (*lower, occurrences(text, size, longest)))

    @property
    def longest(self) -> int:
        """The symbols of the longest n-grams."""
        return len(self.orders)

    def probabilities(self, text: Symbols) -> Probabilities:
        """Return the probability of each symbol of a text given those before it, shape `(N,)`."""
        found = np.full(len(text), 1 / self.size)
        for length, order in enumerate(self.orders, 1):
            found = _mixed_in(order, codes_of(text, self.size, length), self.size, found)
        return found

    def next(self, context: Symbols) -> Probabilities:
        """Return the probability of each symbol after a context, shape `(V,)`."""
        found, every = np.full(self.size, 1 / self.size), np.arange(self.size)
        for length, order in enumerate(self.orders, 1):
            if length > len(context) + 1:
                break
            before = context[len(context) - length + 1 :].astype(np.int64)
            code = int(codes_of(before, self.size, length - 1)[0]) if length > 1 else 0
            found = order.mixed(code * self.size + every, self.size, found)
        return found


def fit_best(training: Symbols, held_out: Symbols, size: int) -> tuple[TextNGrams, float]:
    """Return the model with the longest n-grams that still lower the held-out loss, and that loss in nats per symbol.

    Args:
        training: the symbols to count, shape `(N,)`.
        held_out: the symbols to predict, all but the first, shape `(M,)`, M >= 2.
        size: symbols of the alphabet, V.
    """
    shorter = np.full(len(held_out), 1 / size)
    lower: list[Order] = []
    best, least = TextNGrams(size, (occurrences(training, size, 1),)), np.inf
    for length in range(1, min(most_symbols(size), len(training)) + 1):
        top, codes = occurrences(training, size, length), codes_of(held_out, size, length)
        loss = -float(np.log(_mixed_in(top, codes, size, shorter)[1:]).mean())
        if loss < least:
            best, least = TextNGrams(size, (*lower, top)), loss
        elif length >= best.longest + PATIENCE:
            break
        lower.append(continuations(training, size, length))
        shorter = _mixed_in(lower[-1], codes, size, shorter)
    return best, float(least)


def occurrences(text: Symbols, size: int, length: int) -> Order:
    """Count how often each n-gram of one length occurs."""
    return Order.of(*np.unique(codes_of(text, size, length), return_counts=True), size)


def continuations(text: Symbols, size: int, length: int) -> Order:
    """Count how many different symbols stand before each n-gram of one length; the text's beginning counts as one."""
    longer = np.unique(codes_of(text, size, length + 1)) % size**length
    return Order.of(*np.unique(np.append(longer, codes_of(text[:length], size, length)), return_counts=True), size)


def _mixed_in(order: Order, codes: Codes, size: int, shorter: Probabilities) -> Probabilities:
    """Return the probabilities `(N,)` with those of a longer context where there is one."""
    begin = len(shorter) - len(codes)
    return np.concatenate((shorter[:begin], order.mixed(codes, size, shorter[begin:])))


def most_symbols(size: int) -> int:
    """Return how many symbols the longest n-gram over an alphabet may have."""
    length = 1
    while length < LONGEST and max(size, 2) ** (length + 1) < MOST_CODES:
        length += 1
    return length


def codes_of(text: Symbols, size: int, length: int) -> Codes:
    """Return the numbers of a text's n-grams, shape `(N - length + 1,)`; none where the text is shorter."""
    count = max(len(text) - length + 1, 0)
    codes = np.zeros(count, np.int64)
    for step in range(length):
        codes *= size
        codes += text[step : step + count]
    return codes


def discounts_of(counts: Codes) -> tuple[float, float, float]:
    """Return the discounts of counts of 1, of 2, and of 3 or more (Chen and Goodman 1999, equation 26)."""
    n1, n2, n3, n4 = (int((counts == times).sum()) for times in (1, 2, 3, 4))
    if not n1 or not n2:  # a text so short, or so regular, that the estimates have no base
        return 0.5, 0.5, 0.5
    share = n1 / (n1 + 2 * n2)
    each = 1 - 2 * share * n2 / n1, 2 - 3 * share * n3 / n2, 3 - 4 * share * n4 / max(n3, 1)
    first, second, more = (min(max(one, 0.1), most) for one, most in zip(each, (1.0, 2.0, 3.0), strict=True))
    return first, second, more


def _looked_up(keys: Codes, values: npt.NDArray[Number], wanted: Codes) -> npt.NDArray[Number]:
    """Return the value of each wanted key; 0 where there is none."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], values.dtype.type(0))
