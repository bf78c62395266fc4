"""Stamps that are numbers: dates without separators, times since 1970, decimal years; all others count steps."""

import re
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.data.frequency import MICROSECONDS, Stamps
from elman.data.stamp_formats import date_of, day_of_year
from elman.limits import LARGEST_STAMP
from elman.quoting import quote

Whole = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
EXACT = 2**53
"""Up to here a float64 holds every whole number."""
CLEARLY = 0.9
"""Numbers of which so many are dates, and some not, are dates with a mistake in them."""
# Digits after the date's, and the years in which a column of such numbers is taken for dates: the more digits, the less
# likely is a count of steps of which every one has a month and a day that exist.
_COMPACT = {"YYYYMMDD": (0, 1000, 9999), "YYYYMMDDHH": (2, 1900, 2399), "YYYYMMDDHHMM": (4, 1000, 9999)}
_COMPACT["YYYYMMDDHHMMSS"] = (6, 1000, 9999)
_SHORT = (1600, 2399)
"""Years in which YYYYMM and YYYYDDD are taken for dates."""
_EPOCHS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
_EPOCH = (5 * 10**8, 5 * 10**9)
"""Seconds since 1970, from 1985 to 2128, between which numbers are taken for times."""
_EXCEL = 20_000, 80_000
"""Days since 1899-12-30 in which a spreadsheet counts dates, from 1954 to 2119."""
ROUNDED = 0.15
"""Decimal years of months are this near to twelfths, in months, whether they name first days, middles or hundredths."""


class Numbered(NamedTuple):
    """Stamps, and in words how they were read; or `row` of the cell that is refused, and why."""

    stamps: Stamps
    said: str = ""
    row: int | None = None
    problem: str = ""


def read_numbers(values: list[int | float]) -> Numbered:
    """Return what a column of numbers means as stamps."""
    for row, value in enumerate(values):
        if not abs(value) <= LARGEST_STAMP or (isinstance(value, float) and abs(value) > EXACT):
            return _refused(row, "expected a date or a whole number up to 2^61 (as a float 2^53)")
    fractional = [row for row, value in enumerate(values) if value != int(value)]
    if fractional:
        return _decimal_years(np.array(values, dtype=np.float64), fractional[0])
    return _whole(np.array([int(value) for value in values], dtype=np.int64))


def as_number(cell: Any) -> int | float | None:
    """Return a cell as a number without loss; None where it is none."""
    if isinstance(cell, bool | np.bool_):
        return None
    if isinstance(cell, int | np.integer):
        return int(cell)
    if isinstance(cell, float | np.floating):
        return float(cell)
    if isinstance(cell, str):
        text = cell.strip() if len(cell) < 100 else ""
        return _exact(Decimal(text)) if _NUMBER.fullmatch(text) else None
    return _exact(cell) if isinstance(cell, Decimal) else None


def _exact(number: Decimal) -> int | float:
    whole = number.is_finite() and abs(number) <= 2**63 and number == number.to_integral_value()
    return int(number) if whole else float(number)


def _refused(row: int, problem: str) -> Numbered:
    return Numbered(np.array([], dtype=np.int64), row=row, problem=problem)


def _whole(numbers: Whole) -> Numbered:
    for form, found, exists in _dates(numbers):
        if exists.all():
            return Numbered(found.astype(MICROSECONDS), f"stamps read as {form}")
        if exists.mean() >= CLEARLY:
            row = int((~exists).argmax())
            return _refused(row, f"expected a date written {form}, as in the other rows")
    for unit, size in _EPOCHS.items():
        low, high = (bound * size for bound in _EPOCH)
        if ((numbers >= low) & (numbers < high)).all() and (size <= 10**6 or not (numbers % 1000).any()):
            micros = numbers // 1000 if size > 10**6 else numbers * (10**6 // size)
            return Numbered(micros.astype(MICROSECONDS), f"stamps read as {unit} since 1970 in UTC")
    return Numbered(numbers)


def _dates(numbers: Whole) -> list[tuple[str, Stamps, npt.NDArray[np.bool_]]]:
    """Return the forms that all numbers have the digits for, with the dates and which of them exist."""
    found = []
    for form, (digits, begin, end) in _COMPACT.items():
        if _between(numbers, begin * 10 ** (4 + digits), (end + 1) * 10 ** (4 + digits)):
            date, clock = np.divmod(numbers, 10**digits)
            days, exists = date_of(date // 10_000, date // 100 % 100, date % 100)
            hour, minute, second = (clock * 10 ** (6 - digits) // 10**shift % 100 for shift in (4, 2, 0))
            exists &= (hour < 24) & (minute < 60) & (second < 60)
            found.append((form, days.astype("M8[s]") + ((hour * 60 + minute) * 60 + second), exists))
    if _between(numbers, _SHORT[0] * 100, (_SHORT[1] + 1) * 100):
        found.append(("YYYYMM", *date_of(numbers // 100, numbers % 100, np.ones_like(numbers))))
    if _between(numbers, _SHORT[0] * 1000, (_SHORT[1] + 1) * 1000):
        found.append(("YYYYDDD, days of the year", *day_of_year(numbers // 1000, numbers % 1000)))
    return found


def _between(numbers: Whole, low: int, high: int) -> bool:
    return bool(((numbers >= low) & (numbers < high)).all())


def _decimal_years(values: Floats, row: int) -> Numbered:
    """Return the months that decimal years name, such as 1990.083 for February, or 1990.02 where all are written so."""
    problem = "expected a date or a whole number"
    if ((values >= _EXCEL[0]) & (values < _EXCEL[1])).all():
        return _refused(row, f"{problem} (a spreadsheet's day numbers have to be saved as dates)")
    if not ((values >= 1000) & (values < 3000)).all():
        return _refused(row, problem)
    hundredths = np.rint(values * 100).astype(np.int64)
    named = hundredths % 100
    if np.allclose(values * 100, hundredths, rtol=0, atol=1e-6) and ((named >= 1) & (named <= 12)).all():
        months, _ = date_of(hundredths // 100, named, np.ones_like(named))
        return Numbered(months.astype(MICROSECONDS), "stamps read as year.month")
    twelfths = values * 12
    phase = (twelfths - twelfths[0] + 0.5) % 1 - 0.5
    middle = (phase.min() + phase.max()) / 2
    if phase.max() - phase.min() > 2 * ROUNDED:
        far = int(np.abs(phase - np.median(phase)).argmax())
        return _refused(far, f"{problem}; decimal years are read where each is a month, such as 1990.083")
    start = np.floor(twelfths[0] + middle + ROUNDED)
    months = (start + np.rint(twelfths - twelfths[0] - middle)).astype(np.int64) - 1970 * 12
    if len(np.unique(months)) < len(np.unique(values)):
        return _refused(row, f"{problem}; decimal years are read where each is a month of its own")
    return Numbered(months.astype("M8[M]").astype(MICROSECONDS), "decimal years read as months")


def excel_hint(numbers: Whole) -> str:
    """Return advice where whole numbers may be the day numbers of a spreadsheet; else nothing."""
    if numbers.dtype.kind == "i" and _between(numbers, *_EXCEL):
        return f"; if {quote(int(numbers[0]))} is a spreadsheet's day number, save the column as dates (1990-01-31)"
    return ""
