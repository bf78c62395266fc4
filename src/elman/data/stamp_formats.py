"""The forms in which tables write dates and times as text, and what they mean as clock time and offset from UTC.

A form is a regular expression whose groups are parts of a date: y year, m month, d day, a and b a day and a month in
either order, name an English month, q quarter, h half-year, w ISO week and k its day, n day of the year; H M S f half
and offset are those of a time. Nothing else decides what a cell means: no library's guess, no locale.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman.data.frequency import MICROSECONDS, Stamps

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
