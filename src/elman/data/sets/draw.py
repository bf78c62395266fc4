"""Draw from lists by a seed, with the same result in every version of Python."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A source of choices; only `random()` is used, whose numbers Python promises to keep."""

    def __init__(self, seed: int):
        self._random = Random(seed)  # noqa: S311 -- sentences, not secrets

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self._random.random() < probability

    def below(self, count: int) -> int:
        """Return a whole number from 0 up to `count`, which is left out."""
        return int(self._random.random() * count)

    def between(self, low: float, high: float) -> float:
        """Return a number between two others."""
        return low + (high - low) * self._random.random()

    def one(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[self.below(len(items))]

    def filled(self, template: str, lists: Mapping[str, Sequence[str]]) -> str:
        """Return a text whose every `{name}` is replaced by one of the list of that name."""
        parts = template.split("{")
        rest = (part.partition("}") for part in parts[1:])
        return parts[0] + "".join(self.one(lists[name]) + after for name, _, after in rest)


def listed(words: str) -> list[str]:
    """Return the words of a text, or, where it has semicolons, what is between these."""
    return words.split("; " if ";" in words else None)


def distinct(seed: int, count: int, make: Callable[[Draw], T]) -> list[T]:
    """Return so many different rows, in the order in which they were drawn."""
    draw = Draw(seed)
    rows: dict[T, None] = {}
    while len(rows) < count:
        rows[make(draw)] = None
    return list(rows)
