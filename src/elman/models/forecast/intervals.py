"""Intervals from errors at past origins: split conformal prediction, widened where past errors say little.

Errors count in units of the series' changes, more of those just before the origin than of all (a local scale: Lei and
others 2018, "Distribution-free predictive inference for regression"), and each step of the horizon has its own size,
which may only grow. The half-width at a level is the step's size times a factor: the ceil((n + 1) level)-th smallest of
the n errors divided by their sizes (Vovk and others 2005, "Algorithmic Learning in a Random World"), or the quantile of
Student's t with as many degrees of freedom as the past holds horizons, where that is more, but not far beyond the
largest past error. Errors of windows that overlap are nearly the same errors, so that a few horizons say little about
rare ones.

Series drift, so that the promised coverage is not proven here: `Forecaster.backtest` measures it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

Numbers = npt.NDArray[np.float64]

KEPT = 2001
"""Quotients kept: of more, that many evenly spaced in rank."""
WORTH = 0.4
"""Degrees of freedom of a horizon: neighbours are not independent either."""
LEAST_FREEDOM = 3.0
BEYOND = 1.2
"""Nothing is widened beyond this times the largest past error."""
OWN = 0.7
"""The power of the changes just before an origin in its unit, beside those of the whole series."""
RECENT, RECENT_SEASONS = 12, 2
"""Steps, or seasons, before an origin whose changes are its own."""
SMALLEST = 0.1
"""The own changes count as this share of all at least."""


@dataclass(frozen=True)
class Intervals:
    """The half-widths of intervals, in units of an origin.

    Attributes:
        sizes: the size of errors at each step of the horizon, shape `(K,)`, growing.
        quotients: absolute errors divided by their step's size, ascending, shape `(n,)`.
        freedom: degrees of freedom.
    """

    sizes: Numbers
    quotients: Numbers
    freedom: float

    @classmethod
    def fit(cls, errors: Numbers, horizons: float, recent: Numbers | None = None) -> "Intervals":
        """Measure past errors.

        Args:
            errors: shape `(n, K)`; NaN where nothing was observed.
            horizons: forecasts without overlap that they are worth.
            recent: how much each origin counts in the sizes, `(n,)`; all alike by default.
        """
        errors = np.where(np.isfinite(errors), errors, np.nan)
        weights = ~np.isnan(errors) * (np.ones(len(errors)) if recent is None else recent)[:, None]
        totals = np.where(weights.sum(axis=0) > 0, weights.sum(axis=0), 1)
        sizes = np.maximum.accumulate(np.sqrt((weights * np.nan_to_num(errors) ** 2).sum(axis=0) / totals))
        quotients = np.sort((np.abs(errors) / np.where(sizes > 0, sizes, 1))[~np.isnan(errors)])
        if len(quotients) > KEPT:
            quotients = quotients[np.linspace(0, len(quotients) - 1, KEPT).round().astype(np.int64)]
        return cls(sizes, quotients, max(LEAST_FREEDOM, WORTH * horizons))

    def half_widths(self, level: float) -> Numbers:
        """Return half the width at each step, shape `(K,)`; `level` in per cent, such as 95."""
        rank = math.ceil((len(self.quotients) + 1) * level / 100)
        if not len(self.quotients):
            return self.sizes * 0
        conformal = self.quotients[min(rank, len(self.quotients)) - 1]
        widened = min(float(student.ppf(0.5 + level / 200, self.freedom)), BEYOND * self.quotients[-1])
        return np.asarray(max(conformal, widened) * self.sizes)

    def numbers(self) -> dict[str, Any]:
        """Return all as JSON says it, for a file."""
        return {"sizes": self.sizes.tolist(), "quotients": self.quotients.tolist(), "freedom": self.freedom}

    @classmethod
    def from_numbers(cls, numbers: dict[str, Any]) -> "Intervals":
        """Return what `numbers` described."""
        return cls(np.array(numbers["sizes"]), np.array(numbers["quotients"]), numbers["freedom"])


def own_units(values: Numbers, origins: npt.NDArray[np.int64], unit: float, season: int) -> Numbers:
    """Return the unit of errors at each origin of a series, shape `(n,)`: nothing after an origin counts.

    Args:
        values: shape `(T,)`.
        origins: shape `(n,)`.
        unit: the mean change of the series.
        season: steps in its longest season; 1 is none.
    """
    recent = max(RECENT, RECENT_SEASONS * season)
    sums = np.concatenate(([0.0], np.cumsum(np.abs(np.diff(values)) / unit)))
    ends = np.maximum(origins - 1, 0)
    begins = np.maximum(ends - recent, 0)
    own = np.where(ends > begins, (sums[ends] - sums[begins]) / np.maximum(ends - begins, 1), 1.0)
    return np.asarray(unit * np.maximum(own, SMALLEST) ** OWN)
