"""One series to numbers of like size and back: fitted on a training part, then used on all of it.

A series that grows in proportion to its level is taken in logarithms, where growth is a straight line and a season's
swing keeps its size. Values are measured in spreads: what the last value, taken for the forecast of every step up to
the horizon, errs on the training part. A loss in spreads is therefore a share of the last value's error.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.limits import LARGEST_CHANGE

Numbers = npt.NDArray[np.float64]
LARGEST_EXPONENT = 700
"""exp of this is the largest forecast of a series in logarithms, 1e304: more would be no number."""
PARTS = 4
"""A series is cut into at least so many parts to see whether its swings grow with its level."""
GROWS, ALIKE = 1.5, 0.7
"""Logarithms are taken where the highest part's mean is this much above the lowest's, and the ranks of the parts'
means and deviations correlate at least so much."""


@dataclass(frozen=True)
class Scale:
    """The scale of a series.

    Attributes:
        log: whether in logarithms.
        spread: the unit, above 0.
        nonnegative: whether a forecast below 0 is 0.
    """

    log: bool
    spread: float
    nonnegative: bool = False

    @classmethod
    def fit(cls, training: Numbers, horizon: int, log: bool, nonnegative: bool = False) -> "Scale":
        """Measure a training part, shape `(T,)`; a series that never changes has its size as unit, or 1."""
        values = np.log(training) if log else training
        spread = last_value_error(values, horizon) or float(np.abs(values).max()) or 1.0
        return cls(log, spread, nonnegative)

    def apply(self, values: Numbers) -> Numbers:
        """Return values in spreads; their zero point has no meaning."""
        return (np.log(values) if self.log else values) / self.spread

    def invert(self, scaled: Numbers) -> Numbers:
        """Return values in the units of the series."""
        values = scaled * self.spread
        if self.log:
            values = np.exp(np.clip(values, -LARGEST_EXPONENT, LARGEST_EXPONENT))
        return np.asarray(np.maximum(values, 0) if self.nonnegative else values)

    def holds(self, values: Numbers) -> bool:
        """Say whether the network, which computes in float32, can read the differences of values."""
        return self.log or float(values.max() - values.min()) <= LARGEST_CHANGE * self.spread

    def numbers(self) -> dict[str, Any]:
        """Return all fields by name, for a file."""
        return asdict(self)


def last_value_error(values: Numbers, horizon: int) -> float:
    """Return what the last value errs as the forecast of the next `horizon` steps, on the mean, over a whole series."""
    steps = range(1, min(horizon, len(values) - 1) + 1)
    return float(np.mean([np.abs(values[step:] - values[:-step]).mean() for step in steps])) if steps else 0.0


def wants_log(training: Numbers, season: int) -> bool:
    """Say whether a series is positive, and swings more the higher its level.

    Args:
        training: shape `(T,)`.
        season: steps in a season, so that each part looked at holds a whole one; 1 is none.
    """
    if (training <= 0).any():
        return False
    training = training / training.max()  # squares of what is very small would be 0
    size = max(season, len(training) // 12, 4)
    parts = [training[begin : begin + size] for begin in range(0, len(training) - size + 1, size)]
    if len(parts) < PARTS:
        return False
    means, deviations = np.array([part.mean() for part in parts]), np.array([part.std() for part in parts])
    if means.max() < GROWS * means.min() or deviations.std() == 0:
        return False
    return bool(np.corrcoef(_ranks(means), _ranks(deviations))[0, 1] >= ALIKE)


def _ranks(values: Numbers) -> Numbers:
    return np.argsort(np.argsort(values)).astype(np.float64)


def column_scale(training: Numbers) -> tuple[Numbers, Numbers]:
    """Return mean and deviation of each column, shape `(C,)`; a column that never changes has the deviation 1."""
    largest = np.abs(training).max(axis=0)
    size = np.where(largest > 0, largest, 1.0)  # squares of what is very small would be 0
    deviation = (training / size).std(axis=0) * size
    return training.mean(axis=0), np.where(deviation > 0, deviation, 1.0)
