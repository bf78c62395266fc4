"""Measure the precision of a typed number, and set aside answers with too few digits.

A number typed as 4.4e-4 has the digits it shows. Of a value's other entries, the one with most decimals speaks for
all, because 0.5 may stand for 0.5000; and a whole number is taken to be as exact as the rest of the sheet, because 0
beside 0.1089 is a claim of zero and not of anything below a half. A comma is read as a point: -0,0971.

A sheet that prints four decimals asks for two: a 0 where it prints 0.0308 is neither right nor wrong. A shorter number
is right only where it is the very number that the sheet prints (0.5 for 0.5, or 0.4 for 0.4000, because many programs
drop the zeros). Where it could be the right number rounded off, it says too little: it is set apart, marked "too few
digits", and the lines after it are worked from the right number. Where it could not, it is a claim like any other, and
as exact as the sheet asks for; so is a bare 0 on a sheet whose other numbers have digits enough, until no known mistake
explains it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from elman.errors import InputError
from elman.limits import NUMBER_CHARACTERS
from elman.worked.calculus.expr import Value
from elman.worked.sheet.names import Array
from elman.worked.view.view import rounded

_NUMBER = re.compile(r"[+-]?(\d+\.?(?P<places>\d*)|\.(?P<only>\d+))(?:[eE](?P<power>[+-]?\d+))?\Z", re.ASCII)
FINEST, COARSEST = 15, 300
FEWER = 2  # decimals that an answer may have less than the sheet prints
LEAST = 2  # decimals that it needs on any sheet


@dataclass(frozen=True, slots=True)
class Typed:
    """Hold a number and the decimals it was typed with; `scientific` if it has a power of ten."""

    number: float
    decimals: int
    scientific: bool

    @classmethod
    def of(cls, text: str) -> "Typed":
        """Read a number; ValueError if it is none, or beyond the range of float64."""
        plain = text.replace("−", "-").replace("–", "-").replace(",", ".")
        match = _NUMBER.match(plain) if len(plain) <= NUMBER_CHARACTERS else None
        if match is None or not isfinite(float(plain)):
            raise ValueError(text)
        places = len(match["places"] or match["only"] or "")
        return cls(float(plain), places - int(match["power"] or 0), match["power"] is not None)


def usual_decimals(numbers: Iterable[Typed]) -> int:
    """Return the decimals that most of a sheet's numbers have, whole ones left out; 0 if all are whole."""
    counted = Counter(typed.decimals for typed in numbers if typed.decimals > 0 and not typed.scientific)
    most = max(counted.values(), default=0)
    return max((decimals for decimals, count in counted.items() if count == most), default=0)


def decimals(numbers: Sequence[Typed]) -> list[int]:
    """Return the decimals of each entry of a value: the most that any has, except where a power of ten gives them."""
    plain = max((typed.decimals for typed in numbers if not typed.scientific), default=0)
    return [typed.decimals if typed.scientific else plain for typed in numbers]


def units(numbers: Sequence[Typed], usual: int) -> list[float]:
    """Return half a unit of the last digit, for each entry of one value."""
    shown = zip(numbers, decimals(numbers), strict=True)
    return [half(places if typed.scientific else places or usual, typed.number) for typed, places in shown]


def half(decimals: int, number: float) -> float:
    """Return half a unit of the last decimal, and no finer than what float64 can tell, nor coarser than its range."""
    return 0.5 * 10.0 ** -max(-COARSEST, min(decimals, FINEST)) * (1 + 1e-9) + 1e-9 * abs(number) + 1e-12


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold a value as the student gives it: NaN where nothing is given.

    `decimals` are those typed, `unit` is half a unit of the last digit typed. It is `whole` if every number is given.
    """

    id: str
    array: Array
    unit: Array
    decimals: Array
    whole: bool = field(init=False)

    def __post_init__(self) -> None:
        """Look for gaps once: a search asks for them thousands of times."""
        object.__setattr__(self, "whole", not bool(np.isnan(self.array).any()))


@dataclass(frozen=True, slots=True)
class Sorted:
    """Hold answers as given; the same without the entries that say too little; and by id where those are.

    `short` holds every id with an entry of too few digits, and which of its entries could be the right number.
    """

    given: Mapping[str, Answer]
    telling: Mapping[str, Answer]
    short: Mapping[str, NDArray[np.bool_]]
    needed: int


def needed_decimals(printed: int, digits: int | None) -> int:
    """Give the decimals that an answer needs, by what the sheet prints unless `digits` says it."""
    if digits is not None and not 0 <= digits <= FINEST:
        raise InputError(f"digits: expected 0 to {FINEST} decimals, got {digits}")
    return max(LEAST, printed - FEWER) if digits is None else digits


def sort_out(answers: Mapping[str, Answer], right: Mapping[str, Value], printed: int, needed: int) -> Sorted:
    """Set the entries with too few digits apart."""
    given, telling, short = dict[str, Answer](), dict[str, Answer](), dict[str, NDArray[np.bool_]]()
    finest = half(needed, 0.0)
    for key, answer in answers.items():
        true = right[key].array
        few = ~np.isnan(answer.array) & (answer.decimals < needed)
        off, exact = np.abs(answer.array - true), answer.array == rounded(true, printed)
        typed = np.vectorize(half, otypes=[np.float64])(answer.decimals, true)
        vague = few & ~exact & (off <= typed)
        claims = answer.unit <= finest * (1 + 1e-6)  # a bare 0 on a sheet of longer numbers
        unit = np.where(few, np.minimum(answer.unit, finest), answer.unit)
        unit = np.where(few & exact, np.maximum(off, half(printed, 0.0)), unit)
        given[key] = replace(answer, unit=unit)
        telling[key] = replace(given[key], array=np.where(vague & ~claims, np.nan, answer.array))
        if (few & ~exact).any():
            short[key] = vague
    return Sorted(given, telling, short, needed)
