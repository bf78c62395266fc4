"""Classify series by MiniRocket with ridge regression, and by the nearest neighbour under dynamic time warping."""

from itertools import combinations

import numba
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.unseen.table import Score, Split

Numbers = npt.NDArray[np.float32]
FEATURES = 9996
BAND = 0.1
"""Width of the warping window, as a share of the longest series."""


class MiniRocket:
    """Shares of positive values after convolutions with 84 fixed kernels (Dempster, Schmidt and Webb, 2021).

    Kernels have 9 weights, three of them 2 and the others -1; dilations grow exponentially; biases are quantiles of
    the convolutions of single training examples. Series of unequal length are continued with their last value.
    """

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)

    def fit_transform(self, X: list[Numbers]) -> Numbers:
        self.length = max(9, *(len(one) for one in X))
        series = self._padded(X)
        kernels = list(combinations(range(9), 3))
        most = min(np.log2((self.length - 1) / 8), 5)
        each = FEATURES // len(kernels)
        exponents, counts = np.unique(
            np.floor(2 ** np.linspace(0, most, min(each, 32))).astype(int), return_counts=True
        )
        counts = np.maximum(counts * each // counts.sum(), 1)
        self.plan = []
        for dilation, count in zip(exponents, counts, strict=True):
            for kernel in kernels:
                channels = self._channels(series.shape[1])
                row = self.random.integers(len(series))
                found = _convolve(series[row : row + 1, channels], kernel, int(dilation))
                quantiles = self.random.random(count)
                self.plan.append((kernel, int(dilation), channels, np.quantile(found, quantiles).astype(np.float32)))
        return self._features(series)

    def transform(self, X: list[Numbers]) -> Numbers:
        return self._features(self._padded(X))

    def _channels(self, count: int) -> npt.NDArray[np.int64]:
        most = min(count, 9)
        size = int(2 ** self.random.uniform(0, np.log2(most + 1)))
        return self.random.choice(count, min(size, most), replace=False)

    def _padded(self, X: list[Numbers]) -> Numbers:
        rows = [one[:, None] if one.ndim == 1 else one for one in X]
        rows = [one[: self.length] for one in rows]
        return np.stack([np.pad(one, ((0, self.length - len(one)), (0, 0)), "edge").T for one in rows])

    def _features(self, series: Numbers) -> Numbers:
        found = []
        for number, (kernel, dilation, channels, biases) in enumerate(self.plan):
            values = _convolve(series[:, channels], kernel, dilation)
            if number % 2:  # every other kernel reads without padding
                edge = 4 * dilation
                values = values[:, edge:-edge] if values.shape[1] > 2 * edge else values
            found += [(values > bias).mean(axis=1, dtype=np.float32) for bias in biases]
        return np.stack(found, axis=1)


def _convolve(series: Numbers, kernel: tuple[int, ...], dilation: int) -> Numbers:
    """Return the convolution (n, T) of the sum of some channels (n, C, T), padded with zeros."""
    values = series.sum(axis=1)
    reach, steps = 4 * dilation, values.shape[1]
    padded = np.pad(values, ((0, 0), (reach, reach)))
    shifts = [padded[:, k * dilation : k * dilation + steps] for k in range(9)]
    return 3 * sum(shifts[k] for k in kernel) - sum(shifts)  # type: ignore[return-value]


def minirocket(data: Split) -> Score:
    """Return the accuracy of MiniRocket with ridge regression, its strength by cross-validation."""
    score, rocket = Score(), MiniRocket()
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=np.logspace(-3, 3, 10)))
    with score.timed():
        model.fit(rocket.fit_transform(data.X), data.y)
    score.figures["accuracy"] = float(model.score(rocket.transform(data.asked), data.answers))
    return score


def nearest_by_warping(data: Split) -> Score:
    """Return the accuracy of the nearest training series under dynamic time warping within a band."""
    score = Score()
    known, asked = ([_standardized(one) for one in X] for X in (data.X, data.asked))
    width = int(BAND * max(len(one) for one in (*known, *asked))) + 1
    with score.timed():
        found = [data.y[_nearest(one, numba.typed.List(known), width)] for one in asked]
    score.figures["accuracy"] = float(
        np.mean([label == right for label, right in zip(found, data.answers, strict=True)])
    )
    return score


def _standardized(one: Numbers) -> npt.NDArray[np.float64]:
    rows = np.asarray(one[:, None] if one.ndim == 1 else one, np.float64)
    return (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-8)


@numba.njit(cache=True)
def _nearest(one, known, width):
    best, place = np.inf, 0
    for row in range(len(known)):
        distance = _warped(one, known[row], width, best)
        if distance < best:
            best, place = distance, row
    return place


@numba.njit(cache=True)
def _warped(a, b, width, limit):
    """Return the distance of two series (T, I), infinity once it is above the limit."""
    n, m = len(a), len(b)
    band = max(width, abs(n - m) + 1)
    before = np.full(m + 1, np.inf)
    before[0] = 0.0
    for i in range(1, n + 1):
        now = np.full(m + 1, np.inf)
        centre = i * m // n
        least = np.inf
        for j in range(max(1, centre - band), min(m, centre + band) + 1):
            cost = 0.0
            for k in range(a.shape[1]):
                cost += (a[i - 1, k] - b[j - 1, k]) ** 2
            now[j] = cost + min(before[j], before[j - 1], now[j - 1])
            least = min(least, now[j])
        if least >= limit:
            return np.inf
        before = now
    return before[m]


PEERS = {"MiniRocket": minirocket, "DTW": nearest_by_warping}
