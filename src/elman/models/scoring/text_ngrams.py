"""Predict the next symbol of a text by interpolated n-grams: modified Kneser-Ney smoothing.

Chen and Goodman (1999), "An empirical study of smoothing techniques for language modeling", section 3. The longest
context is counted as it occurs; a shorter one by how many different symbols precede it, because it matters only
where the longer one was not seen. From each count a discount is taken, of one size for counts of 1, of 2, and of 3 or
more, and spread over what the next shorter context predicts.

n-grams are numbers in base V, so that counting is sorting and asking is a binary search, for all positions at once.
The shorter n-grams, and how many symbols precede each, follow from the longest ones and the text's beginning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt

from elman.errors import InputError
from elman.limits import COUNT

Symbols = npt.NDArray[np.integer]
Codes = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)

LONGEST = 8
"""Symbols of the longest n-gram that is tried."""
PATIENCE = 3
"""Lengths in a row without a lower loss after which no longer n-grams are tried."""
MOST_KEPT = 2**22
"""Probabilities, 32 MiB, that are kept for the contexts met first."""
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
        seen = np.maximum(totals, 1)
        found: Probabilities = np.where(totals > 0, (self._kept(counts) + spread * shorter) / seen, shorter)
        return found

    def after(self, context: int, size: int, shorter: Probabilities) -> Probabilities | None:
        """Return the probability of every symbol after one context, `(V,)`; None where it does not occur."""
        place = int(np.searchsorted(self.contexts, context))
        if place == len(self.contexts) or self.contexts[place] != context:
            return None
        first = context * size
        begin, end = np.searchsorted(self.codes, (first, first + size))
        found: Probabilities = self.spread[place] * shorter
        found[self.codes[begin:end] - first] += self._kept(self.counts[begin:end])
        found /= self.totals[place]
        return found

    def _kept(self, counts: Codes) -> Probabilities:
        """Return counts less their discounts."""
        kept: Probabilities = counts - np.array((0.0, *self.discounts))[np.minimum(counts, 3)]
        return kept


@dataclass(frozen=True)
class TextNGrams:
    """An n-gram model of a text.

    Attributes:
        size: symbols of the alphabet, V.
        beginning: the first symbols of the text, one fewer than the longest n-grams have.
        orders: from single symbols to the longest n-grams.
    """

    size: int
    beginning: Codes
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
        return cls.of(*occurrences(text, size, longest), text[: longest - 1].astype(np.int64), size)

    @classmethod
    def of(cls, codes: Codes, counts: Codes, beginning: Codes, size: int) -> Self:
        """Make the model from the longest n-grams, their counts, and the text's beginning.

        Args:
            codes: the longest n-grams, ascending, shape `(G,)`.
            counts: of each, 1 or more, shape `(G,)`.
            beginning: the first symbols of the text, one fewer than those of an n-gram.
            size: symbols of the alphabet, V.
        """
        orders = [Order.of(codes, counts, size)]
        for length in range(len(beginning), 0, -1):
            orders.append(Order.of(*continuations(orders[-1].codes, beginning, size, length), size))
        return cls(size, beginning, tuple(reversed(orders)))

    def arrays(self) -> dict[str, Codes]:
        """Return all that `of_arrays` needs, as a file keeps it."""
        top = self.orders[-1]
        return {"codes": top.codes, "counts": top.counts, "beginning": self.beginning}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], size: int) -> Self:
        """Make the model from what `arrays` gave, read from a file.

        Raises:
            InputError: they are no n-grams over so many symbols.
        """
        found = [arrays.get(name) for name in ("codes", "counts", "beginning")]
        if not all(one is not None and one.dtype == np.int64 and one.ndim == 1 for one in found):
            raise InputError("n-grams: expected codes, counts and beginning, each a row of whole numbers")
        codes, counts, beginning = (one for one in found if one is not None)
        length = len(beginning) + 1
        if length > most_symbols(size) or not 0 < len(codes) == len(counts):
            raise InputError(f"n-grams: expected a count for each n-gram, got {len(codes)} and {len(counts)}")
        ascending = (np.diff(codes) > 0).all() and codes[0] >= 0 and codes[-1] < size**length
        if not (ascending and _within(beginning, 0, size) and _within(counts, 1, COUNT)):
            raise InputError(f"n-grams: expected n-grams of {length} numbers below {size}, each once, and their counts")
        return cls.of(codes, counts, beginning, size)

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


class NextSymbols:
    """The probabilities of the next symbol, step by step; what short contexts predict is kept.

    Args:
        ngrams: the counts.
    """

    def __init__(self, ngrams: TextNGrams) -> None:
        self._ngrams = ngrams
        self._kept: dict[tuple[int, ...], Probabilities] = {}
        self._room = MOST_KEPT // ngrams.size

    def after(self, context: tuple[int, ...]) -> Probabilities:
        """Return the probability of each symbol after a context, shape `(V,)`, which is not to be changed."""
        context = context[max(len(context) - self._ngrams.longest + 1, 0) :]
        found = self._kept.get(context)
        if found is None:
            found = self._mixed(context)
            if len(self._kept) < self._room:
                self._kept[context] = found
        return found

    def _mixed(self, context: tuple[int, ...]) -> Probabilities:
        size, orders = self._ngrams.size, self._ngrams.orders
        shorter = self.after(context[1:]) if context else np.full(size, 1 / size)
        code = 0
        for symbol in context:
            code = code * size + symbol
        found = orders[len(context)].after(code, size, shorter)
        return shorter if found is None else found


def fit_best(training: Symbols, held_out: Symbols, size: int) -> tuple[TextNGrams, Probabilities]:
    """Return the model with the longest n-grams that lower the held-out loss, and what it gives the held-out part.

    Args:
        training: the symbols to count, shape `(N,)`.
        held_out: the symbols to predict, all but the first, shape `(M,)`, M >= 2.
        size: symbols of the alphabet, V.

    Returns:
        The model, and the probability of each held-out symbol but the first, shape `(M - 1,)`.
    """
    shorter = np.full(len(held_out), 1 / size)
    lower: list[Order] = []
    best: tuple[Order, ...] = ()
    best_found, least = shorter, np.inf
    for length in range(1, min(most_symbols(size), len(training)) + 1):
        codes, counts = occurrences(training, size, length)
        if length > 1:
            lower.append(Order.of(*continuations(codes, training, size, length - 1), size))
            shorter = _mixed_in(lower[-1], codes_of(held_out, size, length - 1), size, shorter)
        top = Order.of(codes, counts, size)
        found = _mixed_in(top, codes_of(held_out, size, length), size, shorter)
        loss = -float(np.log(found[1:]).mean())
        if loss < least:
            best, best_found, least = (*lower, top), found, loss
        elif length >= len(best) + PATIENCE:
            break
    return TextNGrams(size, training[: len(best) - 1].astype(np.int64), best), best_found[1:]


def occurrences(text: Symbols, size: int, length: int) -> tuple[Codes, Codes]:
    """Return the n-grams of one length that occur, ascending, and how often each does."""
    codes, counts = np.unique(codes_of(text, size, length), return_counts=True)
    return codes, counts.astype(np.int64)


def continuations(longer: Codes, beginning: Symbols, size: int, length: int) -> tuple[Codes, Codes]:
    """Return the n-grams of one length, ascending, and how many different symbols precede each.

    Args:
        longer: the n-grams that are one symbol longer, each once.
        beginning: the first symbols of the text, `length` or more: its end is not counted, its beginning counts as one.
        size: symbols of the alphabet, V.
        length: symbols of the n-grams.
    """
    begun = codes_of(beginning[:length], size, length)
    codes, counts = np.unique(np.append(longer % size**length, begun), return_counts=True)
    return codes, counts.astype(np.int64)


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


def _within(numbers: Codes, least: int, end: int) -> bool:
    return bool(((numbers >= least) & (numbers < end)).all())


def _looked_up(keys: Codes, values: npt.NDArray[Number], wanted: Codes) -> npt.NDArray[Number]:
    """Return the value of each wanted key; 0 where there is none."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], values.dtype.type(0))
