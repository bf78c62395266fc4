"""Measure the precision of a typed number: its decimals, and half a unit of its last digit.

A number typed as 4.4e-4 has the digits it shows. Of a value's other entries, the one with most decimals speaks for
all, because 0.5 may stand for 0.5000; and a whole number is taken to be as exact as the rest of the sheet, because 0
beside 0.1089 is a claim of zero and not of anything below a half. A comma is read as a point: -0,0971.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from elman.limits import NUMBER_CHARACTERS

_NUMBER = re.compile(r"[+-]?(\d+\.?(?P<places>\d*)|\.(?P<only>\d+))(?:[eE](?P<power>[+-]?\d+))?\Z", re.ASCII)
FINEST, COARSEST = 15, 300


@dataclass(frozen=True, slots=True)
class Typed:
    """A number and the decimals it was typed with; `scientific` if it has a power of ten."""

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
    """The decimals that most of a sheet's numbers have, whole ones left out; 0 if all are whole."""
    counted = Counter(typed.decimals for typed in numbers if typed.decimals > 0 and not typed.scientific)
    most = max(counted.values(), default=0)
    return max((decimals for decimals, count in counted.items() if count == most), default=0)


def decimals(numbers: Sequence[Typed]) -> list[int]:
    """The decimals of each entry of one value: the most that any has, except where a power of ten says how many."""
    plain = max((typed.decimals for typed in numbers if not typed.scientific), default=0)
    return [typed.decimals if typed.scientific else plain for typed in numbers]


def units(numbers: Sequence[Typed], usual: int) -> list[float]:
    """Half a unit of the last digit, for each entry of one value."""
    shown = zip(numbers, decimals(numbers), strict=True)
    return [half(places if typed.scientific else places or usual, typed.number) for typed, places in shown]


def half(decimals: int, number: float) -> float:
    """Half a unit of the last decimal, and no finer than what float64 can tell, nor coarser than its range."""
    return 0.5 * 10.0 ** -max(-COARSEST, min(decimals, FINEST)) * (1 + 1e-9) + 1e-9 * abs(number) + 1e-12
