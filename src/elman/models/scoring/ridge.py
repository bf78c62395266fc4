"""Fit ridge regression to classes, with many more features than examples if need be, and make its values scores.

The penalty is chosen by leaving out one example at a time, which costs one decomposition for all examples (Hastie,
Tibshirani and Friedman 2009, "The Elements of Statistical Learning", section 7.10); so is the factor that makes scores
of the values, as temperatures do (Guo and others 2017, "On calibration of modern neural networks").
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from elman.models.scoring.bag_of_words import Linear, likelihoods
from elman.models.scoring.classification import LEAST, mean_nats
from elman.models.scoring.labels import Targets

PENALTIES = np.logspace(-3, 5, 17)
LEAST_LEVERAGE = 1e-9
FACTORS = (-4.0, 6.0)
"""Bounds of the factor's logarithm."""


def fit_ridge(
    features: npt.NDArray[np.float32],
    targets: Targets,
    multilabel: bool,
    weights: npt.NDArray[np.float32] | None = None,
) -> tuple[Linear, npt.NDArray[np.float64]]:
    """Return a linear classifier, and the scores `(n, K)` that each example has when it is left out.

    Args:
        features: shape `(n, F)`.
        targets: what `Labels.encode` made of the labels; all classes are among them.
        multilabel: whether an example may have several labels.
        weights: of the classes, shape `(K,)`, or None; with several labels they change nothing.
    """
    wanted = targets if multilabel else np.eye(int(targets.max()) + 1)[targets.astype(np.int64)]
    wanted = 2 * wanted.astype(np.float64) - 1
    each = np.ones(len(features)) if multilabel or weights is None else weights[targets.astype(np.int64)]
    each = each.astype(np.float64) / each.mean()
    mean = np.average(features, axis=0, weights=each)
    spread = np.sqrt(np.average((features - mean) ** 2, axis=0, weights=each))
    scale = np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0)
    x = (features - mean) * scale
    middle = np.average(wanted, axis=0, weights=each)
    root = np.sqrt(each)[:, None]
    rows, y = x * root, (wanted - middle) * root
    left, values = _decomposed(rows)
    turned = left.T @ y

    def without(penalty: float) -> npt.NDArray[np.float64]:
        shrunk = values / (values + penalty)
        leverage = (left**2) @ shrunk + each / each.sum()
        residual = y - left @ (shrunk[:, None] * turned)
        return np.asarray(wanted - residual / (root * np.maximum(1 - leverage, LEAST_LEVERAGE)[:, None]))

    penalties = (PENALTIES * len(features)).tolist()
    measured = [_calibrated(without(penalty), targets, multilabel) for penalty in penalties]
    at = int(np.argmin([nats for _, nats in measured]))
    penalty, factor = penalties[at], measured[at][0]
    solved = rows.T @ (left @ ((1 / (values + penalty))[:, None] * turned))
    slopes = (solved * scale[:, None]).T * factor
    offsets = factor * middle - slopes @ mean
    return Linear(slopes.astype(np.float32), offsets.astype(np.float32), multilabel), factor * without(penalty)


def _decomposed(
    rows: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the left singular vectors of a matrix, `(n, r)`, and its squared singular values, without those of 0."""
    n, width = rows.shape
    if n <= width:
        values, left = np.linalg.eigh(rows @ rows.T)
        kept = values > values[-1] * 1e-10
        return left[:, kept], values[kept]
    values, right = np.linalg.eigh(rows.T @ rows)
    kept = values > values[-1] * 1e-10
    values = values[kept]
    return (rows @ right[:, kept]) / np.sqrt(values), values


def _calibrated(scores: npt.NDArray[np.float64], targets: Targets, multilabel: bool) -> tuple[float, float]:
    """Return the factor of some scores with the least loss, and that loss.

    One example in `n + 2` is expected to be of any class, so that the factor stays finite where none is wrong.
    """
    share = 1 / (len(scores) + 2)

    def nats(power: float) -> float:
        probabilities = likelihoods(np.exp(power) * scores, multilabel)
        right = mean_nats(probabilities, targets)
        any_class = -np.log(np.maximum(probabilities, LEAST)).mean()
        if multilabel:
            any_class = (any_class - np.log(np.maximum(1 - probabilities, LEAST)).mean()) / 2
        return (1 - share) * right + share * float(any_class)

    found = minimize_scalar(nats, bounds=FACTORS, method="bounded", options={"xatol": 0.01})
    return float(np.exp(found.x)), float(found.fun)
