"""Fit a linear tagger: a conditional random field over features of each step and its neighbours, without a network.

Lafferty, McCallum and Pereira (2001). It learns in a few passes by AdaGrad (Duchi, Hazan and Singer 2011) and answers
with the mean of all weights on the way (Polyak and Juditsky 1992), which is what an averaged perceptron does too
(Collins 2002).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor
from torch.nn.functional import embedding_bag

from elman.data.sequences import Sequences, epoch_batches
from elman.errors import InputError
from elman.models.estimator.building import check_shapes
from elman.models.networks.crf import ConditionalRandomField, marginals
from elman.models.tag.templates import Features
from elman.ops.chain import layout

Floats = npt.NDArray[np.float32]

LINEAR = "linear"
"""The name of this predictor among the answers of a tagger."""
RATE = 0.3
"""The step size of a weight's first update; later ones are divided by the root of its squared gradients."""
BEGUN = 0.1
"""The first value of the squared gradients of a weight."""
UPDATES = 450
"""Updates of the whole training, give or take what `PASSES` bounds."""
PASSES = (4, 10)
BATCH = (4, 64)
UPDATES_OF_A_PASS = 100
MOST_WEIGHTS = 50_000_000
"""Weights, features times tags, above which no linear tagger is fitted."""
VALUES, SQUARES, LATE = range(3)
"""The places in a row of `_Mean`."""


class _Batch(NamedTuple):
    features: npt.NDArray[np.int64]
    steps: sparse.csr_matrix
    tags: npt.NDArray[np.int64]
    sizes: list[int]


class _Mean:
    """Weights that learn by AdaGrad, and the mean of their values after each update.

    A row holds its weights (`VALUES`), the sums of their squared gradients (`SQUARES`), and the sums of their changes,
    each times the number of updates before it (`LATE`), so that the rows of a batch are found once and put back once.

    Args:
        rows: the number of rows of weights, which begin with 0.
        kinds: weights of a row, K.
    """

    def __init__(self, rows: int, kinds: int):
        self.rows = np.zeros((rows, 3, kinds), np.float32)
        self.rows[:, SQUARES] = BEGUN

    def update(self, some: Floats, gradient: Floats, updates: int) -> None:
        """Take a step in some rows, in place, shape `(R, 3, K)`."""
        values, squares, late = some[:, VALUES], some[:, SQUARES], some[:, LATE]
        squares += gradient * gradient
        change = -RATE * gradient / np.sqrt(squares)
        values += change
        late += updates * change

    def mean(self, updates: int) -> Floats:
        """Return the mean over so many updates, shape `(rows, K)`."""
        return np.asarray(self.rows[:, VALUES] - self.rows[:, LATE] / max(updates, 1), np.float32)


