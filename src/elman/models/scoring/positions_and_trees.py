"""Add up the two classifiers of symbols at positions, the linear one and the trees, with factors from cross-validation.

Either may be much better than the other: the linear one where positions count by themselves, the trees where they
count together. Scores that each gave to sequences which it had not learned from say how much it counts.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from elman.data.sequences import Sequences
from elman.data.splits import fold_rows
from elman.models.scoring.answer import fit_factors
from elman.models.scoring.bag_of_words import Linear
from elman.models.scoring.labels import Targets
from elman.models.scoring.positions import Positions
from elman.models.scoring.trees import Trees

FOLDS = 3


@dataclass(frozen=True)
class PositionsAndTrees:
    """The sum of both.

    Attributes:
        positions: the linear classifier, times its factor.
        trees: likewise.
        factors: of both, once they are known from training.
    """

    positions: Positions
    trees: Trees
    factors: tuple[float, float] | None = None

    @classmethod
    def fit(
        cls,
        inputs: Sequences,
        targets: Targets,
        symbols: int,
        weights: npt.NDArray[np.float32] | None,
        seed: int,
        factors: tuple[float, float] | None = None,
    ) -> "PositionsAndTrees | None":
        """Fit both to sequences with one label each; None where no symbol is at a position in two of them.

        Args:
            inputs: sequences of symbol numbers, all of one length.
            targets: their classes; all classes are among them.
            symbols: the number of symbols.
            weights: of the classes, shape `(K,)`, or None.
            seed: of the rows and columns that a tree sees.
            factors: of both; None finds them.
        """
        positions = Positions.fit(inputs, targets, symbols, weights)
        trees = Trees.fit(inputs, targets, symbols, weights, seed)
        if positions is None or trees is None:
            return None
        if factors is None:
            factors = _factors(inputs, targets, symbols, weights, seed)
        linear = positions.linear
        scaled = Linear(linear.slopes * np.float32(factors[0]), linear.offsets * np.float32(factors[0]), False)
        own = np.float32(factors[1])
        return cls(
            replace(positions, linear=scaled),
            replace(trees, leaves=trees.leaves * own, offsets=trees.offsets * own),
            factors,
        )

    def scores(self, inputs: Sequences) -> npt.NDArray[np.float64]:
        """Return the score of every class for every sequence, shape `(n, K)`."""
        return self.positions.scores(inputs) + self.trees.scores(inputs)


def _factors(
    inputs: Sequences, targets: Targets, symbols: int, weights: npt.NDArray[np.float32] | None, seed: int
) -> tuple[float, float]:
    """Return the factors with the least loss on sequences that were left out."""
    folds = fold_rows(targets.tolist(), FOLDS, seed)
    found = np.zeros((2, len(targets), int(targets.max()) + 1))
    for fold in range(FOLDS):
        asked, learned = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        both = PositionsAndTrees.fit(inputs.take(learned), targets[learned], symbols, weights, seed, (1.0, 1.0))
        if both is not None and len(asked):
            some = inputs.take(asked)
            found[:, asked] = both.positions.scores(some), both.trees.scores(some)
    known = np.flatnonzero(folds >= 0)
    first, second = fit_factors(found[:, known], targets[known], False)
    return float(first), float(second)
