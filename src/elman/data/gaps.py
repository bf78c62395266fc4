"""Put the rows of one series on the grid of their frequency: order, duplicates, gaps and missing values.

Nothing is filled in unless the user says how. A filled value is marked as not observed, so that no forecast is ever
measured on it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.frequency import Frequency, Places, Stamps
from elman.data.series import Series
from elman.data.stamp_formats import excel_hint
from elman.errors import DataError
from elman.limits import LONGEST_GAP, STEPS_PER_STAMP
from elman.options import FillName
from elman.quoting import quote

MANY = 10
"""Stamps from which on a single gap is compared with all other steps."""
MISTAKES = 0.2
"""With a larger fraction of stamps off the grid, the frequency is wrong, not a few stamps."""


@dataclass(frozen=True)
class Rows:
    """The rows of one series, in any order; missing values are NaN.

    Attributes:
        name: the id of the series.
        stamps: shape `(N,)`.
        columns: the values and then the covariates, shape `(N, 1 + C)`.
        names: of the columns.
    """

    name: Any
    stamps: Stamps
    columns: npt.NDArray[np.float64]
    names: tuple[str, ...]

    def sorted(self, source: str) -> "Rows":
        """Return the rows by time.

        Raises:
            DataError: a stamp is there twice.
        """
        order = np.argsort(self.stamps, kind="stable")
        stamps = self.stamps[order]
        twice = stamps[1:][stamps[1:] == stamps[:-1]]
        if len(twice):
            raise DataError(
                f"{source}: series {quote(self.name)}: {stamp_text(twice[0])} comes more than once "
                f"({len(twice):,} rows too many): leave one row a stamp, or name the column that tells the series apart"
            )
        return Rows(self.name, stamps, self.columns[order], self.names)


def stamp_text(stamp: Any) -> str:
    """Return a stamp as a reader writes it: without a time of day where it is midnight."""
    return str(stamp).removesuffix(".000000").removesuffix("T00:00:00")


def to_grid(rows: Rows, frequency: Frequency, fill: FillName | None, source: str) -> Series:
    """Return the series without gaps.

    Args:
        rows: by time.
        frequency: the grid.
        fill: what to put where nothing was seen: "forward" the value before, "zero", or "interpolate" a straight line
            between the values around; after the last value, where there is nothing around, the value before. Steps
            before the first whole row are left out. None refuses.
        source: what messages call the table.

    Raises:
        DataError: a stamp is not on the grid or far from the others, or something is missing and `fill` is None.
    """
    where = f"{source}: series {quote(rows.name)}"
    places = frequency.places(rows.stamps, rows.stamps[0])
    _check_span(where, rows.stamps, frequency, places)
    _check_on_grid(where, rows.stamps, frequency, places)
    if fill is None:
        _check_whole(where, rows, frequency, places)
    columns = np.full((int(places[-1]) + 1, rows.columns.shape[1]), np.nan)
    columns[places] = rows.columns
    missing = np.isnan(columns)
    whole = ~missing.any(axis=1)
    if not whole.any():
        raise DataError(f"{where}: no row has every value: give at least some whole rows")
    begin = int(whole.argmax())
    columns, missing = columns[begin:], missing[begin:]
    for number in range(columns.shape[1]) if missing.any() else ():
        columns[:, number] = _filled(columns[:, number], fill)
    (first,) = frequency.stamps(rows.stamps[0], np.array([begin]))
    return Series(rows.name, first, columns[:, 0], ~missing.any(axis=1), columns[:, 1:])


def _check_span(where: str, stamps: Stamps, frequency: Frequency, places: Places) -> None:
    """Refuse a stamp so far from the others that the steps between would outnumber all else."""
    if len(stamps) < 2:
        return
    jumps = np.diff(places)
    at = int(jumps.argmax())
    gap, rest = int(jumps[at]), int(places[-1] - jumps[at])
    if places[-1] < STEPS_PER_STAMP * len(stamps) and (len(stamps) < MANY or gap <= LONGEST_GAP * rest):
        return
    far, near = (at + 1, at) if len(stamps) - at - 1 <= at + 1 else (at, at + 1)
    raise DataError(
        f"{where}: the stamp {stamp_text(stamps[far])} is far from the others: {gap:,} steps ({frequency}) from "
        f"{stamp_text(stamps[near])}, expected at most {LONGEST_GAP * rest:,}, {LONGEST_GAP} times all others, and at "
        f"most {STEPS_PER_STAMP} steps for each stamp: mend or leave out that row"
    )


def _check_on_grid(where: str, stamps: Stamps, frequency: Frequency, places: Places) -> None:
    off = frequency.stamps(stamps[0], places) != stamps
    if not off.any():
        return
    advice = "bring the rows to one frequency" + excel_hint(stamps)
    if off.mean() > MISTAKES and stamps.dtype.kind == "M" and len(np.unique(np.diff(stamps.astype("M8[M]")))) == 1:
        advice = "the rows are evenly many months apart, on varying days: write the month alone, such as 2020-01"
    raise DataError(
        f"{where}: mixed frequencies: {(~off).sum():,} of {len(off):,} stamps are on the grid that begins at "
        f"{stamp_text(stamps[0])}, {frequency}; {stamp_text(stamps[off][0])} is not: {advice}"
    )


def _check_whole(where: str, rows: Rows, frequency: Frequency, places: Places) -> None:
    """Raise the error that names the first gap or the first missing value."""
    ways = "give fill (--fill): forward, zero or interpolate"
    count = int(places[-1]) + 1 - len(places)
    if count:
        jumps = np.diff(places)
        stamp = stamp_text(frequency.stamps(rows.stamps[0], places[[int((jumps > 1).argmax())]] + 1)[0])
        longest = int(jumps.argmax())
        between = f"{stamp_text(rows.stamps[longest])} and {stamp_text(rows.stamps[longest + 1])}"
        raise DataError(
            f"{where}: gaps: {count:,} stamps are missing, the first {stamp} ({frequency}), "
            f"the longest gap between {between}: {ways}"
        )
    missing = np.isnan(rows.columns)
    if missing.any():
        at, column = (int(part[0]) for part in missing.nonzero())
        raise DataError(
            f"{where}: {missing.sum():,} values are missing, the first {quote(rows.names[column])} at "
            f"{stamp_text(rows.stamps[at])}: {ways}"
        )


def _filled(column: npt.NDArray[np.float64], fill: FillName | None) -> npt.NDArray[np.float64]:
    """FillName a column whose first value is there."""
    missing = np.isnan(column)
    if fill == "zero":
        return np.where(missing, 0.0, column)
    if fill == "interpolate":
        at = np.arange(len(column))
        return np.interp(at, at[~missing], column[~missing])
    latest = np.maximum.accumulate(np.where(missing, 0, np.arange(len(column))))
    return column[latest]
