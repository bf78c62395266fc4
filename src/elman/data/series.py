"""Series in time, one or many, on one grid of stamps: what a table in the long format says, checked and in order.

The long format has a row for each series and stamp: `unique_id, ds, y` in the words that forecasting libraries share,
and a column for each covariate.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from elman.data.frequency import MICROSECONDS, Frequency, Stamps

Backend: TypeAlias = Literal["pandas", "polars"]


@dataclass(frozen=True)
class Series:
    """One series without a gap.

    Attributes:
        name: its id, as the user's table has it.
        first: the stamp of the first value.
        values: shape `(T,)`, finite.
        observed: True for steps that were complete, with nothing filled in, shape `(T,)`. A filled step may depend on
            later ones: none is ever measured, and no forecast begins after one.
        covariates: what was seen at the same time, shape `(T, C)`.
    """

    name: Any
    first: Any
    values: npt.NDArray[np.float64]
    observed: npt.NDArray[np.bool_]
    covariates: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.values)

    def part(self, begin: int, end: int, frequency: Frequency) -> "Series":
        """Return the steps from `begin` up to but not including `end`."""
        (first,) = frequency.stamps(self.first, np.array([begin]))
        kept = slice(begin, end)
        return Series(self.name, first, self.values[kept], self.observed[kept], self.covariates[kept])

    def tail(self, length: int, frequency: Frequency) -> "Series":
        """Return the last so many steps, or all where there are fewer."""
        return self.part(max(0, len(self) - length), len(self), frequency)


@dataclass(frozen=True)
class Panel:
    """Series of one frequency, with the same covariates.

    Attributes:
        series: in the order in which the table names them; at least one.
        frequency: of all of them.
        covariates: the names of the C covariates.
        source: what messages call it: a path, or "table".
        backend: the library of the user's frame, "pandas" or "polars".
        rows: rows of the table that was read; 0 where it was not read from one.
        said: in words how the stamps were read, where that is not evident.
    """

    series: tuple[Series, ...]
    frequency: Frequency
    covariates: tuple[str, ...]
    source: str
    backend: Backend
    rows: int = 0
    said: str = ""

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    @property
    def names(self) -> list[Any]:
        """The ids of the series."""
        return [one.name for one in self.series]

    def until(self, lengths: list[int]) -> "Panel":
        """Return the first so many steps of each series; later steps are dropped."""
        pairs = zip(self.series, lengths, strict=True)
        return replace(self, series=tuple(one.part(0, length, self.frequency) for one, length in pairs))

    def stamps(self, number: int, begin: int, end: int) -> Stamps:
        """Return the stamps of a series' steps from `begin` up to `end`, which may be after its last value."""
        return self.frequency.stamps(self.series[number].first, np.arange(begin, end))

    def fingerprint(self) -> str:
        """Return a digest of everything that a model reads; the same series give the same digest."""
        digest = hashlib.sha256(f"{self.frequency},{self.covariates}".encode())
        for one in self.series:
            digest.update(f"{one.name!r},{one.first},{len(one)}".encode())
            for array in (one.values, one.observed, one.covariates):
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]

    def numbers(self) -> dict[str, Any]:
        """Return everything as JSON says it, for a file."""
        return {
            "series": [
                {
                    "name": one.name,
                    "first": int(np.asarray(one.first).astype(np.int64)),
                    "values": one.values.tolist(),
                    "observed": one.observed.tolist(),
                    "covariates": one.covariates.tolist(),
                }
                for one in self.series
            ],
            "frequency": self.frequency.numbers(),
            "covariates": self.covariates,
            "source": self.source,
            "backend": self.backend,
        }

    @classmethod
    def from_numbers(cls, numbers: dict[str, Any]) -> "Panel":
        """Return what `numbers` described."""
        frequency = Frequency(**numbers["frequency"])
        kind = np.int64 if frequency.unit == "number" else MICROSECONDS
        width = len(numbers["covariates"])
        series = tuple(
            Series(
                one["name"],
                np.int64(one["first"]).astype(kind),
                np.array(one["values"], dtype=np.float64),
                np.array(one["observed"], dtype=bool),
                np.array(one["covariates"], dtype=np.float64).reshape(len(one["values"]), width),
            )
            for one in numbers["series"]
        )
        return cls(series, frequency, tuple(numbers["covariates"]), numbers["source"], numbers["backend"])
