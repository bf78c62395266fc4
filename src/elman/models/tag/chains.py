"""Answer with chains of tags: scores of steps, and of tags that follow each other, of one predictor or of several.

A mixture of chains adds their scores, each chain's times a factor; see `elman.models.scoring.answer`. Its factors are
those of a grid with the least loss on held-out sequences, and its own loss there is cross-fitted: that of each part of
the sequences with the factors that are best on the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.sequences import Sequences, sorted_batches
from elman.models.estimator.answer import MIXTURE, NETWORK, Answer
from elman.models.networks.crf import ConditionalRandomField

BATCH = 64
"""Sequences that are answered at once."""
SHARES = (0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
"""Shares of the first part in a mixture of two."""
SCALES = (0.6, 0.8, 1.0, 1.25)
"""Factors of the whole: below 1 it is less sure of itself."""
FOLDS = 5
LEAST = 20
"""Held-out sequences below which a mixture has equal parts."""
MOST = 500
"""Held-out sequences that the factors are fitted on."""


@dataclass(frozen=True)
class Chain:
    """The scores of sequences.

    Attributes:
        scores: of every tag at every step, beside the values of the sequences, shape `(N, K)`.
        field: scores of tags that follow each other.
    """

    scores: Tensor
    field: ConditionalRandomField

    def best(self, inputs: Sequences) -> npt.NDArray[np.int64]:
        """Return the tags of the likeliest path of each sequence, beside `inputs.values`, shape `(N,)`."""
        found = np.empty(len(inputs.values), np.int64)
        for rows in sorted_batches(inputs.lengths, BATCH):
            packing = inputs.pack(rows)
            steps = self.scores[torch.from_numpy(packing.places)]
            found[packing.places] = self.field.best(steps, torch.from_numpy(packing.batch_sizes)).numpy()
        return found

    def probabilities(self, inputs: Sequences) -> npt.NDArray[np.float32]:
        """Return the probability of every tag at every step over all paths, beside `inputs.values`, shape `(N, K)`."""
        found = np.empty(tuple(self.scores.shape), np.float32)
        for rows in sorted_batches(inputs.lengths, BATCH):
            packing = inputs.pack(rows)
            steps = self.scores[torch.from_numpy(packing.places)]
            found[packing.places] = self.field.probabilities(steps, torch.from_numpy(packing.batch_sizes)).numpy()
        return found

    @torch.no_grad()
    def losses(self, inputs: Sequences, tags: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the negative log-likelihood of the tags of each sequence, shape `(n,)`."""
        found = np.empty(len(inputs))
        for rows in sorted_batches(inputs.lengths, BATCH):
            packing = inputs.pack(rows)
            steps, wanted = self.scores[torch.from_numpy(packing.places)], torch.from_numpy(tags[packing.places])
            found[packing.rows] = self.field.losses(steps, wanted, torch.from_numpy(packing.batch_sizes)).numpy()
        return found


def mixed(parts: Mapping[str, Chain], factors: Mapping[str, float]) -> Chain:
    """Return the chain whose scores are the sum of those of its parts, each times its factor."""
    some = [(factor, parts[name]) for name, factor in factors.items()]
    first = some[0][1]
    chain = ConditionalRandomField(first.scores.shape[1])
    chain.barred.copy_(first.field.barred)
    with torch.no_grad():
        for name, mean in chain.named_parameters():
            mean.copy_(sum(factor * part.field.get_parameter(name) for factor, part in some))  # type: ignore[arg-type]
    return Chain(torch.stack([factor * part.scores for factor, part in some]).sum(0), chain)


def choose_chain(
    parts: Mapping[str, Chain], simple: str | None, inputs: Sequences, tags: npt.NDArray[np.int64]
) -> Answer:
    """Return the answer with the least held-out loss: each part alone, and the mixture of the network and a simple one.

    Args:
        parts: chains over the held-out sequences, by name.
        simple: the name of the part that is mixed with the network; None mixes nothing.
        inputs: the held-out sequences.
        tags: the number of each of their steps' tags.
    """
    losses = {name: float(part.losses(inputs, tags).sum()) / len(tags) for name, part in parts.items()}
    factors = {name: {name: 1.0} for name in parts}
    if simple:
        mixture = {name: parts[name] for name in (NETWORK, simple)}
        factors[MIXTURE], losses[MIXTURE] = _fitted(mixture, inputs, tags)
    return Answer.least(losses, factors)


def equal_parts(names: tuple[str, ...]) -> dict[str, float]:
    """Return the factors of a mixture that nothing was held out to fit."""
    return dict.fromkeys(names, 1 / len(names))


def _fitted(parts: dict[str, Chain], inputs: Sequences, tags: npt.NDArray[np.int64]) -> tuple[dict[str, float], float]:
    """Return the factors of a mixture of two, and its cross-fitted loss per tag."""
    names = tuple(parts)
    if len(inputs) < LEAST:
        equal = equal_parts(names)
        return equal, float(mixed(parts, equal).losses(inputs, tags).sum()) / len(tags)
    rows = np.linspace(0, len(inputs) - 1, min(len(inputs), MOST)).astype(np.int64)
    places = np.concatenate([np.arange(inputs.starts[row], inputs.starts[row + 1]) for row in rows])
    some, wanted = inputs.take(rows), tags[places]
    few = {name: Chain(part.scores[torch.from_numpy(places)], part.field) for name, part in parts.items()}
    grid = [dict(zip(names, (k * share, k * (1 - share)), strict=True)) for share in SHARES for k in SCALES]
    losses = np.stack([mixed(few, factors).losses(some, wanted) for factors in grid])
    folds = np.arange(len(rows)) % FOLDS
    crossed = sum(losses[losses[:, folds != k].sum(1).argmin(), folds == k].sum() for k in range(FOLDS))
    return grid[int(losses.sum(1).argmin())], float(crossed) / len(wanted)
