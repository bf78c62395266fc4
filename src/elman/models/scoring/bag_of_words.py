"""Fit the baseline that ignores order: a linear classifier over counts of symbols, the bag of words.

Of series, where it is a bag of steps, it sees mean, deviation, least and greatest value of each feature. scikit-learn
fits it; its coefficients are arrays, so that they are saved in a model's file and the network can be compared with it
at any time.
"""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse, special
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from elman.data.inputs import SeriesInput, TokenInput, fit_input
from elman.data.items import as_items
from elman.data.sequences import Sequences
from elman.data.splits import fold_rows
from elman.models.scoring.classification import mean_nats
from elman.models.scoring.labels import Labels, Targets, as_labels
from elman.options import TokensName

INVERSE_PENALTY = 3.0
PARTS, MANY = 3, 5_000
"""Folds for the choice of a penalty; of more rows than that one fold is measured."""
ITERATIONS = 5000
"""Enough to converge: 4,000 images of digits, read as series of their rows, take 1,593."""


class Linear:
    """The coefficients of a linear classifier.

    Attributes:
        slopes: shape `(K, F)`.
        offsets: shape `(K,)`.
        multilabel: whether a sequence may have several labels.
    """

    def __init__(self, slopes: npt.NDArray[np.float32], offsets: npt.NDArray[np.float32], multilabel: bool):
        self.slopes, self.offsets, self.multilabel = slopes, offsets, multilabel

    def probabilities(self, inputs: Sequences) -> npt.NDArray[np.float64]:
        """Return the probability of every class for every sequence, shape `(n, K)`."""
        return likelihoods(self.scores(counts(inputs, self.slopes.shape[1])), self.multilabel)

    def scores(self, found: Any) -> npt.NDArray[np.float64]:
        """Return the score of every class for rows of features, `(n, F)` -> `(n, K)`."""
        return np.asarray(found @ self.slopes.T.astype(np.float64) + self.offsets)


def likelihoods(scores: npt.NDArray[np.float64], multilabel: bool) -> npt.NDArray[np.float64]:
    """Return the probabilities of scores, both `(n, K)`."""
    return np.asarray(special.expit(scores) if multilabel else special.softmax(scores, axis=1))


def fit_linear(inputs: Sequences, targets: Targets, symbols: int | None, multilabel: bool) -> Linear:
    """Fit a linear classifier over counts of symbols.

    Args:
        inputs: sequences in numbers.
        targets: what `Labels.encode` made of their labels.
        symbols: the number of symbols, V; None for series.
        multilabel: whether a sequence may have several labels.
    """
    width = symbols or 4 * inputs.values.shape[1]
    return fit_scores(counts(inputs, width), targets, multilabel)


def fit_scores(
    found: Any,
    targets: Targets,
    multilabel: bool,
    weights: npt.NDArray[np.float32] | None = None,
    penalties: Sequence[float] = (INVERSE_PENALTY,),
) -> Linear:
    """Fit a linear classifier over rows of features.

    Args:
        found: the features, shape `(n, F)`, sparse or dense.
        targets: what `Labels.encode` made of the labels; all classes are among them.
        multilabel: whether a row may have several labels.
        weights: of the classes, shape `(K,)`, or None; with several labels they change nothing.
        penalties: inverses of the penalty to choose from by cross-validation; with several labels the first is taken.
    """
    if multilabel:
        lines = [_one_label(found, row, penalties[0]) for row in targets.T]
        slopes, offsets = (np.concatenate(parts) for parts in zip(*lines, strict=True))
        return Linear(slopes.astype(np.float32), offsets.astype(np.float32), True)
    each = None if weights is None else weights[targets.astype(np.int64)]
    if len(penalties) == 1:
        return _one_of_several(found, targets, each, penalties[0])
    losses = [_cross_validated(found, targets, each, penalty) for penalty in penalties]
    return _one_of_several(found, targets, each, penalties[int(np.argmin(losses))])


