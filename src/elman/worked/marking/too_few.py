"""Set aside answers with too few digits: a 0 where the sheet prints 0.0308 is neither right nor wrong.

A sheet that prints four decimals asks for two. A shorter number is right only where it is the very number that the
sheet prints (0.5 for 0.5, or 0.4 for 0.4000, because many programs drop the zeros). Where it could be the right number
rounded off, it says too little: it is set apart, marked "too few digits", and the lines after it are worked from the
right number. Where it could not, it is a claim like any other, and as exact as the sheet asks for; so is a bare 0 on a
sheet whose other numbers have digits enough, until no known mistake explains it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from elman.errors import InputError
from elman.worked.calculus.expr import Value
from elman.worked.marking.answers import Answer
from elman.worked.marking.digits_typed import FINEST, half
from elman.worked.view.digits import rounded

FEWER = 2  # decimals that an answer may have less than the sheet prints
LEAST = 2  # decimals that it needs on any sheet


@dataclass(frozen=True, slots=True)
class Sorted:
    """Answers as given; the same without the entries that say too little; and by id where those are.

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
