"""The order of the steps of a series, as the column that numbers or dates them means it, without rounding.

Whole numbers are compared as whole numbers, so that nanoseconds never fall together; texts such as "t1" and "t10" by
the number in them; dates that begin with the year by their time. Anything else has no order that is sure.
"""

import re
import warnings
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np

from elman.data.numbers import number, numbers
from elman.errors import DataError
from elman.quoting import quote

Keys: TypeAlias = Sequence[Any]
_WHOLE = re.compile(r"\s*([-+]?[0-9]+)\s*")
_NUMBERED = re.compile(r"([^0-9]*)([0-9]+)([^0-9]*)")
_YEAR_FIRST = re.compile(r"\s*[0-9]{4}[-/.]?[0-9]")
_MOST_DIGITS = 1000


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
