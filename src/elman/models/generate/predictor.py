"""Predict the next character by what a generator answers with: its network, n-grams, or the mean of both."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import cross_entropy

from elman import kernels
from elman.bptt import Streams
from elman.errors import InputError
from elman.kernels.stream import PRECISIONS
from elman.models.estimator.answer import NETWORK, Answer
from elman.models.networks.next_symbol import target_nats
from elman.models.networks.symbols import SymbolNetwork
from elman.models.scoring.text_ngrams import TextNGrams
from elman.quoting import listed, quote
from elman.streams import Stream

Scores = npt.NDArray[np.float64]

NGRAMS = "n-grams"
AT_ONCE = 1024
"""Symbols whose scores are in memory at once."""


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

    def nats(self, symbols: npt.NDArray[np.integer], precision: str = "float32") -> npt.NDArray[np.float64]:
        """Return the loss of each symbol of a text but the first, shape `(N - 1,)`; `precision` is the network's."""
        parts: dict[str, Scores] = {}
        if NETWORK in self.answer.factors:
            losses = network_nats(self.network, symbols, precision)
            if not self.ngrams:
                return losses
            parts[NETWORK] = np.exp(-losses)
        if self.ngrams:
            parts[NGRAMS] = self.ngrams.probabilities(symbols)[1:]
        return np.asarray(-np.log(self.answer.scores(parts)))

    def probabilities(self, scores: npt.NDArray[np.float32] | None, ngrams: Scores | None) -> Scores:
        """Return the probability of each next symbol, `(B, V)`.

        Args:
            scores: those of the network, `(B, V)`; None where the answer does not use it.
            ngrams: the probabilities of the n-grams, `(B, V)`; None likewise.
        """
        parts: dict[str, Scores] = {} if ngrams is None else {NGRAMS: ngrams}
        if scores is not None:
            heights = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
            parts[NETWORK] = heights / heights.sum(axis=1, keepdims=True)
        return self.answer.scores(parts)

    @property
    def reach(self) -> int:
        """The symbols that the n-grams look back."""
        return self.ngrams.longest - 1 if self.ngrams else 0


def check_precision(precision: str) -> None:
    """Check the precision that a user gave for the network's products.

    Raises:
        InputError: there is no such precision, or this installation has float32 alone.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision: expected {listed(PRECISIONS)}, got {quote(precision)}: float32 is exact")
    if precision != "float32" and not kernels.available():
        raise InputError(f"precision: expected float32, got {precision}: {kernels.why_not()}")


def can_stream(network: SymbolNetwork, precision: str) -> bool:
    """Return whether a network runs as an `elman.Stream`: not without kernels, nor where `elman.record` watches it.

    Raises:
        InputError: it does not, and another precision than float32 is asked for.
    """
    watched = network.recurrent.recorder is not None
    if watched and precision != "float32":
        raise InputError(f"precision: expected float32 in a block of elman.record, got {precision}: leave it out")
    return kernels.available() and not watched


def network_nats(network: SymbolNetwork, symbols: npt.NDArray[np.integer], precision: str) -> Scores:
    """Return the loss of each symbol of a text but the first under a network, shape `(N - 1,)`."""
    if not can_stream(network, precision):
        return target_nats(network, Streams(symbols, 1)).astype(np.float64)
    stream = Stream(network, precision=precision)
    text = symbols.astype(np.int64)
    found = np.empty(len(text) - 1)
    for begin in range(0, len(found), AT_ONCE):
        block = text[begin : begin + AT_ONCE + 1]
        scores = torch.from_numpy(stream.run(block[:-1, None])[:, 0])
        losses = cross_entropy(scores, torch.from_numpy(block[1:]), reduction="none")
        found[begin : begin + len(losses)] = losses.numpy()
    return found
