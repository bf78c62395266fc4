"""Vary series of numbers in training: noise, scale and a warp of time.

Um and others (2017), "Data augmentation of wearable sensor data for Parkinson's disease monitoring using convolutional
neural networks", describe and compare them.

torch draws the random numbers, so that a resumed training goes on with the same ones.
"""

import numpy as np
import torch

from elman.data.items import Floats
from elman.data.sequences import Rows, Sequences
from elman.models.classify.options import AugmentName

NOISE = 0.05
"""Standard deviation of the noise; features are scaled to 1."""
SCALE = 0.1
"""Standard deviation of the factor of a feature, which is 1 on average."""
KNOTS, WARP = 4, 0.2
"""Parts of a series whose speed varies, and the standard deviation of their speeds' logarithm."""


def augmented(inputs: Sequences, rows: Rows, how: AugmentName) -> Sequences:
    """Return varied series for some rows, in their order and of the same lengths.

    Args:
        inputs: scaled series.
        rows: which of them.
        how: "jitter" adds noise, "scale" multiplies each feature, "warp" stretches and shortens parts; "all" does all.
    """
    return Sequences.of([_varied(inputs[row], how) for row in rows])


def _varied(series: Floats, how: AugmentName) -> Floats:
    steps, features = series.shape
    found = series.astype(np.float64)
    if how in ("warp", "all") and steps > 2:
        speeds = (WARP * torch.randn(KNOTS)).exp().numpy()
        places = np.interp(np.arange(steps), np.linspace(0, steps - 1, KNOTS + 1), np.append(0, speeds.cumsum()))
        places *= (steps - 1) / places[-1]
        found = np.stack([np.interp(places, np.arange(steps), column) for column in series.T], axis=1)
    if how in ("scale", "all"):
        found = found * (1 + SCALE * torch.randn(features).numpy())
    if how in ("jitter", "all"):
        found = found + NOISE * torch.randn(steps, features).numpy()
    return found.astype(np.float32)
