"""Word vectors that somebody trained, from a text file with a word and its numbers in each line.

That is the text format of GloVe and of word2vec, which begins with a line of two whole numbers, how many words and how
many numbers each.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from elman.data.numbers import number, usable
from elman.data.vocabulary import Vocabulary, composed
from elman.errors import DataError
from elman.opening import lines
from elman.quoting import quote


def read_vectors(path: Path, vocabulary: Vocabulary) -> dict[int, npt.NDArray[np.float32]]:
    """Return the vectors of the symbols that the file has, by their numbers; all of one length.

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
            found[vocabulary.number(composed(word))] = _numbers(path, at, numbers)
    if not found:
        raise DataError(f"{path}: none of its words is among the {len(vocabulary):,} of the data: give other vectors")
    return found


def _numbers(path: Path, at: int, numbers: list[str]) -> npt.NDArray[np.float32]:
    found = np.array([number(cell) for cell in numbers])
    if not usable(found).all():
        odd = numbers[int(np.argmin(usable(found)))]
        raise DataError(f"{path}: line {at}: expected numbers after the word, got {quote(odd)}: mend the line")
    return found.astype(np.float32)
