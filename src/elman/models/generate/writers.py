"""Write rows of symbols step by step, by what a generator answers with."""

from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from elman.bptt import State
from elman.models.estimator.answer import NETWORK
from elman.models.generate.predictor import Predictor, can_stream
from elman.models.networks.symbols import SymbolNetwork
from elman.models.scoring.text_ngrams import NextSymbols
from elman.streams import Sampling, Stream

Symbols = npt.NDArray[np.int64]
Uniform = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]


class NetworkSteps:
    """Steps of a network where `elman.Stream` cannot run, or `elman.record` watches; the state is carried on.

    Args:
        network: in evaluation mode.
    """

    def __init__(self, network: SymbolNetwork) -> None:
        self._network = network
        self.state: State | None = None

    def run(self, block: Symbols) -> Scores:
        """Read symbols `(T, B)`, and return a score for each next one, `(T, B, V)`."""
        with torch.no_grad():
            scores, self.state = self._network(torch.from_numpy(block), self.state)
        found: Scores = scores.numpy()
        return found


class Writer:
    """Rows that all go on from one prompt, each by its own uniform numbers.

    Args:
        predictor: what a generator answers with.
        prompt: the symbols to go on from, shape `(N,)`, N >= 1.
        rows: B, how many to write side by side.
        sampling: how to choose.
        precision: of the network's products: "float32", "bfloat16" or "int8".

    Attributes:
        remark: why the network runs in another precision than this; empty where it does not.
    """

    def __init__(
        self, predictor: Predictor, prompt: Symbols, rows: int, sampling: Sampling, precision: str = "float32"
    ) -> None:
        self._predictor, self._prompt, self._sampling, self._rows = predictor, prompt, sampling, rows
        self._steps: Any = None
        self.remark = ""
        if NETWORK in predictor.answer.factors:
            network = predictor.network
            streams = can_stream(network, precision)
            self._steps = Stream(network, rows, precision) if streams else NetworkSteps(network)
            if len(prompt) > 1:
                self._steps.run(np.repeat(prompt[:-1, None], rows, axis=1))
            self._before = self._steps.state
            if isinstance(self._steps, Stream) and self._steps.precision != precision:
                self.remark = self._steps.backend.reason
        self._scores: Scores
        self._ngrams = None if predictor.ngrams is None else NextSymbols(predictor.ngrams)
        self.restart()

    def restart(self) -> None:
        """Go back to the end of the prompt."""
        reach = self._predictor.reach
        self._recent = [deque(self._prompt[-reach:].tolist() if reach else (), reach) for _ in range(self._rows)]
        if self._steps:
            self._steps.state = self._before
            self._scores = self._steps.run(np.full((1, self._rows), self._prompt[-1]))[0]

    def write(self, uniform: Uniform) -> Symbols:
        """Write on.

        Args:
            uniform: one number for each choice, `(T, B)`.

        Returns:
            The symbols, `(T, B)`.
        """
        if isinstance(self._steps, Stream) and not self._ngrams:
            return self._steps.write(self._sampling, uniform)  # without a call of Python for each symbol
        chosen = np.empty(uniform.shape, np.int64)
        for numbers, symbols in zip(uniform, chosen, strict=True):
            scores = self.scores()
            for row, recent in enumerate(self._recent):
                symbols[row] = self._sampling.choose(scores[row], numbers[row])
                recent.append(int(symbols[row]))
            if self._steps:
                self._scores = self._steps.run(symbols[None])[0]
        return chosen

    def scores(self) -> Scores:
        """Return a score for each next symbol, `(B, V)`; softmax makes them probabilities."""
        if not self._ngrams:
            return self._scores
        ngrams = np.stack([self._ngrams.after(tuple(recent)) for recent in self._recent])
        found = self._predictor.probabilities(self._scores if self._steps else None, ngrams)
        return np.log(found).astype(np.float32)
