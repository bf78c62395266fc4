"""Compute the elementary functions in NumPy float64, numerically stable and over any leading batch axes.

`autograd.py` has the same names in torch; only what a forward pass needs is asked of it.
"""

from typing import Any

import numpy as np

tanh, sqrt, zeros, isfinite = np.tanh, np.sqrt, np.zeros, np.isfinite


def array(a: Any) -> Any:
    """Give a float64 array."""
    return np.asarray(a, dtype=np.float64)


def sigmoid(a: Any) -> Any:
    """Give 1 / (1 + exp(-a)) without overflow."""
    small = np.exp(-np.abs(a))
    return np.where(np.greater_equal(a, 0), 1.0, small) / (1.0 + small)


def relu(a: Any) -> Any:
    """Give a where it is positive, else 0."""
    return np.maximum(a, 0.0)


def step(a: Any) -> Any:
    """Give 1 where a is positive, else 0: the slope of relu."""
    return np.where(np.greater(a, 0), 1.0, 0.0)


def softmax(a: Any) -> Any:
    """Give exp(a) over the sum of exp(a), along the last axis."""
    powers = np.exp(a - np.max(a, axis=-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def xlogy(x: Any, y: Any) -> Any:
    """Give x ln y, and 0 where x is 0 whatever y is."""
    return x * np.log(np.where(np.equal(x, 0), 1.0, y))


def concat(a: Any, b: Any) -> Any:
    """Join two vectors end to end."""
    batch = np.broadcast_shapes(a.shape[:-1], b.shape[:-1])
    return np.concatenate([np.broadcast_to(part, (*batch, part.shape[-1])) for part in (a, b)], axis=-1)


def norm(*arrays: Any) -> Any:
    """Give the Euclidean norm of all entries of all arrays together."""
    return np.sqrt(sum(float(np.sum(array * array)) for array in arrays))


def at_least(a: Any, bound: float) -> Any:
    """Give a, or the bound where a is smaller."""
    return np.maximum(a, bound)


def clamp(a: Any, bound: float) -> Any:
    """Give a, held between -bound and bound."""
    return np.clip(a, -bound, bound)
