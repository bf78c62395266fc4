"""The forms in which tables write dates and times, as text or as numbers.

Text means a clock time and an offset from UTC. Numbers are dates without separators, times since 1970 or decimal years;
all others count steps.

A form is a regular expression whose groups are parts of a date: y year, m month, d day, a and b a day and a month in
either order, name an English month, q quarter, h half-year, w ISO week and k its day, n day of the year; H M S f half
and offset are those of a time. Nothing else decides what a cell means: no library's guess, no locale.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from elman.data.frequency import MICROSECONDS, Stamps
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

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november")
MONTHS = (*_MONTHS, "december")
_NAME = "(?P<name>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS) + r"|sept)\.?"
_OFFSET = r"(?: ?(?P<offset>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?"
_TIME = (
    r"(?:(?:[T ]|, )(?P<H>\d{1,2})(?::(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,18}))?)?)?"
    rf"(?: ?(?P<half>[AP])\.?M\.?)?{_OFFSET})?"
)
_YEAR, _MONTH, _DAY = r"(?P<y>\d{4})", r"(?P<m>\d{1,2})", r"(?P<d>\d{1,2})"
_RULES = {
    "year-month-day": (
        rf"{_YEAR}(?P<sep>[-/.]){_MONTH}(?P=sep){_DAY}{_TIME}",
        rf"{_YEAR}(?P<m>\d{{2}})(?P<d>\d{{2}})[T ](?P<H>\d{{2}})(?::?(?P<M>\d{{2}})(?::?(?P<S>\d{{2}}))?)?{_OFFSET}",
        rf"{_YEAR}-{_MONTH}-{_DAY}/\d{{4}}-\d{{2}}-\d{{2}}",
    ),
    "year-month": (
        rf"{_YEAR}[-/ ]{_MONTH}",
        rf"{_YEAR}[-: ]?M{_MONTH}",
        rf"{_MONTH}[-/.]{_YEAR}",
        rf"{_NAME}[-/ ,]{{0,2}}{_YEAR}",
        rf"{_YEAR}[-/ ]?{_NAME}",
    ),
    "day of the year": (rf"{_YEAR}-(?P<n>\d{{3}})",),
    "quarters, each read as its first day": (
        rf"{_YEAR}[-/: ]?Q(?P<q>[1-4])",
        rf"Q(?P<q>[1-4])[-/: ]?{_YEAR}",
        rf"(?P<q>[1-4])Q[-/: ]?{_YEAR}",
    ),
    "half-years, each read as its first day": (rf"{_YEAR}[-/: ]?[HS](?P<h>[12])", rf"[HS](?P<h>[12])[-/: ]?{_YEAR}"),
    "ISO weeks, each read as its Monday": (
        rf"{_YEAR}[- ]?W(?P<w>\d{{1,2}})",
        rf"W(?P<w>\d{{1,2}})[-/ ]{_YEAR}",
    ),
    "ISO weeks with the day": (rf"{_YEAR}-?W(?P<w>\d{{2}})-?(?P<k>[1-7])",),
    "two numbers": (rf"(?P<a>\d{{1,2}})(?P<sep>[-/.])(?P<b>\d{{1,2}})(?P=sep){_YEAR}{_TIME}",),
    "named months": (
        rf"(?:[A-Z]{{3}}, ?)?{_DAY}[-/ ]?{_NAME}[-/ ,]{{0,2}}{_YEAR}{_TIME}",
        rf"{_NAME} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}{_TIME}",
        rf"{_YEAR}[-/ ]{_NAME}[-/ ]{_DAY}{_TIME}",
    ),
}
SAID = {name for name in _RULES if "read as" in name}
"""Ambiguous forms: their reading is reported to the user."""


@dataclass(frozen=True)
class Form:
    """One form: its name, and the expression that a whole cell matches."""

    name: str
    pattern: re.Pattern[str]


FORMS = tuple(
    Form(name, re.compile(rule, re.ASCII | re.IGNORECASE)) for name, rules in _RULES.items() for rule in rules
)


class Clock(NamedTuple):
    """Cells as times, each `(N,)`.

    Attributes:
        local: what the clock showed.
        offset: microseconds ahead of UTC.
        zoned: which cells say their offset.
        exists: which cells name a date and a time that exist.
        fine: which cells have digits beyond microseconds.
    """

    local: Stamps
    offset: npt.NDArray[np.int64]
    zoned: npt.NDArray[np.bool_]
    exists: npt.NDArray[np.bool_]
    fine: npt.NDArray[np.bool_]


class Parts:
    """The groups of the matches of one form, as arrays of whole numbers."""

    def __init__(self, form: Form, cells: list[str]) -> None:
        self._groups = form.pattern.groupindex
        self._matches = [found for cell in cells if (found := form.pattern.fullmatch(cell))]

    def __len__(self) -> int:
        return len(self._matches)

    def has(self, name: str) -> bool:
        """Say whether the form has a group."""
        return name in self._groups

    def texts(self, name: str) -> list[str]:
        """Return a group of each cell; "" where it is not there."""
        if not self.has(name):
            return [""] * len(self)
        return [found[name] or "" for found in self._matches]

    def numbers(self, name: str, default: int) -> npt.NDArray[np.int64]:
        """Return a group of each cell as a number; `default` where it is not there."""
        return np.array([int(text) if text else default for text in self.texts(name)], dtype=np.int64)


def clock_of(parts: Parts, day_first: bool) -> Clock:
    """Return what cells of one form say; `day_first`: of two numbers before the year the first is the day."""
    days, exists = _days(parts, day_first)
    since_midnight, possible, fine = _time(parts)
    offsets = parts.texts("offset")
    zoned = np.array([bool(text) for text in offsets], dtype=bool)
    size = {text: _offset(text) for text in set(offsets)}
    offset = np.array([size[text] for text in offsets], dtype=np.int64)
    return Clock(days.astype(MICROSECONDS) + since_midnight, offset, zoned, exists & possible, fine)


def date_of(
    year: npt.NDArray[np.int64], month: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
) -> tuple[Stamps, npt.NDArray[np.bool_]]:
    """Return dates, and which of them exist."""
    first = ((year - 1970) * 12 + month - 1).astype("M8[M]")
    found = first.astype("M8[D]") + (day - 1)
    return found, (year >= 1) & (month >= 1) & (month <= 12) & (found.astype("M8[M]") == first)


def day_of_year(year: npt.NDArray[np.int64], number: npt.NDArray[np.int64]) -> tuple[Stamps, npt.NDArray[np.bool_]]:
    """Return the dates of days counted from 1 in each year, and which of them exist."""
    first = (year - 1970).astype("M8[Y]")
    found = first.astype("M8[D]") + (number - 1)
    return found, (year >= 1) & (found.astype("M8[Y]") == first)


def _days(parts: Parts, day_first: bool) -> tuple[Stamps, npt.NDArray[np.bool_]]:
    year = parts.numbers("y", 0)
    if parts.has("w"):
        return _weeks(year, parts.numbers("w", 0), parts.numbers("k", 1))
    if parts.has("n"):
        return day_of_year(year, parts.numbers("n", 0))
    if parts.has("a"):
        first, second = parts.numbers("a", 0), parts.numbers("b", 0)
        return date_of(year, second if day_first else first, first if day_first else second)
    if parts.has("q"):
        return date_of(year, 3 * parts.numbers("q", 0) - 2, np.ones_like(year))
    if parts.has("h"):
        return date_of(year, 6 * parts.numbers("h", 0) - 5, np.ones_like(year))
    named = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
    months = [named[text[:3].lower()] for text in parts.texts("name")] if parts.has("name") else None
    month = parts.numbers("m", 0) if months is None else np.array(months, dtype=np.int64)
    return date_of(year, month, parts.numbers("d", 1))


def _weeks(
    year: npt.NDArray[np.int64], week: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
) -> tuple[Stamps, npt.NDArray[np.bool_]]:
    """Return days of ISO weeks: week 1 has January 4, and a week belongs to the year of its Thursday."""
    fourth = (year - 1970).astype("M8[Y]").astype("M8[D]") + 3
    monday = fourth - (fourth.astype(np.int64) + 3) % 7 + (week - 1) * 7  # 1970-01-01 was a Thursday
    belongs = (monday + 3).astype("M8[Y]").astype(np.int64) == year - 1970
    return monday + (day - 1), belongs & (year >= 1) & (week >= 1)


def _time(parts: Parts) -> tuple[npt.NDArray[np.timedelta64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return the time since midnight, which times exist (24:00 does), and which have digits beyond microseconds."""
    hour, minute, second = (parts.numbers(name, 0) for name in "HMS")
    halves = [text.lower() for text in parts.texts("half")]
    exists = (minute < 60) & (second < 60)
    if any(halves):
        twelve = np.array([bool(half) for half in halves], dtype=bool)
        exists &= ~twelve | ((hour >= 1) & (hour <= 12))
        hour = np.where(twelve, hour % 12 + 12 * np.array([half == "p" for half in halves]), hour)
    micros, fine = np.zeros_like(hour), np.zeros(len(hour), dtype=bool)
    fractions = parts.texts("f")
    if any(fractions):
        micros = np.array([int(text[:6].ljust(6, "0")) for text in fractions], dtype=np.int64)
        fine = np.array([bool(text[6:].strip("0")) for text in fractions], dtype=bool)
    exists &= (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0) & (micros == 0))
    return (((hour * 60 + minute) * 60 + second) * 1_000_000 + micros).astype("m8[us]"), exists, fine


def _offset(text: str) -> int:
    """Return microseconds ahead of UTC."""
    if text[:1] not in ("+", "-"):
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (1 if text[0] == "+" else -1) * minutes * 60_000_000


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
