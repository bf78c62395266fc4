"""Generate text one character at a time, sampled by temperature, top-k and top-p.

The state is carried on. Each sample has its own random generator, and uses one uniform number for each choice; choices
are made by NumPy in float64.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman.data import Alphabet
from elman.errors import InputError
from elman.models.generate.predictor import Moment, Predictor

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sampling:
    """The options of sampling.

    Attributes:
        temperature: above 1 bolder, below 1 safer; 0 always takes the likeliest.
        top_k: choose among the k likeliest only; None among all.
        top_p: choose among the fewest that together hold this probability; 1 among all.

    Raises:
        InputError: a value is out of range.
    """

    temperature: float = 0.8
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 100:
            raise InputError(f"temperature: expected 0 to 100, got {self.temperature}: 0 takes the likeliest")
        if self.top_k is not None and self.top_k < 1:
            raise InputError(f"top_k: expected 1 or more, got {self.top_k}: leave it out to choose among all")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p: expected more than 0 and up to 1, got {self.top_p}: 1 chooses among all")

    def choose(self, scores: Scores, random: np.random.Generator) -> int:
        """Return the place of the chosen symbol.

        Args:
            scores: one per symbol, shape `(V,)`, before softmax.
            random: gives one uniform number, unless the temperature is 0.
        """
        if self.temperature == 0:
            return int(scores.argmax())
        order = np.argsort(-scores, kind="stable")[: self.top_k]
        heights = (scores[order] - scores[order[0]]) / self.temperature
        heaped = np.cumsum(np.exp(heights))
        if self.top_p < 1:
            heaped = heaped[: int(np.searchsorted(heaped, self.top_p * heaped[-1])) + 1]
        place = np.searchsorted(heaped, random.random() * heaped[-1], side="right")
        return int(order[min(int(place), len(heaped) - 1)])


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
        predictor: what writes.
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
        predictor: Predictor,
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
        self._predictor, self._alphabet, self._sampling = predictor, alphabet, sampling
        self._length, self._seed, self._stop = length, seed, stop
        self._begin = self._read(prompt)
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

    def _read(self, prompt: str) -> Moment:
        """Return the prediction after the prompt; an empty one is read as the end of a line."""
        prompt = prompt or ("\n" if "\n" in self._alphabet else self._alphabet.characters[0])
        return self._predictor.read(self._alphabet.encode(prompt, "prompt"))

    def _write_all(self) -> Iterator[Piece]:
        for sample in range(len(self._texts)):
            for character in self._write(np.random.default_rng([self._seed, sample])):
                self._texts[sample] += character
                yield Piece(sample, character)
                if self._stop is not None and self._texts[sample].endswith(self._stop):
                    break

    def _write(self, random: np.random.Generator) -> Iterator[str]:
        moment = self._begin
        for _ in range(self._length):
            symbol = self._sampling.choose(moment.scores, random)
            yield self._alphabet.characters[symbol]
            moment = self._predictor.read(np.array([symbol]), moment)
