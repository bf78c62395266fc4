"""Describe words by their parts, which words that training never saw share with those that it saw.

The parts are those of Ratnaparkhi (1996), "A maximum entropy model for part-of-speech tagging": beginnings, endings and
the shape of a word. Only sequences of words have them: where every token is one character, or few different tokens come
again and again, no token has a spelling to learn from.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

LEAST_WORDS = 100
"""Different tokens below which tokens are read as symbols without a spelling."""
_REPEATED = re.compile(r"(.)\1+")


def shape(word: str) -> str:
    """Return a word with X for every capital letter, x for every other letter that has one, and 9 for every digit."""
    return "".join("X" if c.isupper() else "x" if c.islower() else "9" if c.isdigit() else c for c in word)


def outline(word: str) -> str:
    """Return the shape of a word with every run of equal characters as one."""
    return _REPEATED.sub(r"\1", shape(word))


def _ending(length: int) -> Callable[[str], str]:
    return lambda word: word[-length:].lower()


def _beginning(length: int) -> Callable[[str], str]:
    return lambda word: word[:length].lower()


PARTS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "shape": shape,
    "outline": outline,
    **{f"ending {length}": _ending(length) for length in range(1, 6)},
    **{f"beginning {length}": _beginning(length) for length in range(1, 5)},
}
"""The parts of a word, by name."""
COLUMNS = ("word", *PARTS)
"""The columns of a sequence of words: the number of the word, then of each of its parts."""
WHOLE = ("word", "lower", "ending 5")
"""The columns by which a rare word can be known."""


def distinct(rows: Iterable[Sequence[str]]) -> tuple[list[str], list[int]]:
    """Return the different tokens of some rows, and for every token, row after row, which of them it is."""
    words: dict[str, int] = {}
    places = [words.setdefault(token, len(words)) for row in rows for token in row]
    return list(words), places


@lru_cache(maxsize=2**15)
def _parts(word: str) -> tuple[str, ...]:
    """Return the parts of a word in the order of their names; words come again when they are encoded."""
    return tuple(part(word) for part in PARTS.values())


@dataclass(frozen=True)
class WordParts:
    """Number the parts of words; a part that training never saw has number 0.

    Attributes:
        values: the values of each part, by its name, in the order of their numbers from 1.
    """

    values: dict[str, list[str]]

    @classmethod
    def fit(cls, rows: Iterable[Sequence[str]]) -> "WordParts | None":
        """Learn the parts of the words of the training part; None where tokens have no spelling to learn from."""
        words, _ = distinct(rows)
        if len(words) < LEAST_WORDS or all(len(word) == 1 for word in words):
            return None
        columns = zip(*map(_parts, words), strict=True)
        return cls({name: list(dict.fromkeys(values)) for name, values in zip(PARTS, columns, strict=True)})

    @cached_property
    def _numbers(self) -> dict[str, dict[str, int]]:
        """The number of each value of each part."""
        return {name: {value: k for k, value in enumerate(values, 1)} for name, values in self.values.items()}

    def encode(self, rows: Sequence[Sequence[str]]) -> npt.NDArray[np.int64]:
        """Return the numbers of the parts of every token, row after row, shape `(N, P)`."""
        words, places = distinct(rows)
        numbers = [self._numbers[name] for name in PARTS]
        table = [[known.get(part, 0) for known, part in zip(numbers, _parts(word), strict=True)] for word in words]
        return np.array(table, np.int64)[places]

    @property
    def sizes(self) -> list[int]:
        """The number of numbers of each part, with 0."""
        return [len(self.values[name]) + 1 for name in PARTS]

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return self.values
