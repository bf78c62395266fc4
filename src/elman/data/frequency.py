"""The frequency of a series, found from its stamps; the step from one stamp to the next; features of the calendar.

Stamps are NumPy arrays of whole numbers (int64) or of dates and times without a zone (datetime64, microseconds).

The phase in a cycle of the calendar is a sine and a cosine, so that the last day of a year is next to the first of the
following one; harmonics let a network shape the cycle.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Stamps: TypeAlias = npt.NDArray[Any]
Places: TypeAlias = npt.NDArray[np.int64]
Unit: TypeAlias = Literal[
    "number", "microsecond", "business day", "month", "month end", "first business day", "last business day"
]

MICROSECONDS = "datetime64[us]"
DAY = 86_400_000_000
"""Microseconds."""
WEEK, YEAR = 7 * DAY, 365.25 * DAY
_WORDS = {12: "yearly", 3: "quarterly", 1: "monthly"}
_SPANS = ((WEEK, "week"), (DAY, "day"), (DAY // 24, "hour"), (60_000_000, "minute"), (1_000_000, "second"))
_ENDS: dict[Unit, str] = {
    "month end": " (last day)",
    "first business day": " (first business day)",
    "last business day": " (last business day)",
}
_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31


@dataclass(frozen=True)
class Frequency:
    """A grid of stamps: every `step` units from wherever a series begins.

    Attributes:
        unit: what is counted. "month" keeps the day of the month and the time of day, "month end" the last day, "first
            business day" and "last business day" that of a month; "business day" counts Mondays to Fridays.
        step: units between two stamps, 1 or more.
        day: of the month, 29 or 30, for the unit "month", where a shorter month has its last day; 0: that of the first
            stamp, which every month has.
    """

    unit: Unit
    step: int
    day: int = 0

    def __str__(self) -> str:
        if self.unit == "number":
            return f"every {self.step}"
        if self.unit == "business day":
            return "every business day"
        if self.unit == "microsecond":
            size, word = next(((s, w) for s, w in _SPANS if self.step % s == 0), (1, "microsecond"))
            return f"every {word}" if self.step == size else f"every {self.step // size:,} {word}s"
        years = f"every {self.step // 12} years" if self.step % 12 == 0 else f"every {self.step} months"
        on = f" (on the {self.day}th)" if self.day else _ENDS.get(self.unit, "")
        return _WORDS.get(self.step, years) + on

    @property
    def counts_months(self) -> bool:
        """True if the unit is a month, whatever its day."""
        return self.unit == "month" or self.unit in _ENDS

    @property
    def seasons(self) -> tuple[int, ...]:
        """Steps in each cycle that the calendar suggests, such as 24 and 168 for hours, shortest first."""
        if self.counts_months:
            return (12 // self.step,) if self.step < 12 and 12 % self.step == 0 else ()
        if self.unit == "business day":
            return (5, 261)
        if self.unit == "number":
            return ()
        cycles = (60_000_000, DAY // 24, DAY, WEEK, YEAR)
        lengths = [cycle / self.step for cycle in cycles]
        # A year is no whole number of days; any other cycle that its steps do not fill is none.
        return tuple(
            round(n) for n, cycle in zip(lengths, cycles, strict=True) if n >= 2 and (cycle == YEAR or n % 1 == 0)
        )

    def places(self, stamps: Stamps, first: Any) -> Places:
        """Return how many steps each stamp is after `first`, rounded down where it is not on the grid."""
        if self.unit in ("number", "microsecond"):
            return np.asarray((stamps - first).astype(np.int64) // self.step)
        if self.unit == "business day":
            return np.busday_count(first.astype("M8[D]"), stamps.astype("M8[D]")).astype(np.int64)
        months = stamps.astype("M8[M]") - first.astype("M8[M]")
        return np.asarray(months.astype(np.int64) // self.step)

    def stamps(self, first: Any, places: Places) -> Stamps:
        """Return the stamps that are so many steps after `first`; places may be negative."""
        if self.unit == "number":
            return np.asarray(first + places * self.step)
        if self.unit == "microsecond":
            return np.asarray(first + (places * self.step).astype("m8[us]"))
        day = first.astype("M8[D]")
        if self.unit == "business day":
            return np.asarray(np.busday_offset(day, places).astype(MICROSECONDS) + (first - day))
        months = first.astype("M8[M]") + places * self.step
        of_month = self.day or int((day - first.astype("M8[M]")).astype(np.int64)) + 1
        return np.asarray(_day_in(months, self.unit, of_month).astype(MICROSECONDS) + (first - day))

    def numbers(self) -> dict[str, Any]:
        """Return both fields by name, for a file."""
        return asdict(self)


def infer_frequency(stamps: Stamps) -> Frequency:
    """Return the grid that most stamps are on; stamps that are not, and gaps, are for the caller to see.

    Args:
        stamps: ascending and all different, shape `(T,)`, T >= 2.
    """
    if stamps.dtype.kind != "M":
        return Frequency("number", _commonest(np.diff(stamps)))
    apart = _commonest(np.diff(stamps).astype(np.int64))
    if apart >= _SHORTEST_MONTH * DAY:
        months, fits = _monthly(stamps)
        if fits >= ((stamps - stamps[0]).astype(np.int64) % apart == 0).mean():
            return months
    if apart == DAY and _skips_weekends(stamps):
        return Frequency("business day", 1)
    return Frequency("microsecond", apart)


def _monthly(stamps: Stamps) -> tuple[Frequency, float]:
    """Return the grid of months that most stamps are on, and their share."""
    months, days = stamps.astype("M8[M]"), stamps.astype("M8[D]")
    step = _commonest(np.diff(months).astype(np.int64))
    of_month = _commonest((days - months.astype("M8[D]")).astype(np.int64) + 1)
    same_time = stamps - days == stamps[0] - days[0]
    best, share = Frequency("month", step), 0.0
    for unit in ("month", *_ENDS) if of_month < _LONGEST_MONTH else _ENDS:
        fits = float(((_day_in(months, unit, of_month) == days) & same_time).mean())
        if fits > share:
            day = of_month if unit == "month" and of_month > _SHORTEST_MONTH else 0
            best, share = Frequency(unit, step, day), fits
    return best, share


def _day_in(months: Stamps, unit: Unit, of_month: int) -> Stamps:
    """Return the day of each month that a unit means; `of_month`: that of "month", or the last of a shorter one."""
    first, last = months.astype("M8[D]"), (months + 1).astype("M8[D]") - 1
    if unit == "month":
        return np.asarray(np.minimum(first + (of_month - 1), last))
    if unit == "first business day":
        return np.asarray(np.busday_offset(first, 0, roll="forward"))
    return np.asarray(np.busday_offset(last, 0, roll="backward")) if unit == "last business day" else last


def _commonest(numbers: npt.NDArray[Any]) -> int:
    """Return the commonest number above 0, the smallest of those that are equally common."""
    values, counts = np.unique(numbers[numbers > 0], return_counts=True)
    return int(values[counts.argmax()]) if len(values) else 1


def _skips_weekends(stamps: Stamps) -> bool:
    """Say whether no stamp is on a weekend although there is a weekend between the first and the last."""
    days = stamps.astype("M8[D]")
    span = int((days[-1] - days[0]).astype(np.int64))
    return bool(np.is_busday(days).all() and np.busday_count(days[0], days[-1]) < span)


_HARMONICS = {YEAR: 2, WEEK: 3, DAY: 2}
"""Harmonics of each cycle: three for the week tell all seven days apart."""
_MONDAY = np.datetime64("1970-01-05", "us")
_MONTH = YEAR / 12


def calendar_features(stamps: Stamps, frequency: Frequency, season: int) -> npt.NDArray[np.float64]:
    """Return the waves at each stamp, shape `(T, F)`; F depends on frequency and season alone.

    Args:
        stamps: shape `(T,)`.
        frequency: of the series; cycles shorter than two steps are left out.
        season: steps in the cycle of whole-numbered stamps, which have no calendar; 1 is none.
    """
    if frequency.unit == "number":
        phases = [stamps // frequency.step / season] if season > 1 else []
        return _waves(phases, [2] * len(phases), len(stamps))
    since_monday = (stamps - _MONDAY).astype(np.int64)
    year = stamps.astype("M8[Y]")
    length = ((year + 1).astype(MICROSECONDS) - year.astype(MICROSECONDS)).astype(np.int64)
    phase = {
        YEAR: (stamps - year.astype(MICROSECONDS)).astype(np.int64) / length,
        WEEK: since_monday % WEEK / WEEK,
        DAY: since_monday % DAY / DAY,
    }
    apart = frequency.step * {"microsecond": 1, "business day": DAY}.get(frequency.unit, _MONTH)
    cycles = [cycle for cycle in phase if cycle >= 2 * apart]
    return _waves([phase[cycle] for cycle in cycles], [_HARMONICS[cycle] for cycle in cycles], len(stamps))


def _waves(phases: list[npt.NDArray[np.float64]], harmonics: list[int], length: int) -> npt.NDArray[np.float64]:
    columns = [
        wave(2 * np.pi * multiple * phase)
        for phase, most in zip(phases, harmonics, strict=True)
        for multiple in range(1, most + 1)
        for wave in (np.sin, np.cos)
    ]
    return np.stack(columns, axis=1) if columns else np.zeros((length, 0))
