"""Generate text: one character at a time, the state carried on, each sample with its own random generator."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from elman.bptt import State
from elman.data import Alphabet
from elman.models.generate.sampling import Sampling
from elman.models.networks.symbols import SymbolNetwork


class Piece(NamedTuple):
    """The next character of one of the samples."""

    sample: int
    text: str


class Generation:
    """Text as it is being written.

    Iterating gives a `Piece` as soon as there is one, sample 0 whole, then sample 1, ...; `texts()` and `str()`
    write to the end first. Samples are computed one by one: a product over several rows may round
    otherwise than over one, and a sample would then depend on how many were asked for.

    Args:
        network: what writes, in evaluation mode.
        alphabet: its characters.
        prompt: what each sample goes on from.
        length: characters to write at most, the prompt not counted.
        sampling: how to choose.
        seed: with the number of the sample it seeds that sample's random generator.
        stop: a sample ends once it has written this string, which stays in the text; None never does.
        samples: how many to write.
    """

    def __init__(
        self,
        network: SymbolNetwork,
        alphabet: Alphabet,
        prompt: str,
        *,
        length: int,
        sampling: Sampling,
        seed: int,
        stop: str | None,
        samples: int,
    ) -> None:
        self.prompt = prompt
        self._network, self._alphabet, self._sampling = network, alphabet, sampling
        self._length, self._seed, self._stop = length, seed, stop
        self._scores, self._state = self._read(prompt)
        self._texts = [""] * samples
        self._pieces = self._write_all()

    def __iter__(self) -> Iterator[Piece]:
        return self._pieces

    def texts(self) -> list[str]:
        """Return what each sample wrote, the prompt not included."""
        for _ in self:
            pass
        return list(self._texts)

    def __str__(self) -> str:
        return "\n\n".join(self.prompt + text for text in self.texts())

    def _read(self, prompt: str) -> tuple[Tensor, State]:
        """Return scores and state after the prompt; an empty one is read as the end of a line."""
        prompt = prompt or ("\n" if "\n" in self._alphabet else self._alphabet.characters[0])
        numbers = self._alphabet.encode(prompt, "prompt")
        with torch.no_grad():
            scores, state = self._network(torch.from_numpy(numbers.astype(np.int64))[:, None])
        return scores[-1, 0], state

    def _write_all(self) -> Iterator[Piece]:
        for sample in range(len(self._texts)):
            for character in self._write(np.random.default_rng([self._seed, sample])):
                self._texts[sample] += character
                yield Piece(sample, character)
                if self._stop is not None and self._texts[sample].endswith(self._stop):
                    break

    def _write(self, random: np.random.Generator) -> Iterator[str]:
        scores, state = self._scores, self._state
        for _ in range(self._length):
            symbol = self._sampling.choose(scores.numpy().astype(np.float64), random)
            yield self._alphabet.characters[symbol]
            with torch.no_grad():
                following, state = self._network(torch.tensor([[symbol]]), state)
            scores = following[0, 0]
