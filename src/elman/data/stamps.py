"""A column of stamps: whole numbers, or dates and times in one form, read without guessing.

Every cell has to have the form of the others. An offset from UTC names an instant. What a reader might not expect, such
as how times with an offset were taken, is returned as notes with the stamps.
"""

import datetime
import re
from typing import Any, NamedTuple, NoReturn

import narwhals as nw
import numpy as np
import pandas as pd

from elman.data.frequency import MICROSECONDS, Stamps
from elman.data.stamp_formats import FORMS, SAID, Clock, Form, Parts, as_number, clock_of, read_numbers
from elman.data.tables import Table
from elman.errors import DataError
from elman.quoting import quote

ADVICE = "write dates such as 2020-01-31, 2020-01-31T13:00, 2020-01, 2020-Q1 or 2020-W05, or number the steps 0, 1, 2"
_FOUR_DIGITS = "write the year with four digits, such as 2020-01-31"
_HINTS = {
    r"\d{1,2}[-/. ]?(\d{1,2}|[A-Za-z]{3,9})[-/. ]?'?\d{2}( .*)?": _FOUR_DIGITS,
    r"[A-Za-z]{3,9}[-/ .]*'?\d{2}|Q\d[-/ ]?\d{2}|\d{2}[-/ ]?Q\d": _FOUR_DIGITS,
    r".*\d.*([A-Z][a-z]+/[A-Z][A-Za-z_]+\]?|[ \d][A-Z]{2,4})": "give an offset from UTC, such as +01:00, for a zone",
    r"\d{1,2}:\d{2}(:\d{2})?.*": "write the date before the time, such as 2020-01-31T13:00",
}


class Reading(NamedTuple):
    """Stamps, int64 or datetime64[us], shape `(N,)`, and in words how they were read where that is not evident."""

    stamps: Stamps
    said: str


def read_stamps(table: Table, column: str) -> Reading:
    """Return a column of stamps.

    Raises:
        DataError: a cell is missing, is neither a whole number nor a date, names a date that does not exist, has
            another form than the others, or could be read in two ways; the message names it and says what to write.
    """
    cells = table.values(column)
    where = _Where(table, column, cells)
    if table.frame[column].dtype in (nw.Datetime, nw.Date):
        return _of_dates(table.frame[column], where)
    numbers = _numbers(cells)
    if numbers is not None:
        found = read_numbers(numbers)
        if found.row is None:
            return Reading(found.stamps, found.said)
        if not any(form.pattern.fullmatch(_text(cells[0])) for form in FORMS):  # 12.1999 is a month, and a number too
            where.refuse(found.row, found.problem, ADVICE)
    return _of_texts([_text(cell) for cell in cells], where)


class _Where:
    """The column that is read, for messages."""

    def __init__(self, table: Table, column: str, cells: list[Any]) -> None:
        self._table, self._column, self._cells = table, column, cells

    def refuse(self, row: int, expected: str, advice: str) -> NoReturn:
        place = f"{self._table.name}: row {self._table.first + row}, column {quote(self._column)}"
        cell = self._cells[row]
        got = cell.isoformat() if isinstance(cell, datetime.date) else quote(cell)
        raise DataError(f"{place}: {expected}, got {got}: {advice}")

    def shown(self, row: int) -> str:
        return f"{_text(self._cells[row])!r} in row {self._table.first + row}"


def _numbers(cells: list[Any]) -> list[int | float] | None:
    """Return the cells as numbers; None where one of them is none."""
    numbers = []
    for cell in cells:
        number = as_number(cell)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def _text(cell: Any) -> str:
    """Return a cell as it would be written; "" for what is no stamp at all."""
    if isinstance(cell, str):
        return cell.strip() if len(cell) < 1000 else ""
    if isinstance(cell, pd.Period):
        return str(cell.start_time.isoformat())
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if isinstance(cell, np.datetime64):
        return str(cell)
    number = as_number(cell)
    return "" if number is None else str(number)


def _of_dates(series: nw.Series[Any], where: _Where) -> Reading:
    """Return the stamps of a column that a frame holds as dates."""
    zone = getattr(series.dtype, "time_zone", None)
    if zone is None:
        return Reading(_micros(series.to_numpy(), where), "")
    utc = _micros(series.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy(), where)
    local = _micros(series.dt.replace_time_zone(None).to_numpy(), where)
    every = np.ones(len(utc), dtype=bool)
    return _of_clock(Clock(local, (local - utc).astype(np.int64), every, every, ~every), where)


