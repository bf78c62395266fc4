"""Learn a text, compared with n-grams: the training task, the choice of the answer, and remarks for the report."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.bptt import Streams, Truncated
from elman.data import Corpus
from elman.errors import InputError
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.generate.predictor import NGRAMS
from elman.models.networks.next_symbol import NextSymbol, target_nats
from elman.models.networks.symbols import SymbolNetwork
from elman.models.scoring.counts import baselines
from elman.models.scoring.interpolation import choose, nats
from elman.models.scoring.text_ngrams import TextNGrams, fit_best
from elman.train import Counters

MOST_COUNTED = 2**23
"""Characters before the held-out part that are counted in n-grams: 8 million take half a minute."""
FEWEST = 3
"""Evaluations from which the losses to come are estimated."""
FARTHEST = 100
"""Times the training so far beyond which no estimate says anything."""


@dataclass(frozen=True)
class Counted:
    """The n-grams of a training part, measured on the held-out part.

    Attributes:
        corpus: the text.
        longest: characters of the longest n-grams, as the held-out part chose them.
        found: the probability of each held-out character but the first.
    """

    corpus: Corpus
    longest: int
    found: npt.NDArray[np.float64]

    @classmethod
    def of(cls, corpus: Corpus) -> Self:
        """Count a text whose held-out part has two characters or more."""
        model, found = fit_best(corpus.training[-MOST_COUNTED:], corpus.held_out, len(corpus.alphabet))
        return cls(corpus, model.longest, found)

    def losses(self) -> dict[str, float]:
        """Return the held-out losses of the simple models, by name, worst first."""
        corpus = self.corpus
        counting = baselines(corpus.training, corpus.held_out, len(corpus.alphabet))
        return counting | {NGRAMS: nats(self.found)}

    def whole(self) -> TextNGrams:
        """Return the n-grams of the whole text, the held-out part too, which is chosen with and no longer needed."""
        return TextNGrams.fit(self.corpus.symbols[-MOST_COUNTED:], len(self.corpus.alphabet), self.longest)


class TextTask(NextSymbol):
    """Learns a text, and keeps the held-out losses.

    Args:
        network: what learns.
        through_time: the training streams, and how far gradients reach back in them.
        held_out: streams to measure on, or None.
        counted: the n-grams, or None with nothing held out.
    """

    def __init__(
        self, network: SymbolNetwork, through_time: Truncated, held_out: Streams | None, counted: Counted | None
    ) -> None:
        super().__init__(network, through_time, held_out, counted.losses() if counted else {})
        self.counted = counted
        self.losses: list[float] = []

    def evaluate(self) -> float | None:
        """Return the mean loss over the held-out streams, in nats per character."""
        found = super().evaluate()
        if found is not None:
            self.losses.append(found)
        return found

    def state(self) -> tuple[dict[str, int], dict[str, Tensor]]:
        """Return the place in the streams, the state carried there, and the held-out losses so far."""
        numbers, tensors = super().state()
        return numbers, tensors | {"losses": torch.tensor(self.losses, dtype=torch.float64)}

    def restore(self, numbers: dict[str, int], tensors: dict[str, Tensor]) -> None:
        """Go back to a place in the streams.

        Raises:
            InputError: there is no such place, the state carried there is of other sizes, or the losses are missing.
        """
        losses = tensors.get("losses")
        if losses is None or losses.dtype != torch.float64 or losses.dim() != 1:
            raise InputError("task: expected the held-out losses so far")
        super().restore(numbers, {name: tensor for name, tensor in tensors.items() if name != "losses"})
        self.losses = losses.tolist()

    def answer(self, only_network: bool) -> Answer:
        """Return what the model answers with: the best of network, n-grams and their mean, or the network."""
        if self.held_out is None or self.counted is None:
            return Answer.only()
        found = np.exp(-target_nats(self.network, self.held_out).astype(np.float64))
        if only_network:
            return Answer.only(losses={NETWORK: nats(found)})
        return choose({NETWORK: found, NGRAMS: self.counted.found})

    def remark(self, counters: Counters) -> str:
        """Return how far the network alone is from the n-grams, once training has ended; "" where it is below them."""
        if counters.best is None or counters.best < self.baselines[NGRAMS]:
            return ""
        return f"the network alone is not below the n-grams: {self._outlook(counters, self.baselines[NGRAMS])}"

    def _outlook(self, counters: Counters, target: float) -> str:
        times = times_needed(self.losses, target)
        if times is None:
            return "it has stopped improving, so that it would take more text"
        epochs = counters.step / self.steps_per_epoch * times
        spoken = _spoken(counters.seconds * times)
        return f"by its last losses it would be after about {epochs:,.0f} epochs in all, {spoken}"


def times_needed(losses: list[float], target: float) -> float | None:
    """Estimate how many times as long as now a training has to be for a loss, by what its second half gained.

    Losses fall about as much each time that a training is twice as long. Estimates are optimistic: they fall less and
    less.

    Args:
        losses: after equal parts of the training so far.
        target: the loss to reach, below all of them.

    Returns:
        The factor; None where the loss no longer falls, or it says nothing.
    """
    if len(losses) < FEWEST:
        return None
    best = int(np.argmin(losses))
    gain = min(losses[: (len(losses) + 1) // 2]) - losses[best]
    if best < len(losses) - 2 or gain <= 0:
        return None
    doublings = (losses[best] - target) / gain
    return float(2**doublings) if doublings < np.log2(FARTHEST) else None


def _spoken(seconds: float) -> str:
    return f"{math.ceil(seconds)} s" if seconds < 120 else f"{seconds / 60:,.0f} minutes"