@dataclass(frozen=True)
class LinearTagger:
    """A linear-chain conditional random field over features.

    Attributes:
        features: the features that came in training.
        weights: of each feature and tag, shape `(F, K)`.
        transitions: from a tag, down, to the next one, across, shape `(K, K)`.
        start: of the first tag, shape `(K,)`.
        end: of the last tag, shape `(K,)`.
    """

    features: Features
    weights: Floats
    transitions: Floats
    start: Floats
    end: Floats

    @classmethod
    def fit(cls, inputs: Sequences, tags: npt.NDArray[np.int64], kinds: int, seed: int) -> "LinearTagger | None":
        """Learn from sequences of symbols; None where there are too many features and tags.

        Args:
            inputs: the training part.
            tags: the number of each step's tag, shape `(N,)`.
            kinds: the number of tags, K.
            seed: of the order.
        """
        features = Features.fit(inputs)
        if len(features) * kinds > MOST_WEIGHTS:
            return None
        batch = min(max(len(inputs) // UPDATES_OF_A_PASS, BATCH[0]), BATCH[1])
        batches = _batches(features, inputs, tags, batch, seed)
        passes = min(max(round(UPDATES / len(batches)), PASSES[0]), PASSES[1])
        weights, transitions = _Mean(len(features), kinds), _Mean(kinds + 2, kinds)
        random, updates = np.random.default_rng(seed), 0
        for _ in range(passes):
            for at in random.permutation(len(batches)):
                _learn(batches[at], weights, transitions, updates)
                updates += 1
        chain = transitions.mean(updates)
        return cls(features, weights.mean(updates), chain[:-2], chain[-2], chain[-1])

    @classmethod
    def from_state(cls, content: dict[str, Any], tensors: dict[str, Tensor], kinds: int) -> "LinearTagger":
        """Return the tagger that `content` and `tensors` were made from.

        Raises:
            InputError: a tensor is missing or of another shape.
        """
        sizes = content["sizes"]
        size = sum(sizes)
        found = {name.removeprefix(f"{LINEAR} "): tensor for name, tensor in tensors.items()}
        keys = found.pop("keys")
        if keys.dtype != torch.int64:
            raise InputError(f"{LINEAR} keys: expected whole numbers of 64 bits, got {keys.dtype}")
        shapes = {"weights": (size, kinds), "transitions": (kinds, kinds), "start": (kinds,), "end": (kinds,)}
        check_shapes({"keys": keys.double()} | found, {"keys": (size,)} | shapes)
        return cls(Features(keys.numpy(), sizes), *(found[name].float().numpy() for name in shapes))

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"sizes": self.features.sizes}

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file has to hold as tensors."""
        found = {"keys": self.features.keys, "weights": self.weights, "transitions": self.transitions}
        found |= {"start": self.start, "end": self.end}
        return {f"{LINEAR} {name}": torch.from_numpy(np.ascontiguousarray(array)) for name, array in found.items()}

    def scores(self, inputs: Sequences) -> Tensor:
        """Return the score of every tag at every step, beside `inputs.values`, shape `(N, K)`."""
        weights = torch.from_numpy(np.concatenate((self.weights, np.zeros_like(self.weights[:1]))))
        found: Tensor = embedding_bag(torch.from_numpy(self.features.numbers(inputs)), weights, mode="sum")
        return found

    def put_into(self, chain: ConditionalRandomField) -> ConditionalRandomField:
        """Give a random field these transitions, and return it."""
        with torch.no_grad():
            chain.transitions.copy_(torch.from_numpy(self.transitions))
            chain.start.copy_(torch.from_numpy(self.start))
            chain.end.copy_(torch.from_numpy(self.end))
        return chain


def _batches(features: Features, inputs: Sequences, tags: npt.NDArray[np.int64], batch: int, seed: int) -> list[_Batch]:
    """Return the batches, each with its features numbered anew from 0; every pass has the same ones."""
    numbers, found = features.numbers(inputs), []
    for rows in epoch_batches(inputs.lengths, batch, seed, 0):
        packing = inputs.pack(rows)
        some = numbers[packing.places]
        known, places = np.unique(some, return_inverse=True)
        if known[-1] == len(features):  # the unknown one
            known = known[:-1]
        places = places.reshape(some.shape)
        kept = places < len(known)
        starts = np.concatenate(([0], np.cumsum(kept.sum(axis=1))))
        shape = (len(some), len(known))
        steps = sparse.csr_matrix((np.ones(starts[-1], np.float32), places[kept], starts), shape=shape)
        found.append(_Batch(known, steps, tags[packing.places], packing.batch_sizes.tolist()))
    return found


def _learn(batch: _Batch, weights: _Mean, transitions: _Mean, updates: int) -> None:
    """Take a step along the gradient of the summed loss: what is expected, less what is there."""
    sizes, known, chain = batch.sizes, weights.rows[batch.features], transitions.rows
    kinds = known.shape[2]
    scores = torch.from_numpy(batch.steps @ known[:, VALUES])
    jumps = torch.from_numpy(chain[:, VALUES])
    expected = marginals(scores, jumps[:-2], jumps[-2], jumps[-1], sizes)
    excess, at = expected.tags.numpy(), layout(tuple(sizes))
    excess[np.arange(len(batch.tags)), batch.tags] -= 1
    pairs = batch.tags[at.before.numpy()] * kinds + batch.tags[sizes[0] :]
    there = np.bincount(pairs, minlength=kinds * kinds).reshape(kinds, kinds)
    ends = excess[: sizes[0]].sum(axis=0), excess[at.last.numpy()].sum(axis=0)
    transitions.update(chain, np.vstack((expected.transitions.numpy() - there, *ends)).astype(np.float32), updates)
    weights.update(known, batch.steps.T @ excess, updates)
    weights.rows[batch.features] = known
