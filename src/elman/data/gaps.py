"""Rows of one series, as they came, onto the grid of their frequency: order, duplicates, gaps and missing values.

Nothing is filled in unless the user says how. A filled value is marked as not observed, so that no forecast is ever
measured on it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.frequency import Frequency, Stamps
from elman.data.series import Fill, Series
from elman.errors import DataError


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
            DataError: a stamp comes twice.
        """
        order = np.argsort(self.stamps, kind="stable")
        stamps = self.stamps[order]
        twice = stamps[1:][stamps[1:] == stamps[:-1]]
        if len(twice):
            raise DataError(
                f"{source}: series {self.name!r}: {shown(twice[0])} comes more than once ({len(twice)} rows too many): "
                "leave one row a stamp, or name the column that tells the series apart"
            )
        return Rows(self.name, stamps, self.columns[order], self.names)


def shown(stamp: Any) -> str:
    """Return a stamp as a reader writes it: without a time of day where it is midnight."""
    return str(stamp).removesuffix(".000000").removesuffix("T00:00:00")


def to_grid(rows: Rows, frequency: Frequency, fill: Fill | None, source: str) -> Series:
    """Return the series without gaps.

    Args:
        rows: by time.
        frequency: the grid.
        fill: what to put where nothing was seen: "forward" the value before, "zero", or "interpolate" a straight line
            between the values around; after the last value, where there is nothing around, the value before. Steps
            before the first whole row are left out. None refuses.
        source: what messages call the table.

    Raises:
        DataError: a stamp is not on the grid, or something is missing and `fill` is None.
    """
    where = f"{source}: series {rows.name!r}"
    places = frequency.places(rows.stamps, rows.stamps[0])
    off = frequency.stamps(rows.stamps[0], places) != rows.stamps
    if off.any():
        raise DataError(
            f"{where}: mixed frequencies: most stamps come {frequency}, {shown(rows.stamps[off][0])} does not fit "
            f"({off.sum()} of {len(off)}): bring the rows to one frequency"
        )
    columns = np.full((int(places[-1]) + 1, rows.columns.shape[1]), np.nan)
    columns[places] = rows.columns
    seen = np.zeros(len(columns), dtype=bool)
    seen[places] = True
    missing = np.isnan(columns)
    if missing.any() and fill is None:
        _refuse(where, rows, frequency, seen, missing)
    whole = ~missing.any(axis=1)
    if not whole.any():
        raise DataError(f"{where}: no row has every value: give at least some whole rows")
    begin = int(whole.argmax())
    columns, missing = columns[begin:], missing[begin:]
    for number in range(columns.shape[1]) if missing.any() else ():
        columns[:, number] = _filled(columns[:, number], fill)
    (first,) = frequency.stamps(rows.stamps[0], np.array([begin]))
    return Series(rows.name, first, columns[:, 0], ~missing.any(axis=1), columns[:, 1:])


def _refuse(
    where: str, rows: Rows, frequency: Frequency, seen: npt.NDArray[np.bool_], missing: npt.NDArray[np.bool_]
) -> None:
    """Raise the error that names the first gap or the first missing value."""
    ways = "give fill (--fill): forward, zero or interpolate"
    gaps = np.flatnonzero(~seen)
    if len(gaps):
        stamp = shown(frequency.stamps(rows.stamps[0], gaps[:1])[0])
        raise DataError(f"{where}: gaps: {len(gaps)} stamps are missing, the first {stamp} ({frequency}): {ways}")
    at, column = (int(part[0]) for part in missing.nonzero())
    stamp = shown(frequency.stamps(rows.stamps[0], np.array([at]))[0])
    raise DataError(f"{where}: {missing.sum()} values are missing, the first {rows.names[column]!r} at {stamp}: {ways}")


def _filled(column: npt.NDArray[np.float64], fill: Fill | None) -> npt.NDArray[np.float64]:
    """Fill a column whose first value is there."""
    missing = np.isnan(column)
    if fill == "zero":
        return np.where(missing, 0.0, column)
    if fill == "interpolate":
        at = np.arange(len(column))
        return np.interp(at, at[~missing], column[~missing])
    latest = np.maximum.accumulate(np.where(missing, 0, np.arange(len(column))))
    return column[latest]
