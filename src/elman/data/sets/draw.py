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


def entries(words: str) -> list[str]:
    """Return the words of a text, or, where it has semicolons, what is between these."""
    return words.split("; " if ";" in words else None)


def drawn(make: Callable[[Draw], T], seed: int, sizes: tuple[int, int], unseen: bool) -> list[T]:
    """Return different rows, in the order in which they were drawn.

    Args:
        make: draws a row.
        seed: of all rows.
        sizes: how many rows are known, and how many unseen.
        unseen: whether to return the unseen rows, which are drawn after the known ones.
    """
    draw, (known, more) = Draw(seed), sizes
    rows: dict[T, None] = {}
    while len(rows) < known + more:
        rows[make(draw)] = None
    return list(rows)[known:] if unseen else list(rows)[:known]


def columns(rows: Sequence[tuple[str, str]], first: str, second: str) -> dict[str, list[str]]:
    """Return rows of two cells as two columns of these names."""
    return {name: [row[place] for row in rows] for place, name in enumerate((first, second))}
