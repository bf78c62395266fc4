"""Choose among predictors of a text, and their linear interpolation, on held-out text.

The interpolation is a weighted mean of probabilities (Jelinek and Mercer 1980, "Interpolated estimation of Markov
source parameters from sparse data"); its weights are those that make the held-out text likeliest, found by expectation
maximisation. Its own loss there would flatter it: it is measured by cross-fitting, each piece of the text with weights
that were fitted on the other pieces.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from elman.models.estimator.answer import MIXTURE, Answer

Probabilities = npt.NDArray[np.float64]

PIECES = 5
"""Pieces of the held-out text for cross-fitting."""
LEAST = 20
"""Held-out symbols below which no weights are fitted."""
ROUNDS, CHANGE = 200, 1e-5
"""Most rounds of the fit, and the change of every weight below which it ends."""


def choose(parts: Mapping[str, Probabilities]) -> Answer:
    """Return the candidate with the least held-out loss: each part alone, and their interpolation.

    Args:
        parts: what each part gave the held-out symbols, `(N,)`, by name; the first wins where losses are equal.
    """
    losses = {name: nats(found) for name, found in parts.items()}
    factors = {name: {name: 1.0} for name in parts}
    stacked = np.stack(list(parts.values()))
    if len(parts) > 1 and stacked.shape[1] >= LEAST:
        losses[MIXTURE] = _cross_fitted(stacked)
        factors[MIXTURE] = dict(zip(parts, fit_weights(stacked).tolist(), strict=True))
    return Answer.least(losses, factors)


def nats(probabilities: Probabilities) -> float:
    """Return the mean of -ln of probabilities."""
    return -float(np.log(probabilities).mean())


def fit_weights(parts: Probabilities) -> Probabilities:
    """Return the weights of an interpolation, shape `(P,)`, that make symbols likeliest to which parts gave `(P, N)`.

    Each weight starts with the count of one symbol, so that none becomes 0.
    """
    count, length = parts.shape
    weights = np.full(count, 1 / count)
    for _ in range(ROUNDS):
        joint = weights[:, None] * parts
        now = ((joint / joint.sum(axis=0)).sum(axis=1) + 1) / (length + count)
        done = np.abs(now - weights).max() < CHANGE
        weights = now
        if done:
            break
    return weights


def _cross_fitted(parts: Probabilities) -> float:
    total, ends = 0.0, np.linspace(0, parts.shape[1], PIECES + 1).astype(int)
    for begin, end in pairwise(ends):
        weights = fit_weights(np.delete(parts, slice(begin, end), axis=1))
        total -= float(np.log(weights @ parts[:, begin:end]).sum())
    return float(total / parts.shape[1])
