"""Predict the next character by what a generator answers with: its network, n-grams, or the mean of both."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from elman.bptt import State, Streams
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.networks.next_symbol import target_nats
from elman.models.networks.symbols import SymbolNetwork
from elman.models.scoring.text_ngrams import TextNGrams

Scores = npt.NDArray[np.float64]

NGRAMS = "n-grams"


@dataclass(frozen=True)
class Moment:
    """The prediction after some text, and all that the next one needs.

    Attributes:
        scores: one for each symbol, shape `(V,)`; softmax makes them probabilities.
        state: the state of the network.
        recent: the last symbols, as many as the n-grams look back.
    """

    scores: Scores
    state: State | None
    recent: tuple[int, ...]


@dataclass(frozen=True)
class Predictor:
    """Predicts the next symbol.

    Attributes:
        network: a trained one, in evaluation mode.
        ngrams: the counts; None where the answer does not use them.
        answer: the weight of each part.
    """

    network: SymbolNetwork
    ngrams: TextNGrams | None
    answer: Answer

    def read(self, symbols: npt.NDArray[np.integer], after: Moment | None = None) -> Moment:
        """Return the prediction after symbols `(N,)`, N >= 1, which follow those of an earlier moment."""
        recent = (*(after.recent if after else ()), *symbols.tolist())
        recent = recent[max(len(recent) - self._reach, 0) :]
        parts: dict[str, Scores] = {}
        state: State | None = None
        if NETWORK in self.answer.factors:
            with torch.no_grad():
                inputs = torch.from_numpy(symbols.astype(np.int64))[:, None]
                scores, state = self.network(inputs, after.state if after else None)
            parts[NETWORK] = scores[-1, 0].numpy().astype(np.float64)
        if self.ngrams:
            parts[NGRAMS] = self.ngrams.next(recent)
        return Moment(self._mixed(parts), state, recent)

    def nats(self, symbols: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return the loss of each symbol of a text but the first, shape `(N - 1,)`."""
        parts: dict[str, Scores] = {}
        if NETWORK in self.answer.factors:
            losses = target_nats(self.network, Streams(symbols, 1)).astype(np.float64)
            if not self.ngrams:
                return losses
            parts[NETWORK] = np.exp(-losses)
        if self.ngrams:
            parts[NGRAMS] = self.ngrams.probabilities(symbols)[1:]
        return np.asarray(-np.log(self.answer.scores(parts)))

    @property
    def _reach(self) -> int:
        return self.ngrams.longest - 1 if self.ngrams else 0

    def _mixed(self, parts: Mapping[str, Scores]) -> Scores:
        """Return scores from the network's own and the probabilities of n-grams."""
        if not self.ngrams:
            return parts[NETWORK]
        found = dict(parts)
        if NETWORK in found:
            heights = np.exp(found[NETWORK] - found[NETWORK].max())
            found[NETWORK] = heights / heights.sum()
        return np.asarray(np.log(self.answer.scores(found)))
