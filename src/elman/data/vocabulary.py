"""Number the symbols that a model knows: words, characters, or anything else with a name."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Tokens: TypeAlias = Literal["words", "characters", "symbols"]
UNKNOWN = "<unknown>"
FORM: Literal["NFC"] = "NFC"
"""The Unicode normal form in which every text is read, so that "é" is one letter however a file writes it."""
_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def tokenize(text: str, tokens: Tokens) -> list[str]:
    """Cut a text.

    Args:
        text: what to cut.
        tokens: "words" gives words in lower case and every punctuation mark, "characters" every character as it is,
            "symbols" the parts between spaces, as they are.
    """
    if tokens == "words":
        return _WORD.findall(text.lower())
    return list(text) if tokens == "characters" else text.split()


def composed(text: str) -> str:
    """Return a text with every letter and its marks as one character, where Unicode has one."""
    return text if text.isascii() else unicodedata.normalize(FORM, text)


class Vocabulary:
    """Symbols by falling count; those that were never learned share the number of the unknown one, 0.

    Args:
        symbols: the names, in the order of their numbers; the first is the unknown one's.
        special: how many, after the first, have a number and are never read from a text, whatever they are called.
    """

    def __init__(self, symbols: Iterable[str], special: int = 0):
        self.symbols = tuple(symbols)
        self._numbers = {symbol: number for number, symbol in enumerate(self.symbols) if number > special}

    @classmethod
    def fit(cls, sequences: Iterable[Sequence[str]], min_count: int = 1, special: Sequence[str] = ()) -> "Vocabulary":
        """Count symbols and keep the frequent ones.

        Args:
            sequences: what to count: the training part alone.
            min_count: occurrences below which a symbol is unknown.
            special: names that get the numbers after the unknown one, such as an end mark; a symbol of the same name is
                another one.
        """
        counts = Counter(symbol for sequence in sequences for symbol in sequence)
        kept = sorted((s for s, n in counts.items() if n >= min_count), key=lambda s: (-counts[s], s))
        return cls((UNKNOWN, *special, *kept), len(special))

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._numbers

    def number(self, symbol: str) -> int:
        """Return a symbol's number, 0 if it is unknown."""
        return self._numbers.get(symbol, 0)

    def encode(self, sequence: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return a number for each symbol, shape `(T,)`."""
        find = self._numbers.get
        return np.fromiter((find(symbol, 0) for symbol in sequence), np.int64, len(sequence))

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Return the symbols that the numbers stand for."""
        return [self.symbols[number] for number in numbers]


class OpenVocabulary:
    """A vocabulary that gives new symbols the numbers from its size on, in the order of their first use.

    Args:
        closed: the vocabulary; it stays as it is.
    """

    def __init__(self, closed: Vocabulary):
        self._closed = closed
        self._symbols = list(closed.symbols)
        self._strange: dict[str, int] = {}

    def encode(self, sequence: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return a number for each symbol, shape `(T,)`; a strange one keeps the number that it first gets."""
        return np.fromiter((self._met(symbol) for symbol in sequence), np.int64, len(sequence))

    def number(self, symbol: str) -> int:
        """Return a symbol's number, 0 if it was never met."""
        return self._closed.number(symbol) or self._strange.get(symbol, 0)

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Return the symbols that the numbers stand for."""
        return [self._symbols[number] for number in numbers]

    def _met(self, symbol: str) -> int:
        number = self.number(symbol)
        if not number:
            number = self._strange[symbol] = len(self._symbols)
            self._symbols.append(symbol)
        return number
