"""Choose how much each method counts, by what it erred from past origins, and whether the network counts too.

The shares of the simple methods fall with a high power of their past errors, and those far behind the best get none: a
choice of a few, which needs no fit that could go astray where origins are few (inverse errors as weights: Bates and
Granger 1969, "The combination of forecasts"). Later origins count more, for methods that learn were worse with less to
learn from.

A naive method gets a part of that, the larger, the less sure it is that the others err less than it (as a shrinkage of
the gain to zero: James and Stein 1961, "Estimation with quadratic loss"; choosing the simplest within a standard error:
Breiman and others 1984, "Classification and Regression Trees"). Where a series then leaves its range, methods that were
hardly better on average err far more.

The network's share is chosen on what was held out from its training, among a few; it has to earn each.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman.models.estimator.answer import MIXTURE, NETWORK, Answer

Numbers = npt.NDArray[np.float64]

POWER = 8
"""Of the errors."""
BEHIND = 1.3
"""Methods that err more than this times the best's error are left out."""
EARLIEST = 1 / 3
"""The weight of the first of the past origins; the last has 1."""
LEAST_SHARE = 0.01
"""Methods that would count less are left out."""
ENOUGH = 0.8
"""A method takes part where it forecasts from this share of the origins that any method forecasts from."""
MOST_NAIVE = 0.8
"""The part of the naive method where nothing errs less than it."""
DOUBT, STEEPNESS = 1.25, 12
"""So many standard errors of gain halve that part; how fast it falls there."""
CERTAIN = 100.0
"""Standard errors beyond which a gain is no surer."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the network."""
PRICE = 1.0
"""The part of the error that a share of 1 has to save where one horizon was held out."""
SIMPLE = "simple methods"


