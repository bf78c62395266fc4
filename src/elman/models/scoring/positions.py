"""Fit classifiers that see which symbol is at which position, for sequences that all have the same length.

A linear classifier sees each position, and each pair of positions that are near each other; boosted trees
(`models/scoring/trees.py`) see each position and combine them. Pooling over the steps hides positions from a network.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from elman.data.sequences import Sequences
from elman.models.scoring.bag_of_words import Linear, fit_scores
from elman.models.scoring.labels import Targets

LONGEST = 512
MOST_SYMBOLS = 64
NEAR = 3
"""Positions between the two of a pair, at most."""
SEEN = 2
"""Training sequences that need to have a symbol at a position, or a pair."""
MOST_COLUMNS = 40_000
"""The most frequent symbols at a position, and pairs, that are kept."""
PENALTIES = (0.1, 0.01, 1.0)
"""Inverses of the penalty to choose from."""


def have_positions(inputs: Sequences, symbols: int | None) -> bool:
    """Tell whether sequences are symbols of a small set at fixed positions."""
    lengths = inputs.lengths
    same = bool(lengths.min() == lengths.max())
    return symbols is not None and symbols <= MOST_SYMBOLS and same and 2 <= int(lengths[0]) <= LONGEST


@dataclass(frozen=True)
class Columns:
    """The columns of a table of symbols at positions, and of pairs of them.

    Attributes:
        length: the positions, L.
        symbols: the number of symbols, V.
        keys: of each column, sorted: `((gap * L + position) * V + symbol) * V + other symbol`. The gap is 0 for a
            single position, whose other symbol is 0.
    """

    length: int
    symbols: int
    keys: npt.NDArray[np.int64]

    @classmethod
    def fit(cls, inputs: Sequences, symbols: int, near: int) -> "Columns":
        """Take the columns that are seen in training, with pairs up to `near` positions apart."""
        length = int(inputs.lengths[0])
        _, keys = _keys(inputs, length, symbols, near)
        found, counts = np.unique(keys, return_counts=True)
        most = np.argsort(-counts, kind="stable")[:MOST_COLUMNS]
        return cls(length, symbols, np.sort(found[most[counts[most] >= SEEN]]))

    def table(self, inputs: Sequences) -> Any:
        """Return 1 where a sequence has what a column stands for, sparse, shape `(n, F)`; what is new is left out."""
        near = int(self.keys[-1] // (self.length * self.symbols**2)) if len(self.keys) else 0
        rows, keys = _keys(inputs, self.length, self.symbols, near)
        places = np.minimum(np.searchsorted(self.keys, keys), max(len(self.keys) - 1, 0))
        known = self.keys[places] == keys if len(self.keys) else np.zeros(len(keys), bool)
        shape = (len(inputs), len(self.keys))
        return sparse.csr_matrix((np.ones(known.sum(), np.float32), (rows[known], places[known])), shape=shape)

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"length": self.length, "symbols": self.symbols, "keys": self.keys.tolist()}

    @classmethod
    def from_state(cls, content: dict[str, Any]) -> "Columns":
        """Return the columns that `content` was made from."""
        return cls(content["length"], content["symbols"], np.array(content["keys"], np.int64))


@dataclass(frozen=True)
class Positions:
    """A linear classifier over symbols at positions and near pairs of them."""

    columns: Columns
    linear: Linear

    @classmethod
    def fit(
        cls, inputs: Sequences, targets: Targets, symbols: int, weights: npt.NDArray[np.float32] | None
    ) -> "Positions | None":
        """Fit to sequences with one label each; None where no symbol is at a position in two of them.

        Args:
            inputs: sequences of symbol numbers, all of one length.
            targets: their classes.
            symbols: the number of symbols.
            weights: of the classes, shape `(K,)`, or None.
        """
        columns = Columns.fit(inputs, symbols, NEAR)
        if not len(columns.keys):
            return None
        return cls(columns, fit_scores(columns.table(inputs), targets, False, weights, PENALTIES))

    def scores(self, inputs: Sequences) -> npt.NDArray[np.float64]:
        """Return the score of every class for every sequence, shape `(n, K)`."""
        return self.linear.scores(self.columns.table(inputs))


def _keys(
    inputs: Sequences, length: int, symbols: int, near: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the row and the key of each position and pair; positions after `length` are left out."""
    rows = np.repeat(np.arange(len(inputs)), inputs.lengths)
    places = np.arange(len(inputs.values)) - np.repeat(inputs.starts[:-1], inputs.lengths)
    values = inputs.values.astype(np.int64)
    kept = places < length
    rows, places, values = rows[kept], places[kept], values[kept]
    found_rows, found = [rows], [(places * symbols + values) * symbols]
    for gap in range(1, near + 1):
        both = np.flatnonzero(rows[gap:] == rows[:-gap])
        found_rows.append(rows[both])
        key = ((gap * length + places[both]) * symbols + values[both]) * symbols + values[both + gap]
        found.append(key)
    return np.concatenate(found_rows), np.concatenate(found)
