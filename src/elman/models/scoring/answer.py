"""Choose what a model answers with, on held-out data: its network, a simple model, or a mixture of them.

A mixture adds the scores of its parts, each times a factor, which multiplies powers of their probabilities (a
logarithmic opinion pool; Heskes 1998, "Selecting weighting factors in logarithmic opinion pools"). Its factors are
fitted on the held-out part too, so its loss there would flatter it: it is measured by cross-fitting, with factors that
were fitted on the other examples.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from elman.models.estimator.answer import MIXTURE, Answer, Scores
from elman.models.scoring.bag_of_words import likelihoods
from elman.models.scoring.classification import mean_nats
from elman.models.scoring.labels import Targets

Weights = npt.NDArray[np.float32] | None

FOLDS = 5
"""Parts of the held-out examples for cross-fitting."""
LEAST = 20
"""Held-out examples below which the factors of a mixture are not fitted."""


def choose(
    parts: Mapping[str, Scores],
    targets: Targets,
    multilabel: bool,
    alone: Mapping[str, Scores] | None = None,
    weights: Weights = None,
) -> tuple[Answer, dict[str, Scores]]:
    """Choose the candidate with the least held-out loss: each part alone, and their mixture.

    Args:
        parts: the held-out scores of each part, `(n, K)`, by name; the first wins where losses are equal.
        targets: the truth.
        multilabel: whether an example may have several labels.
        alone: the scores of candidates that are no parts of the mixture.
        weights: how much each class counts in the loss, shape `(K,)`; None counts all alike.

    Returns:
        The choice, and the held-out scores of every candidate by name, the mixture's by cross-fitting.
    """
    candidates = {**(alone or {}), **parts}
    factors = {name: {name: 1.0} for name in candidates}
    if len(parts) > 1 and len(targets) >= LEAST:
        stacked = np.stack(list(parts.values()))
        candidates[MIXTURE] = _cross_fitted(stacked, targets, multilabel, weights)
        factors[MIXTURE] = dict(zip(parts, fit_factors(stacked, targets, multilabel, weights).tolist(), strict=True))
    losses = {name: _nats(scores, targets, multilabel, weights) for name, scores in candidates.items()}
    return Answer.least(losses, factors), candidates


def fit_factors(parts: Scores, targets: Targets, multilabel: bool, weights: Weights = None) -> npt.NDArray[np.float64]:
    """Return the factors, shape `(P,)`, not negative, that make the loss of the sum of scores `(P, n, K)` least.

    Their expected sum is 1, in equal parts, give or take 1 each (a Gaussian prior), so that few examples do not lead
    far away from that. As temperatures do (Guo and others 2017), they correct parts that are too sure of themselves.
    """
    prior = np.full(len(parts), 1 / len(parts))

    def regret(factors: npt.NDArray[np.float64]) -> float:
        nats = _nats(np.tensordot(factors, parts, 1), targets, multilabel, weights)
        return nats * targets.size + float(((factors - prior) ** 2).sum()) / 2

    return np.asarray(minimize(regret, prior, method="L-BFGS-B", bounds=[(0, None)] * len(parts)).x)


def _cross_fitted(parts: Scores, targets: Targets, multilabel: bool, weights: Weights) -> Scores:
    """Return the scores `(n, K)` of mixtures whose factors were fitted, for each fold, on the other folds."""
    found = np.empty(parts.shape[1:])
    for fold in range(FOLDS):
        measured = np.arange(len(targets)) % FOLDS == fold
        factors = fit_factors(parts[:, ~measured], targets[~measured], multilabel, weights)
        found[measured] = np.tensordot(factors, parts[:, measured], 1)
    return found


def _nats(scores: Scores, targets: Targets, multilabel: bool, weights: Weights) -> float:
    return mean_nats(likelihoods(scores, multilabel), targets, weights)