def _micros(stamps: Stamps, where: _Where) -> Stamps:
    stamps = np.asarray(stamps, dtype=stamps.dtype if stamps.dtype.kind == "M" else "M8[D]")
    years = stamps.astype("M8[Y]").astype(np.int64) + 1970
    odd = (years < 1) | (years > 9999)
    if odd.any():
        where.refuse(int(odd.argmax()), "expected a date of the years 1 to 9999", "mend the cell")
    micros = stamps.astype(MICROSECONDS)
    fine = micros != stamps
    if fine.any():
        _too_fine(int(fine.argmax()), where)
    return micros


def _of_texts(texts: list[str], where: _Where) -> Reading:
    form, parts = _form_of(texts, where)
    day_first = _day_first(parts, where) if parts.has("a") else False
    clock = clock_of(parts, day_first)
    if not clock.exists.all():
        where.refuse(int((~clock.exists).argmax()), "expected a date and time that exist", "mend the cell")
    if clock.fine.any():
        _too_fine(int(clock.fine.argmax()), where)
    found = _of_clock(clock, where)
    order = f"dates read as {'day, month' if day_first else 'month, day'}, year" if parts.has("a") else ""
    words = [form.name if form.name in SAID else order, found.said]
    return Reading(found.stamps, "; ".join(word for word in words if word))


def _form_of(texts: list[str], where: _Where) -> tuple[Form, Parts]:
    """Return the form that the cells share, and their parts.

    Raises:
        DataError: they share none; the first cell that has another form than most is named.
    """
    looked_at = {texts[0], texts[len(texts) // 2], texts[-1]}
    likely = [form for form in FORMS if any(form.pattern.fullmatch(text) for text in looked_at)]
    if not likely:
        where.refuse(0, "expected a date or a whole number", _advice(texts[0]))
    tried = [(form, Parts(form, texts)) for form in likely]
    form, parts = max(tried, key=lambda pair: len(pair[1]))
    if len(parts) < len(texts):
        odd = next(row for row, text in enumerate(texts) if not form.pattern.fullmatch(text))
        like = next(row for row, text in enumerate(texts) if form.pattern.fullmatch(text))
        where.refuse(odd, f"expected a stamp such as {where.shown(like)}", _advice(texts[odd]))
    return form, parts


def _advice(text: str) -> str:
    found = (advice for rule, advice in _HINTS.items() if re.fullmatch(rule, text))
    return next(found, ADVICE)


def _day_first(parts: Parts, where: _Where) -> bool:
    """Say whether the day is before the month: always between dots, otherwise where the numbers allow no other order.

    Raises:
        DataError: both orders are possible, or neither.
    """
    first, second = parts.numbers("a", 0), parts.numbers("b", 0)
    if parts.texts("sep")[0] == "." or ((second <= 12).all() and (first > 12).any()):
        return True
    if (first <= 12).all() and (second > 12).any():
        return False
    plain = "a plain order of day and month" if (first <= 12).all() else "one order of day and month in all rows"
    advice = "write dates that begin with the year, such as 2020-01-31"
    return where.refuse(int((first > 12).argmax()), f"expected {plain}", advice)


def _of_clock(clock: Clock, where: _Where) -> Reading:
    """Return clock times without an offset as they are, others in UTC.

    Where offsets change with the season and every time of day is the same, as in daily values over a change of the
    clocks, the days are meant and not the instants: they stay as the clock showed them.

    Raises:
        DataError: some cells have an offset and others none.
    """
    if not clock.zoned.any():
        return Reading(clock.local, "")
    if not clock.zoned.all():
        few = clock.zoned if clock.zoned.mean() <= 0.5 else ~clock.zoned
        where.refuse(int(few.argmax()), "expected all stamps with an offset from UTC or all without", "mend the cells")
    of_day = clock.local - clock.local.astype("M8[D]")
    if (of_day == of_day[0]).all() and (clock.offset != clock.offset[0]).any():
        return Reading(clock.local, "stamps read as local dates, because their offset from UTC changes")
    return Reading(clock.local - clock.offset.astype("m8[us]"), "stamps read as UTC")


def _too_fine(row: int, where: _Where) -> NoReturn:
    where.refuse(row, "expected stamps of whole microseconds", "round them, or number the steps 0, 1, 2")
