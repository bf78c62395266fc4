"""Compute chrF from counts that add up, so that many choices between two texts a row can be scored at once.

chrF (Popović 2015, 2017) is the F-score of n-grams of characters, n from 1 to 6, white space left out, recall twice as
heavy as precision. Reports have sacrebleu's, which this equals.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

ORDERS = 6
BETA = 2.0
Counts = npt.NDArray[np.int64]
"""`(..., 6, 3)`: for each n the n-grams of the got text, of the wanted text, and of both."""


def count_ngrams(got: Sequence[str], wanted: Sequence[str]) -> Counts:
    """Return the counts of each pair, `(n, 6, 3)`."""
    return np.array([_counts(_bare(a), _bare(b)) for a, b in zip(got, wanted, strict=True)])


def chrf(counts: Counts) -> npt.NDArray[np.float64]:
    """Return chrF, 0 to 100, `(...)`, of counts that were summed over a corpus."""
    produced, wanted, both = (counts[..., k].astype(np.float64) for k in range(3))
    seen = (produced > 0) & (wanted > 0)
    orders = np.maximum(seen.sum(axis=-1), 1)
    precision, recall = (
        np.divide(both, total, out=np.zeros_like(both), where=seen).sum(axis=-1) / orders
        for total in (produced, wanted)
    )
    below = BETA**2 * precision + recall
    scores: npt.NDArray[np.float64] = (1 + BETA**2) * precision * recall / np.where(below > 0, below, 1)
    return 100 * scores


def _bare(text: str) -> str:
    return "".join(text.split())


def _counts(got: str, wanted: str) -> list[list[int]]:
    rows = []
    for n in range(1, ORDERS + 1):
        ours, theirs = _ngrams(got, n), _ngrams(wanted, n)
        # as in sacrebleu, n-grams of a length that the wanted text has none of do not count
        rows.append([ours.total() if theirs else 0, theirs.total(), (ours & theirs).total()])
    return rows


def _ngrams(text: str, n: int) -> "Counter[Any]":
    return Counter(text[k : k + n] for k in range(len(text) - n + 1))
