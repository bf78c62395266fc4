"""Find the known mistakes that explain a student's numbers: none, one, or two together.

The fewest mistakes that explain the most values win; of those that explain as much, the closest. A value counts as
explained if the right rule gives it, or any of the rules in hand: a mistake need not be made everywhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import monotonic

import numpy as np

from elman.errors import DataError
from elman.limits import SEARCH_SECONDS
from elman.worked.calculus.expr import Value
from elman.worked.marking.catalogue import CATALOGUE, Mistake
from elman.worked.marking.digits import Answer
from elman.worked.marking.reading import EXACT, FAR, Reading, network
from elman.worked.marking.slips import Slip, Values
from elman.worked.sheet.names import Array
from elman.worked.sheet.problem import Problem

WORK = 400_000  # values worked while pairs are tried, after which the search says that it stopped
KEPT = 40_000  # values of readings with one mistake that are kept for the next sheet of answers
PAIRS = "pairs of mistakes were tried"
MISSES = 3  # values that a pair has to explain one of, or it is given up
NEAR = 12  # single mistakes tried with every other, before all pairs are


@dataclass(frozen=True, slots=True)
class Made:
    """Hold a known mistake, made in one of its ways."""

    mistake: Mistake
    slip: Slip

    @property
    def title(self) -> str:
        """Return the name with its number: `E9 not summed over the steps (only the last step)`."""
        way = f" ({self.slip.label})" if self.slip.label else ""
        return f"{self.mistake.number} {self.mistake.name}{way}"


Set = tuple[Made, ...]
Score = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Hold the mistakes recognised, others that explain the same values, and the extent of a search cut short."""

    made: Set
    instead: tuple[Set, ...] = ()
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """Hold the ways to make a known mistake that change a number; `tried` of `ways` were looked at in time.

    `readings` are those of an empty sheet, as a student reads it who makes one of the mistakes; up to `KEPT` values.
    """

    made: list[Made]
    tried: int
    ways: int
    readings: Mapping[Made, Reading]

    @property
    def stopped(self) -> str:
        """State how much was tried by a search that ran out of time; empty if everything was."""
        return "" if self.tried == self.ways else f"{self.tried} of {self.ways} ways to make a known mistake were tried"


class KnownMistakes:
    """Search for the known mistakes that change a number of one sheet, when first asked, and keep them."""

    def __init__(self, problem: Problem, right: Values) -> None:
        self.problem, self.right = problem, right
        self._known: Known | None = None
        self._searched = 0.0  # seconds given to the search

    def within(self, seconds: float = SEARCH_SECONDS) -> Known:
        """Search for at most `seconds`; a search that was cut short is repeated when it is given more time."""
        if self._known is None or (self._known.stopped and seconds > self._searched):
            self._known, self._searched = _applicable(self.problem, self.right, seconds), seconds
        return self._known

    def reading(self, made: Set) -> Reading:
        """Read an empty sheet as a student who makes these mistakes."""
        kept = self._known.readings.get(made[0]) if self._known and len(made) == 1 else None
        return kept or _reading(self.problem, self.right, made)

    def numbers(self, made: Set) -> dict[str, Array]:
        """Compute the whole sheet of a student who makes these mistakes; only ids of the right sheet."""
        return dict(_worked(self.reading(made), self.right))


