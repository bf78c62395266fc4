"""Read words by their characters with a small recurrent network, for words that training never saw.

As in Ling and others (2015), "Finding function in form", and Lample and others (2016), "Neural architectures for named
entity recognition": a vector of the word is made of the last states of both directions.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.data.vocabulary import UNKNOWN_CHARACTER, Alphabet
from elman.layers import GRU
from elman.models.tag.words import distinct

LONGEST = 20
"""Characters of a word that are read; a longer word is read as its first half and its last half of so many."""
NOTHING, UNKNOWN, FIRST = 0, 1, 2
"""The numbers after a word's last character, of one that training never saw, and of the first one of an alphabet."""
WIDTH = 16
"""The length of a character's vector."""


def alphabet_of(rows: Iterable[Sequence[str]]) -> Alphabet:
    """Return the characters of words."""
    words, _ = distinct(rows)
    return Alphabet("".join(words))


def spelled(rows: Sequence[Sequence[str]], alphabet: Alphabet) -> npt.NDArray[np.int64]:
    """Return a number for every token, the same for equal ones, and those of its characters.

    Returns:
        Both in columns, token after token, shape `(N, 1 + LONGEST)`.
    """
    words, places = distinct(rows)
    found = np.full((len(words), 1 + LONGEST), NOTHING, np.int64)
    found[:, 0] = np.arange(len(words))
    for word, numbers in zip(words, found[:, 1:], strict=True):
        read = alphabet.numbers(word if len(word) <= LONGEST else word[: LONGEST // 2] + word[-LONGEST // 2 :])
        numbers[: len(read) or 1] = np.where(read == UNKNOWN_CHARACTER, UNKNOWN, read + FIRST) if len(read) else UNKNOWN
    return found[places]


class CharacterNetwork(nn.Module):
    """Recurrent layers over the characters of words, in both directions.

    Args:
        characters: how many characters have a number of their own.
        size: units in each direction.
        width: the length of a word's vector.
    """

    def __init__(self, characters: int, size: int, width: int):
        super().__init__()
        self.embed = nn.Embedding(FIRST + characters, WIDTH)
        self.recurrent = GRU(WIDTH, size, bidirectional=True)
        self.head = nn.Linear(2 * size, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return vectors `(N, width)` for tokens as `spelled` returns them; equal ones are read once."""
        _, kinds = torch.unique(tokens[:, 0], return_inverse=True)
        places = torch.empty(int(kinds.max()) + 1, dtype=torch.long).scatter_(0, kinds, torch.arange(len(kinds)))
        words = tokens[places, 1:]
        order = (words != NOTHING).sum(1).argsort(descending=True)
        steps = words[order].T
        inside = steps != NOTHING
        sizes = inside.sum(1)
        _, last = self.recurrent(PackedSequence(self.embed(steps[inside]), sizes[sizes > 0]))
        vectors: Tensor = self.head(torch.cat(tuple(last), dim=-1))
        return vectors[order.argsort()][kinds]
