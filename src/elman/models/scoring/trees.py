"""Fit boosted trees to symbols at positions, and keep them as arrays.

scikit-learn grows the trees (Friedman 2001, "Greedy function approximation: a gradient boosting machine"; each tree
sees some of the rows and, at each split, some of the columns). A column is 0 or 1, so that a split is a column. All
trees are made as deep as the deepest may be: below a leaf, both sides have its value.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.ensemble import GradientBoostingClassifier
from torch import Tensor

from elman.data.sequences import Sequences
from elman.errors import InputError
from elman.models.scoring.labels import Targets
from elman.models.scoring.positions import Columns

DEPTH = 5
SPLITS, LEAVES = 2**DEPTH - 1, 2**DEPTH
ROUNDS = 150
RATE = 0.1
LEAST_ROWS = 5
"""Training sequences in a leaf, at least."""
COLUMNS_SEEN = 0.2
ROWS_SEEN = 0.7
WORK = 2e7
"""Rows times columns times classes that a round may see; trees of larger data see fewer of the rows."""
ROWS_AT_ONCE = 4_096


@dataclass(frozen=True)
class Trees:
    """Boosted trees over symbols at positions.

    Attributes:
        columns: what the trees see.
        splits: the column of each split, shape `(rounds, trees a round, 31)`; the children of split k are 2k+1, where
            the column is 0, and 2k+2.
        leaves: what a tree adds, shape `(rounds, trees a round, 32)`.
        offsets: scores before the first tree, shape `(trees a round,)`: of each class, or of the second of two.
    """

    columns: Columns
    splits: npt.NDArray[np.float32]
    leaves: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.float32]

    @classmethod
    def fit(
        cls, inputs: Sequences, targets: Targets, symbols: int, weights: npt.NDArray[np.float32] | None, seed: int
    ) -> "Trees | None":
        """Fit to sequences with one label each; None where no symbol is at a position in two of them.

        Args:
            inputs: sequences of symbol numbers, all of one length.
            targets: their classes.
            symbols: the number of symbols.
            weights: of the classes, shape `(K,)`, or None.
            seed: of the rows and columns that a tree sees.
        """
        columns = Columns.fit(inputs, symbols, near=0)
        if not len(columns.keys):
            return None
        table = columns.table(inputs).toarray()
        each = None if weights is None else weights[targets.astype(np.int64)]
        classes = int(targets.max()) + 1
        model = GradientBoostingClassifier(
            n_estimators=ROUNDS,
            learning_rate=RATE,
            max_depth=DEPTH,
            min_samples_leaf=min(LEAST_ROWS, max(len(table) // 10, 1)),
            max_features=COLUMNS_SEEN,
            subsample=min(ROWS_SEEN, WORK / (table.size * classes)),
            random_state=seed % 2**32,
        ).fit(table, targets, sample_weight=each)
        rounds = int(np.argmax(np.cumsum(model.oob_improvement_))) + 1
        splits, leaves = _arrays(model.estimators_[:rounds])
        # scikit-learn's scores of a row, without those of all its trees, are what it begins with.
        grown = _sums(*_arrays(model.estimators_), table[:1])
        offsets = model.decision_function(table[:1]).reshape(1, -1) - grown
        return cls(columns, splits, leaves, offsets[0].astype(np.float32))

    def scores(self, inputs: Sequences) -> npt.NDArray[np.float64]:
        """Return the score of every class for every sequence, shape `(n, K)`."""
        table = self.columns.table(inputs)
        found = [
            _sums(self.splits, self.leaves, table[at : at + ROWS_AT_ONCE].toarray())
            for at in range(0, len(inputs), ROWS_AT_ONCE)
        ]
        sums = np.concatenate(found) + self.offsets
        return np.hstack((-sums, sums)) / 2 if sums.shape[1] == 1 else sums

    @classmethod
    def from_state(cls, content: dict[str, Any], tensors: dict[str, Tensor]) -> "Trees":
        """Return the trees that `content` and `tensors` were made from.

        Raises:
            InputError: a split is none of the columns.
        """
        columns = Columns.from_state(content["columns"])
        splits = tensors["tree splits"].numpy()
        if not ((splits >= 0) & (splits < len(columns.keys)) & (splits == np.floor(splits))).all():
            raise InputError(f"the tensor 'tree splits': expected whole numbers below {len(columns.keys):,}")
        return cls(columns, splits, tensors["tree leaves"].numpy(), tensors["tree offsets"].numpy())

    @staticmethod
    def shapes(content: dict[str, Any], classes: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the tensors that `content` needs, by name."""
        many = (content["rounds"], 1 if classes == 2 else classes)
        return {"tree splits": (*many, SPLITS), "tree leaves": (*many, LEAVES), "tree offsets": many[1:]}

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"columns": self.columns.content(), "rounds": len(self.splits)}

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file has to hold as tensors."""
        found = {"splits": self.splits, "leaves": self.leaves, "offsets": self.offsets}
        return {f"tree {name}": torch.from_numpy(array) for name, array in found.items()}


def _arrays(trees: npt.NDArray[Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return splits and leaves of scikit-learn's trees, shape `(rounds, trees a round)`."""
    splits = np.zeros((*trees.shape, SPLITS), np.float32)
    leaves = np.empty((*trees.shape, LEAVES), np.float32)
    for place in np.ndindex(*trees.shape):
        grown: Any = trees[place]
        tree = grown.tree_
        nodes = [0]
        for level in range(DEPTH):
            first = 2**level - 1
            below = []
            for k, node in enumerate(nodes):
                left, right = tree.children_left[node], tree.children_right[node]
                if left < 0:  # a leaf
                    below += [node, node]
                else:
                    splits[(*place, first + k)] = tree.feature[node]
                    below += [left, right]
            nodes = below
        leaves[place] = RATE * tree.value[nodes, 0, 0]
    return splits, leaves


def _sums(
    splits: npt.NDArray[np.float32], leaves: npt.NDArray[np.float32], table: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """Return the sum over the rounds for every row of a table, `(n, F)` -> `(n, trees a round)`."""
    found = np.zeros((len(table), splits.shape[1]))
    for of_round, values in zip(splits.astype(np.int64), leaves, strict=True):
        for number, (tree, leaf) in enumerate(zip(of_round, values, strict=True)):
            node = np.zeros(len(table), np.int64)
            for _ in range(DEPTH):
                node = 2 * node + 1 + (table[np.arange(len(table)), tree[node]] > 0)
            found[:, number] += leaf[node - SPLITS]
    return found