class Search:
    """Keep the readings of one sheet of answers, because singles are asked for again in pairs."""

    def __init__(self, known: KnownMistakes, answers: Mapping[str, Answer], seconds: float = SEARCH_SECONDS) -> None:
        self.known, self.problem, self.right, self.answers = known, known.problem, known.right, answers
        self.seconds, self.ends = seconds, monotonic() + seconds
        self.plain = Reading(self.right, answers)
        self._readings: dict[Set, Reading | None] = {(): self.plain}
        self._networks: dict[Set, Values] = {}
        self._close: dict[Set, Array] = {}
        self.spent = 0

    def reading(self, made: Set) -> Reading | None:
        """Read the answers as a student who made these mistakes; None where they leave the range of numbers."""
        if made not in self._readings:
            values = self._network(tuple(one for one in made if one.slip.problem or one.slip.forward))
            slips = [one.slip for one in made]
            self._readings[made] = Reading(values, self.answers, slips, self.plain) if values else None
        return self._readings[made]

    def _network(self, made: Set) -> Values:
        if made not in self._networks:
            self.spent += len(self.right)
            self._networks[made] = self.known.reading(made).values
        return self._networks[made]

    def is_true(self, key: str) -> bool:
        """Tell whether an answer is right to the digits typed, whatever came before."""
        answer, true = self.answers[key], self.right[key].array
        return bool((np.isnan(answer.array) | (np.abs(answer.array - true) <= answer.unit)).all())

    @cached_property
    def open(self) -> list[str]:
        """Return the values that neither truth nor the right rule explains, in the order of the sheet."""
        wrong = [key for key in self.right if key in self.answers and not self.is_true(key)]
        return [key for key in wrong if self.plain.closeness(key) == FAR]

    def close(self, made: Set) -> Array:
        """Rate how well these mistakes, any of them, or none explain each open value."""
        if made not in self._close:
            close = self.apart(made) if len(made) > 1 else np.zeros(len(self.open), dtype=int)
            found = self.reading(made) if (close == FAR).any() else None
            if found is not None:
                self.spent += len(self.right) // 4
                close = self._filled(close, found, give_up=MISSES if len(made) > 1 else len(close))
            self._close[made] = close
        return self._close[made]

    def _filled(self, close: Array, found: Reading, give_up: int) -> Array:
        """Return the open values that are still far in this reading; a pair that misses the first is given up."""
        filled, misses, hit = close.copy(), 0, False
        for k in np.flatnonzero(close == FAR):
            filled[k] = found.closeness(self.open[k])
            hit, misses = hit or bool(filled[k] != FAR), misses + 1
            if misses >= give_up and not hit:
                break
        return filled

    def apart(self, made: Set) -> Array:
        """Rate how well one of the mistakes alone explains each open value."""
        found: Array = np.max([self.close((one,)) for one in made], axis=0)
        return found

    def score(self, made: Set) -> Score:
        """Rate, the better the smaller: values not explained, mistakes needed, values only explained by rounding."""
        return _score(made, self.close(made)) if made else (len(self.open), 0, 0)

    def run(self) -> Found:
        """Find the mistakes: none, one, two that are met one by one, two that meet in one line."""
        if not self.open:
            return Found(())
        known = self.known.within(self.seconds)
        singles: list[Set] = [(one,) for one in known.made]
        found = self._best((), singles, "mistakes were tried alone")
        if self.score(found.made)[0] == 0 or not singles:
            return found if known.tried == known.ways else replace(found, stopped=known.stopped)
        pairs = list(_pairs(singles, singles))
        apart = [pair for pair in pairs if not (self.apart(pair) == FAR).any()]
        if apart:
            return self._best(found.made, apart, PAIRS)
        near = list(_pairs(sorted(singles, key=self.score)[:NEAR], singles))
        found = self._best(found.made, near, PAIRS)
        return found if self.score(found.made)[0] == 0 else self._best(found.made, pairs, PAIRS)

    def _best(self, best: Set, sets: Sequence[Set], what: str) -> Found:
        tried = 0
        for made in sets:
            if self.spent > WORK or monotonic() > self.ends:
                break
            tried += 1
            if self.score(made) < self.score(best) and self.score(made)[0] < len(self.open):
                best = made
        score = self.score(best)
        equal = [made for made in sets if made in self._close and {*made} != {*best} and self.score(made) == score]
        return Found(best, tuple(equal) if best else (), "" if tried == len(sets) else f"{tried} of {len(sets)} {what}")


def _score(made: Set, close: Array) -> Score:
    return int((close == FAR).sum()), len(made), int((close != EXACT).sum())


def _pairs(some: Iterable[Set], others: Sequence[Set]) -> Iterator[Set]:
    seen: set[frozenset[Made]] = set()
    for first in some:
        for second in others:
            pair = frozenset(first + second)
            if len(pair) == 2 and pair not in seen and first[0].mistake is not second[0].mistake:
                seen.add(pair)
                yield first + second


def _applicable(problem: Problem, right: Values, seconds: float) -> Known:
    """Find every way to make a known mistake on a sheet that changes a number of it."""
    ends, tried, found, readings = monotonic() + seconds, 0, list[Made](), dict[Made, Reading]()
    every = [Made(mistake, slip) for mistake in CATALOGUE for slip in mistake.on(problem)]
    for made in every:
        if monotonic() > ends:
            break
        tried += 1
        reading = _reading(problem, right, (made,))
        if any(differs(array, right[key]) for key, array in _worked(reading, right)):
            found.append(made)
            if len(readings) * len(right) < KEPT:
                readings[made] = reading
    return Known(found, tried, len(every), readings)


def _reading(problem: Problem, right: Values, made: Set) -> Reading:
    slips = [one.slip for one in made]
    try:
        values = network(problem, slips, right)
    except DataError:
        values = {}
    return Reading(values, {}, slips)


def _worked(reading: Reading, right: Values) -> Iterator[tuple[str, Array]]:
    for key in right:
        array = reading.worked(key)
        if array is not None:
            yield key, array


def differs(wrong: Array, right: Value) -> bool:
    """Tell whether a worked number is another than the right one, rounding apart; NaN is another."""
    if right.expr is None or wrong.shape != right.shape:
        return False
    off: Array = np.abs(wrong - right.array)
    return not bool((off <= 1e-12 + 1e-9 * np.abs(right.array)).all())
