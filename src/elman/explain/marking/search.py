"""Which known mistakes make a student's numbers: none, one, or two together.

The fewest mistakes that explain the most values win; of those that explain as much, the closest. A value counts as
explained if the right rule gives it, or any of the rules in hand: a mistake need not be made everywhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from elman.explain.expr import Array, Value
from elman.explain.marking.answers import Answer
from elman.explain.marking.catalogue import CATALOGUE, Mistake
from elman.explain.marking.reading import EXACT, FAR, Reading, reading
from elman.explain.marking.slips import Slip
from elman.explain.problem import Problem

WORK = 400_000  # values worked while pairs are tried, after which the search says that it stopped
NEAR = 12  # single mistakes tried with every other, before all pairs are


@dataclass(frozen=True, slots=True)
class Made:
    """A known mistake, made in one of its ways."""

    mistake: Mistake
    slip: Slip

    @property
    def title(self) -> str:
        """`E9 not summed over the steps (only the last step)`."""
        way = f" ({self.slip.label})" if self.slip.label else ""
        return f"{self.mistake.number} {self.mistake.name}{way}"


Set = tuple[Made, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The mistakes recognised, others that explain the same values as well, and whether every pair was tried."""

    made: Set
    instead: tuple[Set, ...] = ()
    complete: bool = True


class Search:
    """The readings of one sheet of answers, kept, because singles are asked for again in pairs."""

    def __init__(self, problem: Problem, right: Mapping[str, Value], answers: Mapping[str, Answer]) -> None:
        self.problem, self.right, self.answers = problem, right, answers
        self._readings: dict[Set, Reading | None] = {}
        self._close: dict[Set, Array] = {}
        self.spent = 0

    def reading(self, made: Set) -> Reading | None:
        """The answers as read by a student who made these mistakes."""
        if made not in self._readings:
            self.spent += len(self.right)
            slips = [one.slip for one in made]
            self._readings[made] = reading(self.problem, self.right, self.answers, slips)
        return self._readings[made]

    def is_true(self, key: str) -> bool:
        """Whether an answer is right to the digits typed, whatever came before."""
        answer, true = self.answers[key], self.right[key].array
        return bool((np.isnan(answer.array) | (np.abs(answer.array - true) <= answer.unit)).all())

    @cached_property
    def open(self) -> list[str]:
        """The values that neither truth nor the right rule explains, in the order of the sheet."""
        plain = self.reading(())
        wrong = [key for key in self.right if key in self.answers and not self.is_true(key)]
        return [key for key in wrong if plain is None or plain.closeness(key) == FAR]

    @cached_property
    def known(self) -> list[Made]:
        """Every way to make a known mistake that changes some number of this sheet."""
        return applicable(self.problem, self.right)

    def close(self, made: Set) -> Array:
        """How close each open value comes with these mistakes, any of them, or none."""
        if made not in self._close:
            found = self.reading(made)
            own = np.array([found.closeness(key) if found else FAR for key in self.open])
            parts = [self.close(part) for part in combinations(made, len(made) - 1)] if len(made) > 1 else []
            self._close[made] = np.max([own, *parts], axis=0) if self.open else own
        return self._close[made]

    def score(self, made: Set) -> tuple[int, int, int]:
        """The better, the smaller: values not explained, mistakes needed, values only explained by rounding."""
        close = self.close(made)
        return int((close == FAR).sum()), len(made), int((close != EXACT).sum())

    def run(self) -> Found:
        """Find the mistakes."""
        if not self.open:
            return Found(())
        singles: list[Set] = [(one,) for one in self.known]
        best, instead = self._best(singles)
        if self.score(best)[0] == 0 or not singles:
            return Found(best, instead)
        near = sorted(singles, key=self.score)[:NEAR]
        pairs = list(_pairs(near, singles))
        best, instead = self._best([best, *pairs])
        if self.score(best)[0] == 0:
            return Found(best, instead)
        first = [pair for pair in _pairs(singles, singles) if pair not in set(pairs)]
        best, instead = self._best([best, *first])
        return Found(best, instead, complete=self.spent <= WORK)

    def _best(self, sets: Sequence[Set]) -> tuple[Set, tuple[Set, ...]]:
        best: Set = ()
        for made in sets:
            if self.spent > WORK:
                break
            if self.score(made) < self.score(best) and self.score(made)[0] < len(self.open):
                best = made
        score = self.score(best)
        equal = [made for made in sets if made in self._close and made != best and self.score(made) == score]
        return best, tuple(equal) if best else ()


def _pairs(some: Iterable[Set], others: Sequence[Set]) -> Iterator[Set]:
    seen: set[frozenset[Made]] = set()
    for first in some:
        for second in others:
            pair = frozenset(first + second)
            if len(pair) == 2 and pair not in seen and first[0].mistake is not second[0].mistake:
                seen.add(pair)
                yield first + second


def applicable(problem: Problem, right: Mapping[str, Value]) -> list[Made]:
    """Every way to make a known mistake on a sheet that changes a number of it."""
    every = [Made(mistake, slip) for mistake in CATALOGUE for slip in mistake.on(problem)]
    return [made for made in every if shows(numbers(problem, right, (made,)), right)]


def numbers(problem: Problem, right: Mapping[str, Value], made: Set) -> dict[str, Array]:
    """The whole sheet of a student who makes these mistakes, at full precision; only ids of the right sheet."""
    found = reading(problem, right, {}, [one.slip for one in made])
    return {key: found.worked[key] for key in right if key in found.worked} if found else {}


def shows(wrong: Mapping[str, Array], right: Mapping[str, Value]) -> bool:
    """Whether any number differs from the right one."""
    return any(
        array.shape == right[key].shape and not np.allclose(array, right[key].array, rtol=1e-9, atol=1e-12)
        for key, array in wrong.items()
        if right[key].expr is not None
    )
