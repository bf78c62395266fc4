"""Fit a classifier of series over random convolutions: it sees shapes, wherever they are, on many scales.

The features are those of MiniRocket (Dempster, Schmidt and Webb 2021, "MiniRocket: a very fast (almost) deterministic
transform for time series classification"): the 84 kernels of 9 weights of which three are 2 and six are -1, spread over
dilations that grow with the length of the series; each feature is the share of the steps at which a kernel's value is
above a bias, a quantile of its values on a training series. As in MultiRocket (Tan and others 2022), half of them see
the differences of steps. Ridge regression, whose penalty is chosen by leaving out one series at a time, weighs them.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from elman.data.sequences import Rows, Sequences
from elman.data.splits import split_rows
from elman.models.scoring.bag_of_words import Linear
from elman.models.scoring.labels import Targets
from elman.models.scoring.ridge import fit_ridge
from elman.options import SplitName

Floats = npt.NDArray[np.float32]

TAPS = 9
KERNELS: Floats = np.full((84, TAPS), -1, np.float32)
for _kernel, _places in enumerate(combinations(range(TAPS), 3)):
    KERNELS[_kernel, list(_places)] = 2
VIEWS = 2
"""The series, and the differences of its steps."""
DILATIONS = 16
"""The most that a view has."""
FEATURES = (1_000, 10_000)
COMPARISONS = 4e9
"""Fewer features are taken where all of them would need more comparisons of a value with a bias."""
MANY_SERIES, FEATURES_OF_MANY = 2_500, 2_500
CELLS = 1e7
"""Features times series, at most, unless the least number of features makes more: ridge regression takes seconds."""
LEARNED = 10_000
"""Series that the regression reads, at most: it holds several arrays of their features."""
AT_ONCE = 4_096
"""Series whose features are held at once where scores are asked for."""
CHUNK = 2**17
"""Steps, of all series together, that are convolved at once."""
TURN = (5**0.5 - 1) / 2
"""Multiples of this, without their whole part, are spread evenly between 0 and 1."""


@dataclass(frozen=True)
class Convolutions:
    """A linear classifier over shares of steps.

    Attributes:
        dilations: steps between two weights of a kernel, of each block of features.
        channels: 1 for each feature of a step that a kernel sees, shape `(blocks, 84, I)`; 0 for the others.
        biases: of each kernel, shape `(blocks, 84, B)`. Blocks see the series and its differences in turn.
        linear: slopes and offsets, over `blocks * 84 * B` features.
    """

    dilations: list[int]
    channels: Floats
    biases: Floats
    linear: Linear

    @classmethod
    def fit(
        cls,
        inputs: Sequences,
        targets: Targets,
        multilabel: bool,
        weights: npt.NDArray[np.float32] | None,
        seed: int,
    ) -> tuple["Convolutions", npt.NDArray[np.float64]]:
        """Fit to scaled series; return the classifier, and each series' scores `(n, K)` when it was left out.

        Of many series the regression reads 10,000, drawn so that each class has its share.

        Args:
            inputs: series in numbers, values `(N, I)`.
            targets: what `Labels.encode` made of their labels.
            multilabel: whether a series may have several labels.
            weights: of the classes, shape `(K,)`, or None; with several labels they change nothing.
            seed: of the channels and of the series that biases are taken from.
        """
        rows = _learned(targets, multilabel, seed)
        known = inputs.take(rows)
        random = np.random.default_rng(seed)
        dilations, each = _plan(known)
        channels = _channels(random, len(dilations), inputs.values.shape[1])
        biases = np.empty((len(dilations), len(KERNELS), each), np.float32)
        for block, dilation in enumerate(dilations):
            biases[block] = _quantiles(random, known, block, dilation, channels[block], each)
        features = _features(known, dilations, channels, biases)
        linear, left_out = fit_ridge(features, targets[rows], multilabel, weights)
        model = cls(dilations, channels, biases, linear)
        if len(rows) == len(inputs):
            return model, left_out
        scores = model.scores(inputs)
        scores[rows] = left_out
        return model, scores

    @staticmethod
    def shapes(dilations: list[int], features: int, biases: int, classes: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the tensors of a classifier, by name."""
        blocks = (len(dilations), len(KERNELS))
        return {
            "convolution channels": (*blocks, features),
            "convolution biases": (*blocks, biases),
            "convolution slopes": (classes, len(dilations) * len(KERNELS) * biases),
            "convolution offsets": (classes,),
        }

    def scores(self, inputs: Sequences) -> npt.NDArray[np.float64]:
        """Return the score of every class for every series, shape `(n, K)`."""
        found = []
        for at in range(0, len(inputs), AT_ONCE):
            part = inputs.take(np.arange(at, min(at + AT_ONCE, len(inputs))))
            found.append(self.linear.scores(_features(part, self.dilations, self.channels, self.biases)))
        return np.concatenate(found)


def _learned(targets: Targets, multilabel: bool, seed: int) -> Rows:
    """Return the rows that the regression reads: all, or as many as it may, each class with its share of them."""
    if len(targets) <= LEARNED:
        return np.arange(len(targets))
    how: SplitName = "shuffled" if multilabel else "stratified"
    rows, _ = split_rows(len(targets), 1 - LEARNED / len(targets), how, seed, targets.tolist())
    return rows


