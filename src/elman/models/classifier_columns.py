"""From a user's table to sequences and labels: a text in each row, or a series of numbers over many rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from elman.data.items import Items
from elman.data.tables import Table, stream_table
from elman.errors import DataError
from elman.models.classifier_settings import ClassifierSettings
from elman.models.labels import Label

LABEL = ("label", "class", "target", "category")
TEXT = ("text", "sequence", "sentence", "review", "snippet")
SERIES = ("series", "series_id", "unique_id")
STEP = ("step", "time", "t", "ds")


@dataclass(frozen=True)
class Columns:
    """Which column is what. Either `text` is there, or `series` and `features`.

    Attributes:
        text: a text in each row.
        label: the label of a text or, in every row of it alike, of a series.
        separator: stands between the labels of a cell where it may hold several.
        series: names the series that a row belongs to; rows of one series stand together.
        step: orders the rows of a series; None takes them as they stand.
        features: the numbers of a step.
    """

    text: str | None
    label: str
    separator: str | None = None
    series: str | None = None
    step: str | None = None
    features: tuple[str, ...] = ()

    @classmethod
    def found(cls, table: Table, settings: ClassifierSettings) -> "Columns":
        """Take the columns that the settings name, and guess the others where only one is meant by its name.

        Raises:
            DataError: a column is not there or cannot be guessed; the message lists what is there.
        """
        s = settings
        label = table.column("label", s.label, LABEL)
        has_series = s.series is not None or (s.text is None and _usual(table, SERIES) and not _usual(table, TEXT))
        if not has_series:
            others = [name for name in table.columns if name != label]
            text = others[0] if s.text is None and len(others) == 1 else table.column("text", s.text, TEXT)
            return cls(text, label, s.label_separator)
        series = table.column("series", s.series, SERIES)
        step = table.column("step", s.step, STEP) if s.step or _usual(table, STEP) else None
        named = s.features or [name for name in table.columns if name not in (label, series, step)]
        features = tuple(table.column("features", name) for name in named)
        return cls(None, label, s.label_separator, series, step, features)

    def examples(self, table: Table) -> tuple[Items, list[Label]]:
        """Return the sequences of a whole table and their labels.

        Raises:
            DataError: a cell is missing or broken, or a series has more than one label.
        """
        table.column("label", self.label)
        labels = [self._label(cell) for cell in table.values(self.label)]
        if self.text is not None:
            return table.texts(table.column("text", self.text)), labels
        spans = _spans(self._series_of(table))
        for begin, end in spans:
            other = next((row for row in range(begin, end) if labels[row] != labels[begin]), None)
            if other is not None:
                raise DataError(
                    f"{table.name}: row {other + table.first}: a series has one label, came {labels[other]!r} after "
                    f"{labels[begin]!r}: mend column {self.label!r}"
                )
        return self._steps(table, spans), [labels[begin] for begin, _ in spans]

    def sequences(self, source: Any) -> Iterator[tuple[list[Any], Items]]:
        """Read a table piece by piece; return the names of its rows or series, and their sequences.

        A piece of a series that a chunk cuts off waits for its rest.

        Raises:
            DataError: a column is not there, a cell is missing or broken, or the rows of a series stand apart.
        """
        if self.text is not None:
            for table in stream_table(source):
                texts = table.texts(table.column("text", self.text))
                yield list(range(table.first, table.first + len(texts))), texts
            return
        yield from self._series(stream_table(source))

    def _series(self, tables: Iterator[Table]) -> Iterator[tuple[list[Any], Items]]:
        seen: set[Any] = set()
        rest: Table | None = None
        for table in chain(tables, [None]):
            whole = _joined(rest, table)
            names = self._series_of(whole)
            spans = _spans(names)
            rest = None
            if table is not None:  # the last series may go on in the next chunk
                begin, _ = spans.pop()
                rest = Table(whole.name, whole.frame[begin:], whole.first + begin)
            for begin, _ in spans:
                if names[begin] in seen:
                    raise DataError(
                        f"{whole.name}: row {whole.first + begin}: series {names[begin]!r} comes again: sort the table"
                    )
                seen.add(names[begin])
            if spans:
                yield [names[begin] for begin, _ in spans], self._steps(whole, spans)

    def _series_of(self, table: Table) -> list[Any]:
        return table.values(table.column("series", self.series))

    def _steps(self, table: Table, spans: list[tuple[int, int]]) -> Items:
        for name in self.features:
            table.column("features", name)
        values = table.numbers(self.features).astype(np.float32)
        order = None if self.step is None else _order(table, table.column("step", self.step))
        parts = []
        for begin, end in spans:
            rows = np.arange(begin, end)
            parts.append(values[rows if order is None else rows[np.argsort(order[begin:end], kind="stable")]])
        return parts

    def cells(self, labels: list[Any]) -> list[Any]:
        """Return labels as the cells of a column: several in one cell, the separator between them."""
        if self.separator is None:
            return labels
        return [self.separator.join(map(str, names)) for names in labels]

    def _label(self, cell: Any) -> Label:
        if self.separator is None:
            return cell
        return [part.strip() for part in str(cell).split(self.separator)]


def _usual(table: Table, names: tuple[str, ...]) -> bool:
    return any(name.lower() in names for name in table.columns)


def _spans(names: list[Any]) -> list[tuple[int, int]]:
    """Return begin and end of each run of equal names."""
    starts = [row for row in range(len(names)) if row == 0 or names[row] != names[row - 1]]
    return list(zip(starts, [*starts[1:], len(names)], strict=True))


def _order(table: Table, column: str) -> npt.NDArray[Any]:
    """Return what sorts the steps: numbers where every cell is one, else the cells themselves, such as dates."""
    cells = table.values(column)
    try:
        return np.array([float(cell) for cell in cells])
    except (TypeError, ValueError):
        return np.array(cells)


def _joined(rest: Table | None, table: Table | None) -> Table:
    import narwhals as nw

    if rest is None or table is None:
        return rest or table  # type: ignore[return-value]
    return Table(table.name, nw.concat([rest.frame, table.frame], how="vertical"), rest.first)
