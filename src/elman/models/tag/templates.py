"""Number the features of a step for a linear tagger: its token, what is near it, and which of them come together.

A template names columns of near steps; a feature is a template and what the columns hold. Features of several columns
have to come twice in training, so that chance is not learned by heart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elman.data.sequences import Sequences
from elman.models.tag.words import COLUMNS

Template: TypeAlias = tuple[tuple[str, int], ...]
"""Columns, each with the distance of its step from the one that is tagged."""
Numbers: TypeAlias = npt.NDArray[np.int64]
LEAST = 2
"""Times that a feature of several columns has to come in training."""
UNKNOWN, EDGE, FIRST = 0, 1, 2
"""Numbers in a column: of a value that training never saw, of a step beyond the ends, and of the first known value."""
BITS = 62
"""Bits of the number of a combination, shared by its columns."""
REACH = 3
"""Steps that the features of symbols look back and ahead."""


def _of_words() -> Iterator[Template]:
    yield from (((column, 0),) for column in COLUMNS)
    yield from ((("lower", step),) for step in (-2, -1, 1, 2))
    yield from (((column, step),) for step in (-1, 1) for column in ("ending 2", "ending 3", "shape"))
    for column in ("lower", "ending 3", "outline"):
        yield ((column, -1), (column, 0))
        yield ((column, 0), (column, 1))
    yield (("lower", -1), ("lower", 1))
    yield (("outline", -1), ("outline", 0), ("outline", 1))


def _of_symbols() -> Iterator[Template]:
    """Every run of one to four symbols within reach that the step is in or next to."""
    for length in range(1, 5):
        for begin in range(-REACH, REACH + 2 - length):
            if length == 1 or -length <= begin <= 1:
                yield tuple(("word", begin + k) for k in range(length))


OF_WORDS, OF_SYMBOLS = tuple(_of_words()), tuple(_of_symbols())


@dataclass(frozen=True)
class Features:
    """Features that came in training.

    Attributes:
        keys: the combinations of each template, ascending, template after template, shape `(F,)`.
        sizes: how many each template has.
    """

    keys: Numbers
    sizes: list[int]

    @classmethod
    def fit(cls, inputs: Sequences) -> "Features":
        """Learn the features of the training part."""
        kept = []
        for template, codes in zip(_templates(inputs), _codes(inputs), strict=True):
            keys, counts = np.unique(codes, return_counts=True)
            kept.append(keys[(keys >= 0) & (counts >= (1 if len(template) == 1 else LEAST))])
        return cls(np.concatenate(kept), [len(keys) for keys in kept])

    def __len__(self) -> int:
        return len(self.keys)

    def numbers(self, inputs: Sequences) -> Numbers:
        """Return the feature that each template finds at each step, F where it is unknown, shape `(N, M)`."""
        found, first = [], 0
        for size, codes in zip(self.sizes, _codes(inputs), strict=True):
            keys = self.keys[first : first + size]
            places = np.searchsorted(keys, codes)
            known = np.append(keys, -2)[places] == codes
            found.append(np.where(known, places + first, len(self)))
            first += size
        return np.stack(found, axis=1)


def _templates(inputs: Sequences) -> tuple[Template, ...]:
    return OF_SYMBOLS if inputs.values.ndim == 1 else OF_WORDS


def _codes(inputs: Sequences) -> Iterator[Numbers]:
    """Return for each template the number of the combination at each step, -1 where a part of it is unknown."""
    values = inputs.values[:, None] if inputs.values.ndim == 1 else inputs.values
    rows = np.repeat(np.arange(len(inputs)), inputs.lengths)
    for template in _templates(inputs):
        bits = BITS // len(template)
        codes, known = np.zeros(len(values), np.int64), np.ones(len(values), bool)
        for column, step in template:
            at = np.arange(len(values)) + step
            inside = (at >= inputs.starts[rows]) & (at < inputs.starts[rows + 1])
            near = values[np.where(inside, at, 0), COLUMNS.index(column)]
            near = np.where(inside, np.where(near > 0, near + FIRST - 1, UNKNOWN), EDGE)
            known &= (near != UNKNOWN) & (near < 2**bits)
            codes = (codes << bits) | near
        yield np.where(known, codes, -1)
