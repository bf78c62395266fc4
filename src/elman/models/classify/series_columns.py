"""Gather series of numbers from a table with one row for each step; rows of a series may be anywhere."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.items import Floats
from elman.data.numbers import step_keys
from elman.data.tables import Table
from elman.errors import DataError
from elman.quoting import quote


@dataclass(frozen=True)
class SeriesColumns:
    """The columns of a table by their roles.

    Attributes:
        series: names the series that a row belongs to.
        step: orders the rows of a series; None takes them in the order of the table.
        features: the numbers of a step.
        label: the label of a series, in every row of it alike; None where none is read.
    """

    series: str
    step: str | None
    features: tuple[str, ...]
    label: str | None = None

    def gather(self, tables: Iterable[Table]) -> "GatheredSeries":
        """Return the series of a table, given in pieces, in the order of their ids' first rows.

        Raises:
            DataError: a column is not there, a cell is missing or broken, a series has two labels or one step twice.
        """
        found = GatheredSeries(self)
        for table in tables:
            found.add(table)
        return found.sorted()


@dataclass
class GatheredSeries:
    """Series as they are read.

    Attributes:
        columns: which column is what.
        names: the ids of the series.
        labels: the label of each series; none where none is read.
        values: the steps of each series, shape `(T, I)`.
    """

    columns: SeriesColumns
    names: list[Any] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)
    _table: str = ""
    _decimal_comma: bool = False
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _codes: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _steps: list[Any] = field(default_factory=list)
    _values: list[Floats] = field(default_factory=list)

    def add(self, table: Table) -> None:
        """Add some rows."""
        columns = self.columns
        ids = table.names(table.column("series", columns.series))
        for row, name in enumerate(ids, table.first):
            _check_id(name, table.name, row)
        new = [name for name in dict.fromkeys(ids) if name not in self._numbers]
        self._numbers.update(zip(new, range(len(self.names), len(self.names) + len(new)), strict=True))
        self.names += new
        codes = np.array([self._numbers[name] for name in ids], dtype=np.int64)
        self._codes.append(codes)
        features = [table.column("features", name) for name in columns.features]
        self._values.append(table.numbers(features).astype(np.float32))
        if columns.step is not None:
            self._steps += table.values(table.column("step", columns.step))
        if columns.label is not None:
            self._take_labels(table, table.names(table.column("label", columns.label)), codes)
        self._table, self._decimal_comma = table.name, table.decimal_comma

    def sorted(self) -> "GatheredSeries":
        """Return self with the rows of each series in order."""
        codes, values = np.concatenate(self._codes), np.concatenate(self._values)
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(codes))[:-1])
        if self.columns.step is not None:
            parts = self._by_step(parts, self.columns.step)
        self.values = [values[part] for part in parts]
        return self

    def _by_step(self, parts: list[npt.NDArray[np.int64]], step: str) -> list[npt.NDArray[np.int64]]:
        where = f"{self._table}: column {quote(step)}"
        keys = _compact(step_keys(self._steps, where, self._decimal_comma))
        found = []
        for name, part in zip(self.names, parts, strict=True):
            ordered = part[np.argsort(keys[part], kind="stable")]
            same = np.flatnonzero(keys[ordered[1:]] == keys[ordered[:-1]])
            if len(same):
                first, second = (int(ordered[same[0] + k]) for k in (0, 1))
                raise DataError(
                    f"{self._table}: rows {first + 1:,} and {second + 1:,}: series {quote(name)} has the step "
                    f"{quote(self._steps[first])} twice: mend column {quote(step)}"
                )
            found.append(ordered)
        return found

    def _take_labels(self, table: Table, labels: Sequence[Any], codes: npt.NDArray[np.int64]) -> None:
        for row, (label, code) in enumerate(zip(labels, codes.tolist(), strict=True), table.first):
            if code == len(self.labels):
                self.labels.append(label)
            elif self.labels[code] != label:
                raise DataError(
                    f"{table.name}: row {row:,}: a series has one label, got {quote(label)} after "
                    f"{quote(self.labels[code])}: mend column {quote(self.columns.label)}"
                )


def _check_id(name: Any, table: str, row: int) -> None:
    if not isinstance(name, Hashable):
        raise DataError(f"{table}: row {row:,}: expected the name of a series, got {quote(name)}: name another column")


def _compact(keys: Sequence[Any]) -> npt.NDArray[Any]:
    """Return keys as 64-bit numbers where each has one of its own, otherwise as objects."""
    if all(isinstance(key, int | np.integer) and -(2**63) <= key < 2**63 for key in keys):
        return np.array(keys, dtype=np.int64)
    found = np.empty(len(keys), dtype=object)
    found[:] = keys
    return found
