"""Number the symbols that a model knows: those of texts that were split, or every character of one long text.

A vocabulary may begin with vectors that somebody trained.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from elman.data.numbers import number, usable
from elman.errors import DataError
from elman.opening import lines
from elman.quoting import quote

FORM: Literal["NFC"] = "NFC"
"""The Unicode normal form in which every text is read, so that "é" is one letter however a file writes it."""
UNKNOWN = "<unknown>"
"""The name of number 0 in a vocabulary."""
UNKNOWN_CHARACTER = -1
"""The number of a character that is not in an alphabet."""
CODE_POINTS = 0x110000


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
        self._new: dict[str, int] = {}

    def encode(self, sequence: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return a number for each symbol, shape `(T,)`; a new one keeps the number that it first gets."""
        return np.fromiter((self._met(symbol) for symbol in sequence), np.int64, len(sequence))

    def number(self, symbol: str) -> int:
        """Return a symbol's number, 0 if it was never met."""
        return self._closed.number(symbol) or self._new.get(symbol, 0)

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Return the symbols that the numbers stand for."""
        return [self._symbols[number] for number in numbers]

    def _met(self, symbol: str) -> int:
        number = self.number(symbol)
        if not number:
            number = self._new[symbol] = len(self._symbols)
            self._symbols.append(symbol)
        return number


def read_vectors(path: Path, vocabulary: Vocabulary) -> dict[int, npt.NDArray[np.float32]]:
    """Return word vectors that somebody trained, by the numbers of their symbols; all of one length.

    A file has a word and its numbers in each line, separated by spaces. That is the text format of GloVe, and of
    word2vec, which begins with a line of two whole numbers, how many words and how many numbers each.

    Args:
        path: the file. It is read line by line, so that it may be larger than memory.
        vocabulary: the symbols to look for.

    Raises:
        DataError: the file cannot be read, is not such a file, or has none of the symbols.
    """
    found: dict[int, npt.NDArray[np.float32]] = {}
    width = 0
    for at, line in lines(path):
        word, *numbers = line.rstrip().split(" ")
        if at == 1 and len(numbers) == 1:
            continue  # word2vec's first line
        width = width or len(numbers)
        if len(numbers) != width or width == 0:
            raise DataError(f"{path}: line {at}: expected a word and {width} numbers, got {len(numbers)}")
        if composed(word) in vocabulary:
            found[vocabulary.number(composed(word))] = _vector(path, at, numbers)
    if not found:
        raise DataError(f"{path}: none of its words is among the {len(vocabulary):,} of the data: give other vectors")
    return found


def _vector(path: Path, at: int, numbers: list[str]) -> npt.NDArray[np.float32]:
    found = np.array([number(cell) for cell in numbers])
    if not usable(found).all():
        odd = numbers[int(np.argmin(usable(found)))]
        raise DataError(f"{path}: line {at}: expected numbers after the word, got {quote(odd)}: mend the line")
    return found.astype(np.float32)


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """Return the Unicode code points of a text, shape `(len(text),)`."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


class Alphabet:
    """Characters in order of their code points; a character's number is its place.

    Args:
        characters: what the alphabet holds; doubles count once.
    """

    def __init__(self, characters: Iterable[str]):
        self.characters = "".join(sorted(set(characters)))
        self._numbers = np.full(CODE_POINTS, UNKNOWN_CHARACTER, dtype=np.int32)
        self._numbers[code_points(self.characters)] = np.arange(len(self.characters))

    def __len__(self) -> int:
        return len(self.characters)

    def __contains__(self, character: str) -> bool:
        return character in self.characters

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The smallest integer type that holds every number."""
        return np.min_scalar_type(max(len(self) - 1, 0))

    def numbers(self, text: str) -> npt.NDArray[np.int32]:
        """Return a number for each character, `UNKNOWN_CHARACTER` for those outside the alphabet."""
        found: npt.NDArray[np.int32] = self._numbers[code_points(text)]
        return found

    def known(self, text: str) -> npt.NDArray[np.int32]:
        """Return the numbers of the characters that are in the alphabet; the others are left out."""
        numbers = self.numbers(text)
        found: npt.NDArray[np.int32] = numbers[numbers != UNKNOWN_CHARACTER]
        return found

    def encode(self, text: str, what: str) -> npt.NDArray[np.int32]:
        """Return a number for each character.

        Args:
            text: what to encode.
            what: what the text is, for the message.

        Raises:
            DataError: characters outside the alphabet; the message names them.
        """
        numbers = self.numbers(text)
        if (numbers == UNKNOWN_CHARACTER).any():
            unknown = sorted({c for c, n in zip(text, numbers.tolist(), strict=True) if n == UNKNOWN_CHARACTER})
            raise DataError(
                f"{what}: {name_characters(unknown)} not among the {len(self)} characters the model was trained on: "
                "leave them out"
            )
        return numbers

    def decode(self, numbers: Iterable[int]) -> str:
        """Return the text of the numbers."""
        return "".join(self.characters[number] for number in numbers)


def name_characters(characters: list[str], most: int = 8) -> str:
    """Return the characters as a reader can tell them apart: 'é' (U+00E9), ... and 3 more."""
    named = ", ".join(f"{c!r} (U+{ord(c):04X})" for c in characters[:most])
    return named + (f" and {len(characters) - most} more" if len(characters) > most else "")
