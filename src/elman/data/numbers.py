"""Parse numbers in text, by the same grammar in every file, and order the steps that a column numbers.

A number is written in ASCII digits with an optional sign, one decimal point and an exponent: "-12", "0.5", ".5", "3.",
"1e-3". "1_000", "1,000", "0x10", "inf" and digits of other scripts are no numbers.

Steps of a series are ordered without rounding: whole numbers as whole numbers, so that nanoseconds never fall together;
texts such as "t1" and "t10" by the number in them; dates that begin with the year by their time. Anything else has no
order that is sure.
"""

import math
import re
import warnings
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.errors import DataError
from elman.limits import LARGEST_NUMBER
from elman.quoting import quote

MISSING = frozenset({"", "-", "--", "?", "na", "n/a", "#n/a", "<na>", "nan", "nat", "none", "null"})
"""Cells that mean a missing number, in upper or lower case."""
Keys: TypeAlias = Sequence[Any]
_WHOLE = re.compile(r"\s*([-+]?[0-9]+)\s*")
_NUMBERED = re.compile(r"([^0-9]*)([0-9]+)([^0-9]*)")
_YEAR_FIRST = re.compile(r"\s*[0-9]{4}[-/.]?[0-9]")
_MOST_DIGITS = 1000


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


def step_keys(cells: Sequence[Any], where: str, decimal_comma: bool = False) -> Keys:
    """Return what sorts the steps, one for each cell; equal keys are equal steps.

    Args:
        cells: the column, none missing.
        where: the table and the column, for messages.
        decimal_comma: whether a number in text may have a decimal comma.

    Raises:
        DataError: the cells are neither numbers nor dates, nor one text with a number in it.
    """
    texts = [cell for cell in cells if isinstance(cell, str)]
    for way in (_whole, _numbered) if len(texts) == len(cells) else (_whole,):
        found = way(cells)
        if found is not None:
            return found
    exact = _exact(cells, decimal_comma)
    return exact if exact is not None else _dates(cells, where)


def _whole(cells: Sequence[Any]) -> list[int] | None:
    matches = [_WHOLE.fullmatch(c) if isinstance(c, str) and len(c) < _MOST_DIGITS else None for c in cells]
    if all(match or (isinstance(c, int) and not isinstance(c, bool)) for c, match in zip(cells, matches, strict=True)):
        return [int(match[1]) if match else cell for cell, match in zip(cells, matches, strict=True)]
    return None


def _numbered(cells: Sequence[str]) -> list[int] | None:
    """Return the number in each text where all else in them is alike and no more than a name."""
    matches = [_NUMBERED.fullmatch(cell.strip()) if len(cell) < _MOST_DIGITS else None for cell in cells]
    found = [match for match in matches if match]
    around = {match[1] + " " + match[3] for match in found}
    if len(found) < len(cells) or len(around) > 1 or not any(map(str.isalpha, around.pop())):
        return None
    return [int(match[2]) for match in found]


def _exact(cells: Sequence[Any], decimal_comma: bool) -> list[Decimal] | None:
    if not all(isinstance(cell, str | int | float | Decimal) for cell in cells):
        return None
    found = numbers(cells, decimal_comma)
    if not np.isfinite(found).all():
        return None
    texts = [cell.replace(",", ".").strip() if isinstance(cell, str) else cell for cell in cells]
    return [Decimal(text) for text in texts]


def _dates(cells: Sequence[Any], where: str) -> Keys:
    import pandas as pd

    odd = next((cell for cell in cells if isinstance(cell, str) and not _YEAR_FIRST.match(cell)), None)
    if odd is None and not any(isinstance(cell, bool | dict | list | float | int) for cell in cells):
        try:
            with warnings.catch_warnings(action="ignore"):
                stamps = pd.to_datetime(list(cells), utc=True, format="ISO8601")
            return list(stamps.asi8)
        except (ValueError, TypeError, OverflowError):
            odd = cells[0]  # pandas does not say which
    if odd is None:
        odd = next(c for c in cells if not (isinstance(c, str | int | float) and np.isfinite(number(c))))
    raise DataError(
        f"{where}: expected steps that are numbers, dates (2015-12-31) or one name with a number (t1, t2, t10), "
        f"got {quote(odd)}: number the steps"
    )