def _one_of_several(found: Any, targets: Targets, each: Any, penalty: float) -> Linear:
    slopes, offsets = _line(found, targets, each, penalty)
    if len(slopes) == 1:  # two classes have one line between them
        slopes, offsets = np.concatenate((-slopes, slopes)) / 2, np.concatenate((-offsets, offsets)) / 2
    return Linear(slopes.astype(np.float32), offsets.astype(np.float32), False)


def _cross_validated(found: Any, targets: Targets, each: Any, penalty: float) -> float:
    """Return the sum of the losses of rows that were left out; one fold of many rows says enough."""
    folds = fold_rows(targets.tolist(), PARTS)
    total = 0.0
    for fold in range(PARTS if len(targets) <= MANY else 1):
        left_out = folds == fold
        if not left_out.any():
            continue
        linear = _one_of_several(
            found[~left_out], targets[~left_out], None if each is None else each[~left_out], penalty
        )
        probabilities = likelihoods(linear.scores(found[left_out]), False)
        total += mean_nats(probabilities, targets[left_out]) * int(left_out.sum())
    return total


def _line(found: Any, targets: Any, weights: Any, penalty: float) -> tuple[Any, Any]:
    model = LogisticRegression(C=penalty, max_iter=ITERATIONS).fit(found, targets, sample_weight=weights)
    return model.coef_, model.intercept_


def _one_label(found: Any, has_it: npt.NDArray[Any], penalty: float) -> tuple[Any, Any]:
    """Fit to one of several labels; one that every row has, or none, is as likely as so many rows allow."""
    if has_it.min() < has_it.max():
        return _line(found, has_it, None, penalty)
    share = (has_it.sum() + 1) / (len(has_it) + 2)
    return np.zeros((1, found.shape[1])), np.array([special.logit(share)])


def counts(inputs: Sequences, width: int) -> Any:
    """Return what is counted: a sparse matrix of counts, dampened and of length 1; of series a dense one."""
    if inputs.values.ndim == 2:
        parts = [inputs[row].astype(np.float64) for row in range(len(inputs))]
        return np.stack([np.concatenate((p.mean(0), p.std(0), p.min(0), p.max(0))) for p in parts])
    rows = np.repeat(np.arange(len(inputs)), inputs.lengths)
    shape = (len(inputs), width)
    found = sparse.csr_matrix((np.ones(len(rows)), (rows, inputs.values)), shape=shape)
    found.data = np.log1p(found.data)
    lengths = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)))
    return sparse.csr_matrix(found.multiply(1 / lengths))


class BagOfWords(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier that sees which symbols a sequence has and not their order; the same interface as the network's.

    Args:
        tokens: how texts are cut: "words", "characters", "symbols", or "auto".
        min_count: occurrences below which a symbol is unknown.

    Attributes:
        classes_: the labels, sorted.

    Example:
        >>> from elman.models.scoring.bag_of_words import BagOfWords
        >>> model = BagOfWords(tokens="words", min_count=1).fit(["so good", "good", "so bad", "bad"], [1, 1, 0, 0])
        >>> model.predict(["good good bad"]).tolist()
        [1]
    """

    input_: TokenInput | SeriesInput

    def __init__(self, *, tokens: TokensName = "auto", min_count: int = 2):
        self.tokens = tokens
        self.min_count = min_count

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from sequences (see `elman.data.items.as_items`) and their labels."""
        items = as_items(X)
        names = as_labels(y, len(items))
        self.input_ = fit_input(items, self.tokens, self.min_count)
        labels = Labels.fit(names)
        symbols = len(self.input_.vocabulary) if isinstance(self.input_, TokenInput) else None
        self._linear = fit_linear(self.input_.encode(items), labels.encode(names), symbols, labels.multilabel)
        self._labels, self.classes_ = labels, labels.classes
        return self

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of every class, shape `(n, K)`."""
        return self._linear.probabilities(self.input_.encode(as_items(X)))

    def predict(self, X: Any) -> Any:
        """Return the likeliest label of each sequence, or a list of labels each."""
        return self._labels.decode(self.predict_proba(X))
