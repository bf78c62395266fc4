"""chrF from counts that add up, so that many ways to choose between two texts a row can be scored at once.

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
"""`(..., 6, 3)`: for each n the n-grams of what came, of what should have come, and of both."""


def count_ngrams(got: Sequence[str], wanted: Sequence[str]) -> Counts:
    """Return the counts of each pair, `(n, 6, 3)`."""
    return np.array([_counts(_bare(a), _bare(b)) for a, b in zip(got, wanted, strict=True)])


def chrf(counts: Counts) -> npt.NDArray[np.float64]:
    """Return chrF, 0 to 100, `(...)`, of counts that were summed over a corpus."""
    came, should, both = (counts[..., k].astype(np.float64) for k in range(3))
    seen = (came > 0) & (should > 0)
    orders = np.maximum(seen.sum(axis=-1), 1)
    precision, recall = (
        np.divide(both, total, out=np.zeros_like(both), where=seen).sum(axis=-1) / orders for total in (came, should)
    )
    below = BETA**2 * precision + recall
    scores: npt.NDArray[np.float64] = (1 + BETA**2) * precision * recall / np.where(below > 0, below, 1)
    return 100 * scores


def _bare(text: str) -> str:
    return "".join(text.split())


def _counts(got: str, wanted: str) -> list[list[int]]:
    rows = []
    for n in range(1, ORDERS + 1):
        came, should = _ngrams(got, n), _ngrams(wanted, n)
        # as in sacrebleu, what came counts for nothing where nothing of that length could have been right
        rows.append([came.total() if should else 0, should.total(), (came & should).total()])
    return rows


def _ngrams(text: str, n: int) -> "Counter[Any]":
    return Counter(text[k : k + n] for k in range(len(text) - n + 1))
