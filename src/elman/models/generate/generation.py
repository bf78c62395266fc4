"""Generate text one character at a time, several samples side by side."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from elman.data import Alphabet
from elman.models.generate.predictor import Predictor
from elman.models.generate.writers import Uniform, Writer
from elman.streams import Sampling

SIDE_BY_SIDE = 32
"""Samples that are written together."""
FIRST_BLOCK, LONGEST_BLOCK = 8, 128
"""Characters that are written between two looks for the end, at first and later on."""


class Piece(NamedTuple):
    """The next characters of one of the samples."""

    sample: int
    text: str


class Generation:
    """Text as it is being written.

    Iterating gives a `Piece` as soon as there is one, sample 0 whole, then sample 1, ...; `texts()` and `str()`
    write to the end first. Samples are written side by side; each has its own random numbers, and its text does not
    depend on how many there are.

    Args:
        predictor: what writes.
        alphabet: its characters.
        prompt: what each sample goes on from.
        length: characters to write at most, the prompt not counted.
        sampling: how to choose.
        seed: with the number of the sample it seeds that sample's random numbers.
        stop: a sample ends once it has written this string, which stays in the text; None never does.
        samples: how many to write.
        precision: of the network's products: "float32", "bfloat16" or "int8".

    Attributes:
        prompt: as given.
        remark: why the network runs in another precision than the one asked for; empty where it does not.
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
        precision: str = "float32",
    ) -> None:
        self.prompt = prompt
        self._alphabet, self._length, self._seed, self._stop = alphabet, length, seed, stop
        # An empty prompt is read as the end of a line.
        beginning = prompt or ("\n" if "\n" in alphabet else alphabet.characters[0])
        rows = min(samples, SIDE_BY_SIDE)
        symbols = alphabet.encode(beginning, "prompt").astype(np.int64)
        self._writer = Writer(predictor, symbols, rows, sampling, precision)
        self.remark = self._writer.remark
        self._texts = [""] * samples
        self._whole = set() if length else set(range(samples))
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

    def _write_all(self) -> Iterator[Piece]:
        for first in range(0, len(self._texts), SIDE_BY_SIDE):
            samples = range(first, min(first + SIDE_BY_SIDE, len(self._texts)))
            if first:
                self._writer.restart()
            blocks = self._write(samples)
            for sample in samples:
                shown = 0
                while True:
                    if text := self._texts[sample][shown:]:
                        shown += len(text)
                        yield Piece(sample, text)
                    if sample in self._whole:
                        break
                    next(blocks)

    def _write(self, samples: range) -> Iterator[None]:
        """Write some samples side by side, a block at a time, until all are whole."""
        random = [np.random.default_rng([self._seed, sample]) for sample in samples]
        uniform: Uniform = np.zeros((LONGEST_BLOCK, min(len(self._texts), SIDE_BY_SIDE)))
        written, block = 0, FIRST_BLOCK
        while written < self._length:
            count = min(block, self._length - written)
            for row, numbers in enumerate(random):
                uniform[:count, row] = numbers.random(count)
            characters = self._writer.write(uniform[:count])
            written, block = written + count, min(2 * block, LONGEST_BLOCK)
            for row, sample in enumerate(samples):
                if sample not in self._whole and (self._add(sample, characters[:, row]) or written == self._length):
                    self._whole.add(sample)
            yield

    def _add(self, sample: int, symbols: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> bool:
        """Add characters to a sample, up to the string that ends it, and return whether it has ended."""
        text = self._texts[sample] + "".join(self._alphabet.characters[symbol] for symbol in symbols)
        if self._stop is not None:
            begin = max(len(self._texts[sample]) - len(self._stop) + 1, 0)
            place = text.find(self._stop, begin)
            if place >= 0:
                self._texts[sample] = text[: place + len(self._stop)]
                return True
        self._texts[sample] = text
        return False
