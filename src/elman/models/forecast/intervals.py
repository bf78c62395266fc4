"""Compute prediction intervals from held-out errors: split conformal prediction, one width for each step.

The held-out part was not trained on, so its errors are what errors on new data look like. Each step's errors are
divided by that step's own size, which may only grow with the horizon; then all steps are taken together, so that a
short series still has enough of them. The half-width at a level is the ceil((n + 1) level)-th smallest of the n
quotients, as in Vovk et al. (2005), "Algorithmic Learning in a Random World", times the step's size.

Windows overlap and series drift, so that the promised coverage is not proven here: `Forecaster.backtest` measures it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
KEPT = 2001
"""Quotients kept: of more, that many evenly spaced in rank."""


@dataclass(frozen=True)
class Intervals:
    """The half-widths of intervals, in spreads.

    Attributes:
        sizes: the size of errors at each step of the horizon, shape `(K,)`, growing.
        quotients: absolute errors divided by their step's size, ascending, shape `(n,)`.
    """

    sizes: Numbers
    quotients: Numbers

    @classmethod
    def fit(cls, errors: Numbers) -> "Intervals":
        """Measure held-out errors, shape `(n, K)`; NaN where nothing was observed."""
        with np.errstate(invalid="ignore"):
            squares = np.where(np.isnan(errors), 0, errors) ** 2
        counts = np.maximum((~np.isnan(errors)).sum(axis=0), 1)
        sizes = np.maximum.accumulate(np.sqrt(squares.sum(axis=0) / counts))
        quotients = np.sort((np.abs(errors) / np.where(sizes > 0, sizes, 1))[~np.isnan(errors)])
        if len(quotients) > KEPT:
            quotients = quotients[np.linspace(0, len(quotients) - 1, KEPT).round().astype(np.int64)]
        return cls(sizes, quotients)

    def half_widths(self, level: float) -> Numbers:
        """Return half the width at each step, shape `(K,)`; `level` in per cent, such as 95."""
        rank = math.ceil((len(self.quotients) + 1) * level / 100)
        return np.asarray(self.quotients[min(rank, len(self.quotients)) - 1] * self.sizes)

    def numbers(self) -> dict[str, Any]:
        """Return both arrays as lists, for a file."""
        return {"sizes": self.sizes.tolist(), "quotients": self.quotients.tolist()}

    @classmethod
    def from_numbers(cls, numbers: dict[str, Any]) -> "Intervals":
        """Return what `numbers` described."""
        return cls(np.array(numbers["sizes"]), np.array(numbers["quotients"]))
