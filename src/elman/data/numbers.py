"""Parse numbers in text, by the same grammar in every file, and the words for a missing number.

A number is written in ASCII digits with an optional sign, one decimal point and an exponent: "-12", "0.5", ".5", "3.",
"1e-3". "1_000", "1,000", "0x10", "inf" and digits of other scripts are no numbers.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.limits import LARGEST_NUMBER

MISSING = frozenset({"", "-", "--", "?", "na", "n/a", "#n/a", "<na>", "nan", "nat", "none", "null"})
"""Cells that mean a missing number, in upper or lower case."""


def number(cell: Any) -> float:
    """Return the number that a cell holds, or NaN where it holds none; a number too large is infinite."""
    if isinstance(cell, str) and (not cell.isascii() or "_" in cell):
        return math.nan
    try:
        return float(cell)
    except OverflowError:  # an integer of more than 308 digits
        return math.inf
    except (TypeError, ValueError, ArithmeticError):  # of Decimal, the last
        return math.nan


def numbers(cells: Sequence[Any], decimal_comma: bool = False) -> npt.NDArray[np.float64]:
    """Return a number for each cell; NaN for one that is none.

    Args:
        cells: of one column.
        decimal_comma: read a column in which some number has a comma as "1,5"; then no number has a point.
    """
    if decimal_comma and any(isinstance(cell, str) and "," in cell for cell in cells):
        cells = [_with_point(cell) for cell in cells]
    found = cells if all(type(cell) is float for cell in cells) else [number(cell) for cell in cells]
    return np.array(found, dtype=np.float64)


def usable(found: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which numbers are finite and small enough for float32, in which every network computes."""
    return np.asarray(np.abs(found) <= LARGEST_NUMBER)


def missing(cells: Sequence[Any]) -> npt.NDArray[np.bool_]:
    """Return which cells mean a missing number: null, NaN, or one of the words."""
    if all(type(cell) is float for cell in cells):
        return np.isnan(np.array(cells, dtype=np.float64))
    return np.array([_is_missing(cell) for cell in cells], dtype=bool)


def _is_missing(cell: Any) -> bool:
    if cell is None or isinstance(cell, str):
        return cell is None or cell.strip().lower() in MISSING
    try:
        return bool(cell != cell)  # noqa: PLR0124 -- NaN and NaT differ from themselves
    except TypeError:  # pandas' NA does not say
        return True
    except ValueError:  # an array is no number, but it is there
        return False


def _with_point(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    return math.nan if "." in cell else cell.replace(",", ".")
