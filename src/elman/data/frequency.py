"""How far apart the stamps of a series are: found from the stamps themselves, and the way from one stamp to the next.

Stamps are NumPy arrays of whole numbers (int64) or of dates and times without a zone (datetime64, microseconds).
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Stamps: TypeAlias = npt.NDArray[Any]
Places: TypeAlias = npt.NDArray[np.int64]
Unit: TypeAlias = Literal["number", "microsecond", "business day", "month", "month end"]

MICROSECONDS = "datetime64[us]"
DAY = 86_400_000_000
"""Microseconds."""
WEEK, YEAR = 7 * DAY, 365.25 * DAY
_WORDS = {12: "yearly", 3: "quarterly", 1: "monthly"}
_SPANS = ((WEEK, "week"), (DAY, "day"), (DAY // 24, "hour"), (60_000_000, "minute"), (1_000_000, "second"))


@dataclass(frozen=True)
class Frequency:
    """A grid of stamps: every `step` units from wherever a series begins.

    Attributes:
        unit: what is counted. "month" keeps the day of the month and the time of day, "month end" the last day.
        step: how many units lie between two stamps, 1 or more.
    """

    unit: Unit
    step: int

    def __str__(self) -> str:
        if self.unit == "number":
            return f"every {self.step}"
        if self.unit == "business day":
            return "every business day"
        if self.unit == "microsecond":
            size, word = next(((s, w) for s, w in _SPANS if self.step % s == 0), (1, "microsecond"))
            return f"every {word}" if self.step == size else f"every {self.step // size} {word}s"
        return _WORDS.get(self.step, f"every {self.step} months") + (" (last day)" if self.unit == "month end" else "")

    @property
    def seasons(self) -> tuple[int, ...]:
        """Steps in each cycle that the calendar suggests, such as 24 and 168 for hours, shortest first."""
        if self.unit in ("month", "month end"):
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
        """Return how many steps each stamp stands after `first`, rounded down where it is not on the grid."""
        if self.unit in ("number", "microsecond"):
            return np.asarray((stamps - first).astype(np.int64) // self.step)
        if self.unit == "business day":
            return np.busday_count(first.astype("M8[D]"), stamps.astype("M8[D]")).astype(np.int64)
        months = stamps.astype("M8[M]") - first.astype("M8[M]")
        return np.asarray(months.astype(np.int64) // self.step)

    def stamps(self, first: Any, places: Places) -> Stamps:
        """Return the stamps that stand so many steps after `first`; places may be negative."""
        if self.unit == "number":
            return np.asarray(first + places * self.step)
        if self.unit == "microsecond":
            return np.asarray(first + (places * self.step).astype("m8[us]"))
        day = first.astype("M8[D]")
        if self.unit == "business day":
            return np.asarray(np.busday_offset(day, places).astype(MICROSECONDS) + (first - day))
        months = first.astype("M8[M]") + places * self.step
        if self.unit == "month":
            return np.asarray(months.astype(MICROSECONDS) + (first - first.astype("M8[M]")))
        return np.asarray(((months + 1).astype("M8[D]") - 1).astype(MICROSECONDS) + (first - day))

    def numbers(self) -> dict[str, Any]:
        """Return both fields by name, for a file."""
        return asdict(self)


def infer_frequency(stamps: Stamps) -> Frequency:
    """Return the grid that most neighbours agree on; stamps that are not on it, and gaps, are for the caller to see.

    Args:
        stamps: ascending and all different, shape `(T,)`, T >= 2.
    """
    if stamps.dtype.kind != "M":
        return Frequency("number", _commonest(np.diff(stamps)))
    apart = _commonest(np.diff(stamps).astype(np.int64))
    if apart >= 28 * DAY:
        months = stamps.astype("M8[M]")
        step = _commonest(np.diff(months).astype(np.int64))
        if _all_same(stamps - months.astype(MICROSECONDS)):
            return Frequency("month", step)
        if _all_same((months + 1).astype(MICROSECONDS) - stamps):
            return Frequency("month end", step)
    if apart == DAY and _skips_weekends(stamps):
        return Frequency("business day", 1)
    return Frequency("microsecond", apart)


def _commonest(differences: npt.NDArray[Any]) -> int:
    """Return the commonest difference above 0, the smallest of those that come equally often."""
    values, counts = np.unique(differences[differences > 0], return_counts=True)
    return int(values[counts.argmax()]) if len(values) else 1


def _all_same(values: npt.NDArray[Any]) -> bool:
    return bool((values == values[0]).all())


def _skips_weekends(stamps: Stamps) -> bool:
    """Say whether no stamp is on a weekend although some weekend lies between the first and the last."""
    days = stamps.astype("M8[D]")
    whole_span = np.arange(days[0], days[-1] + 1)
    return bool(np.is_busday(days).all() and not np.is_busday(whole_span).all())
