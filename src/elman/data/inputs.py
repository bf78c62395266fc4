"""Encode sequences as the numbers that a network reads; vocabulary and scale are fitted on the training part."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from elman.data.items import Floats, Items
from elman.data.sequences import Sequences
from elman.data.tokenizer import Kind, Tokenizer
from elman.data.vocabulary import Vocabulary
from elman.errors import DataError
from elman.options import TokensName

FARTHEST = 1e6
"""Standard deviations; a value farther from the mean is read as this far, so that a network can add up its products."""


class Input(Protocol):
    """One way to read sequences."""

    def encode(self, items: Items) -> Sequences:
        """Return the sequences as numbers.

        Raises:
            DataError: they are of another kind than those that were learned from.
        """
        ...

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it; `input_from_state` reads it."""
        ...


@dataclass(frozen=True)
class TokenInput:
    """Texts or lists of symbols -> symbol numbers. A sequence without any symbol is read as one unknown symbol."""

    tokenizer: Tokenizer

    @classmethod
    def fit(cls, items: Items, tokens: TokensName, min_count: int) -> "TokenInput":
        """Learn the vocabulary of the training part."""
        return cls(Tokenizer.fit(items, tokens, min_count, "read"))

    @property
    def tokens(self) -> Kind:
        """The kind of symbols."""
        return self.tokenizer.kind

    @property
    def vocabulary(self) -> Vocabulary:
        """The symbols that have a number."""
        return self.tokenizer.vocabulary

    def encode(self, items: Items) -> Sequences:
        """Return symbol numbers, values `(N,)`."""
        if not isinstance(items[0], str | list):
            raise DataError(f"X: the model reads {self.tokens}, got series of numbers: give what it was trained on")
        unknown = np.zeros(1, dtype=np.int64)
        found = map(self.tokenizer.encode, items)
        return Sequences.of(numbers if len(numbers) else unknown for numbers in found)

    def content(self) -> dict[str, Any]:
        """Return kind and symbols."""
        return self.tokenizer.content()


@dataclass(frozen=True)
class SeriesInput:
    """Series of numbers -> each feature less its mean, by its standard deviation.

    Attributes:
        mean: of each feature over the steps of the training part, shape `(I,)`.
        deviation: likewise; 1 for a feature that never changes.
    """

    mean: Floats
    deviation: Floats

    @classmethod
    def fit(cls, items: list[Floats]) -> "SeriesInput":
        """Learn the scale of the training part."""
        steps = np.concatenate(items).astype(np.float64)
        deviation = steps.std(axis=0).astype(np.float32)
        deviation[(deviation == 0) | (steps.min(axis=0) == steps.max(axis=0))] = 1
        return cls(steps.mean(axis=0).astype(np.float32), deviation)

    def encode(self, items: Items) -> Sequences:
        """Return scaled steps, values `(N, I)`."""
        width = len(self.mean)
        if isinstance(items[0], str | list):
            raise DataError("X: the model reads series of numbers, got texts: give what it was trained on")
        if items[0].shape[1] != width:
            raise DataError(
                f"X: expected {width} features at each step, got {items[0].shape[1]}: give those of training"
            )
        sequences = Sequences.of(items)
        with np.errstate(over="ignore", invalid="ignore"):  # far from the mean a difference or a quotient overflows
            scaled = (sequences.values - self.mean) / self.deviation
        far = ~(np.abs(scaled) <= FARTHEST)
        if far.any():
            exact = (sequences.values.astype(np.float64) - self.mean) / self.deviation
            scaled[far] = np.clip(exact[far], -FARTHEST, FARTHEST)
        return Sequences(scaled, sequences.starts)

    def content(self) -> dict[str, Any]:
        """Return the scale; JSON keeps every float32 exactly."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}


def fit_input(items: Items, tokens: TokensName, min_count: int) -> TokenInput | SeriesInput:
    """Learn how to read sequences from those of the training part."""
    if isinstance(items[0], np.ndarray):
        return SeriesInput.fit(items)
    return TokenInput.fit(items, tokens, min_count)


def input_from_state(content: dict[str, Any]) -> TokenInput | SeriesInput:
    """Return the input that `content` was made from."""
    if "symbols" in content:
        return TokenInput(Tokenizer.from_state(content, "read"))
    return SeriesInput(np.array(content["mean"], np.float32), np.array(content["deviation"], np.float32))