def _plan(inputs: Sequences) -> tuple[list[int], int]:
    """Return the dilation of each block, views in turn, and the biases of each of its kernels."""
    longest = int(inputs.lengths.max())
    farthest = max(np.log2(max(longest - 1, 1) / (TAPS - 1)), 0)
    found = np.unique(np.floor(2 ** np.linspace(0, farthest, DILATIONS)).astype(int))
    most = min(FEATURES[1], COMPARISONS / len(inputs.values))
    most = min(most, CELLS / len(inputs) if len(inputs) <= MANY_SERIES else FEATURES_OF_MANY)
    each = max(round(max(most, FEATURES[0]) / (len(KERNELS) * VIEWS * len(found))), 1)
    return np.repeat(found, VIEWS).tolist(), each


def _channels(random: np.random.Generator, blocks: int, count: int) -> Floats:
    """Return which channels each kernel adds up: 1 to 9, few more often than many."""
    most = min(count, 9)
    sizes = np.minimum(2 ** random.uniform(0, np.log2(most + 1), (blocks, len(KERNELS))), most).astype(int)
    order = random.random((blocks, len(KERNELS), count)).argsort(axis=-1)
    return (order < sizes[..., None]).astype(np.float32)


def _quantiles(
    random: np.random.Generator, inputs: Sequences, block: int, dilation: int, channels: Floats, each: int
) -> Floats:
    """Return the biases of a block: each kernel's are quantiles of its values on a series of its own."""
    found = np.empty((len(KERNELS), each), np.float32)
    shares = np.arange(1, len(found) * each + 1).reshape(found.shape) * TURN % 1
    rows = random.integers(len(inputs), size=len(found))
    for row in np.unique(rows):
        own = rows == row
        values = _convolved(_viewed(inputs[row].T[None], block), dilation, channels)[0]
        for kernel in np.flatnonzero(own):
            found[kernel] = np.quantile(values[kernel], shares[kernel])
    return found


def _features(inputs: Sequences, dilations: list[int], channels: Floats, biases: Floats) -> Floats:
    """Return the share of steps above each bias, shape `(n, blocks * 84 * B)`."""
    blocks, kernels, each = biases.shape
    found = np.empty((len(inputs), blocks, kernels, each), np.float32)
    order = np.argsort(inputs.lengths, kind="stable")
    at = 0
    while at < len(order):
        # Sorted by length, the last of a chunk is the longest.
        count = 1
        while at + count < len(order) and (count + 1) * inputs.lengths[order[at + count]] * kernels <= 32 * CHUNK:
            count += 1
        rows = order[at : at + count]
        found[rows] = _shares([inputs[row] for row in rows], dilations, channels, biases)
        at += count
    return found.reshape(len(inputs), -1)


def _shares(series: list[Floats], dilations: list[int], channels: Floats, biases: Floats) -> Floats:
    """Return the features of some series, `(n, blocks, 84, B)`; zeros after a series are what its end sees alone."""
    lengths = np.array([len(one) for one in series])
    padded = np.zeros((len(series), series[0].shape[1], lengths.max()), np.float32)
    for row, one in enumerate(series):
        padded[row, :, : len(one)] = one.T
    steps = np.arange(lengths.max())
    found = np.empty((len(series), *biases.shape), np.float32)
    for block, dilation in enumerate(dilations):
        values = _convolved(_viewed(padded, block, lengths), dilation, channels[block])
        reach = np.where(lengths > (TAPS - 1) * dilation, (TAPS // 2) * dilation, 0)
        whole = steps < lengths[:, None]
        inside = (steps >= reach[:, None]) & (steps < (lengths - reach)[:, None])
        # Every other kernel sees only steps at which all of its weights are inside the series.
        for some, seen in ((slice(0, None, 2), whole), (slice(1, None, 2), inside)):
            part = np.where(seen[:, None], values[:, some], -np.inf)
            for number in range(biases.shape[2]):
                above = np.count_nonzero(part > biases[block, some, number, None], axis=-1)
                found[:, block, some, number] = above / seen.sum(axis=-1)[:, None]
    return found


def _viewed(series: Floats, block: int, lengths: npt.NDArray[np.int64] | None = None) -> Floats:
    """Return series `(n, I, T)`, or the differences of their steps, the first of them 0, for odd blocks."""
    if block % VIEWS == 0:
        return series
    found = np.zeros_like(series)
    found[..., 1:] = series[..., 1:] - series[..., :-1]
    if lengths is not None:
        found *= np.arange(series.shape[-1]) < lengths[:, None, None]
    return found


def _convolved(series: Floats, dilation: int, channels: Floats) -> Floats:
    """Return the values of all kernels at each step, `(n, I, T)` -> `(n, 84, T)`, zeros around the series."""
    reach, steps = (TAPS // 2) * dilation, series.shape[-1]
    summed = channels @ np.pad(series, ((0, 0), (0, 0), (reach, reach)))
    found = np.zeros((len(series), len(KERNELS), steps), np.float32)
    for tap in range(TAPS):
        found += KERNELS[:, tap, None] * summed[..., tap * dilation : tap * dilation + steps]
    return found