class Past(NamedTuple):
    """Forecasts from past origins, and the values that followed.

    Attributes:
        forecasts: by method, each `(n, K)`; NaN where there is none.
        truth: `(n, K)`; NaN where nothing was observed.
        units: the size of errors at each origin, `(n,)`.
        ages: steps from each origin to the end of its series, `(n,)`.
    """

    forecasts: Mapping[str, Numbers]
    truth: Numbers
    units: Numbers
    ages: npt.NDArray[np.int64]

    def errors(self, name: str) -> Numbers:
        """Return the errors of a method in units, `(n, K)`."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray((self.forecasts[name] - self.truth) / self.units[:, None])

    @property
    def recent(self) -> Numbers:
        """The weight of each origin, `(n,)`: 1 for the last, `EARLIEST` for the first."""
        span = max(int(self.ages.max() - self.ages.min()), 1)
        return np.asarray(1 - (1 - EARLIEST) * (self.ages - self.ages.min()) / span)

    def only(self, rows: npt.NDArray[np.bool_]) -> "Past":
        """Return some of the origins."""
        kept = {name: values[rows] for name, values in self.forecasts.items()}
        return Past(kept, self.truth[rows], self.units[rows], self.ages[rows])


def losses(past: Past) -> dict[str, float]:
    """Return the mean absolute error of each method in units, on the steps that all forecast; later origins count more.

    Methods that forecast from too few of the origins are left out.
    """
    sizes = {name: np.abs(past.errors(name)) for name in past.forecasts}
    counts = {name: int(np.isfinite(size).sum()) for name, size in sizes.items()}
    most = max(counts.values(), default=0)
    names = [name for name, count in counts.items() if count and count >= ENOUGH * most]
    if not names:
        return {}
    common = np.all([np.isfinite(sizes[name]) for name in names], axis=0)
    if not common.any():
        return {}
    weights = past.recent[:, None] * common
    return {name: float(np.average(np.where(common, sizes[name], 0), weights=weights)) for name in names}


def shares(past: Past) -> dict[str, float]:
    """Return how much each of the methods counts: at most 1 together, by name; only those that count."""
    erred = losses(past)
    if not erred:
        return {}
    best = max(min(erred.values()), 1e-9)
    weights = {name: (best / max(loss, 1e-9)) ** POWER for name, loss in erred.items() if loss <= BEHIND * best}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items() if weight / total >= LEAST_SHARE}


def hedged(past: Past, factors: Mapping[str, float], naive: Collection[str], horizons: float) -> dict[str, float]:
    """Return factors of which a part goes to the best of the naive methods, unless the others surely err less than it.

    Args:
        past: forecasts from past origins.
        factors: how much each method counts.
        naive: the names of the naive methods.
        horizons: how many forecasts without overlap the origins are worth: the fewer, the less sure a gain is.
    """
    erred = {name: loss for name, loss in losses(past).items() if name in naive}
    if not erred:
        return dict(factors)
    best = min(erred, key=lambda name: erred[name])
    both = past._replace(
        forecasts=dict(past.forecasts) | {MIXTURE: mixed(past.forecasts, factors, past.forecasts[best])}
    )
    gains = np.abs(both.errors(best)) - np.abs(both.errors(MIXTURE))
    there = np.isfinite(gains)
    weights = past.recent * there.any(axis=1)  # steps of a horizon are not independent: an origin gives one number
    means = np.where(there, gains, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    gain = float(np.average(means, weights=weights))
    error = float(np.sqrt(np.average((means - gain) ** 2, weights=weights) / max(horizons, 1)))
    sure = min(max(gain, 0.0) / max(error, 1e-9), CERTAIN)
    part = MOST_NAIVE / (1 + (sure / DOUBT) ** STEEPNESS)
    if part < LEAST_SHARE:
        return dict(factors)
    found = {name: (1 - part) * factor for name, factor in factors.items()}
    return found | {best: found.get(best, 0.0) + part}


def mixed(forecasts: Mapping[str, Numbers], factors: Mapping[str, float], otherwise: Numbers) -> Numbers:
    """Return the mean of forecasts, each times its factor; of those that there are.

    Args:
        forecasts: by method, each `(n, K)`; NaN where there is none.
        factors: how much each counts.
        otherwise: the forecast where there is none of them, `(n, K)`.
    """
    total, weight = np.zeros(otherwise.shape), np.zeros(otherwise.shape)
    for name, factor in factors.items():
        if name in forecasts:
            there = np.isfinite(forecasts[name])
            total += np.where(there, forecasts[name], 0) * (factor * there)
            weight += factor * there
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1), otherwise)


def choose(simple: Mapping[str, float], held_out: Past, horizons: float, shown: Collection[str] = ()) -> Answer:
    """Return what to answer with: simple methods, the network, or both.

    Args:
        simple: how much each simple method counts.
        held_out: forecasts of the simple methods and of the network from held-out origins.
        horizons: how many forecasts without overlap they are worth: a share of the network has to gain the more, the
            fewer there are, for its weights were chosen there too.
        shown: methods whose losses are kept although they do not count.
    """
    network = held_out.forecasts[NETWORK]
    without = mixed(held_out.forecasts, simple, network)
    found = {share: share * network + (1 - share) * without for share in SHARES}
    erred = losses(held_out._replace(forecasts={str(share): values for share, values in found.items()}))
    table = losses(held_out)
    if not erred:
        return Answer(SIMPLE, dict(simple))
    asked = {share: erred[str(share)] * (1 + PRICE * share / np.sqrt(max(horizons, 1))) for share in SHARES}
    best = min(asked, key=lambda share: asked[share])
    factors = {name: (1 - best) * share for name, share in simple.items() if best < 1}
    factors |= {NETWORK: best} if best else {}
    name = next(iter(factors)) if len(factors) == 1 else MIXTURE if best else SIMPLE
    first = {name: erred[str(best)], SIMPLE: erred["0.0"], NETWORK: erred["1.0"]}
    return Answer(name, factors, first | {one: loss for one, loss in table.items() if one in simple or one in shown})
