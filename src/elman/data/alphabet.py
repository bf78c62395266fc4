"""Number the characters that a model knows."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from elman.errors import DataError

CODE_POINTS = 0x110000
UNKNOWN = -1


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
        self._numbers = np.full(CODE_POINTS, UNKNOWN, dtype=np.int32)
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
        """Return a number for each character, `UNKNOWN` for those outside the alphabet."""
        found: npt.NDArray[np.int32] = self._numbers[code_points(text)]
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
        if (numbers == UNKNOWN).any():
            strangers = sorted({c for c, n in zip(text, numbers.tolist(), strict=True) if n == UNKNOWN})
            raise DataError(
                f"{what}: {name_characters(strangers)} not among the {len(self)} characters the model was trained on: "
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
