"""Read a table as sequences and labels: a text in each row, or a series of numbers over many rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from elman.data.items import Items
from elman.data.tables import Table, stream_table
from elman.errors import DataError
from elman.models.classify.options import ClassifierOptions
from elman.models.classify.series_columns import SeriesColumns
from elman.models.scoring.labels import LABEL_COLUMNS, Label
from elman.quoting import quote

TEXT = ("text", "sequence", "sentence", "review", "snippet")
SERIES = ("series", "series_id", "unique_id")
STEP = ("step", "time", "t", "ds")
SERIES_AT_ONCE = 10_000


@dataclass(frozen=True)
class Columns:
    """The columns of a table by their roles. Either `text` is set, or `series` and `features` are.

    Attributes:
        text: a text in each row.
        label: the label of a text or, in every row of it alike, of a series.
        separator: separator between the labels of a cell that may hold several.
        series: names the series that a row belongs to; rows of one series may be anywhere.
        step: orders the rows of a series; None takes them in the order of the table.
        features: the numbers of a step.
    """

    text: str | None
    label: str
    separator: str | None = None
    series: str | None = None
    step: str | None = None
    features: tuple[str, ...] = ()

    @classmethod
    def found(cls, table: Table, options: ClassifierOptions) -> "Columns":
        """Take the columns that the options name, and guess the others where only one is meant by its name.

        Raises:
            DataError: a column is not there or cannot be guessed; the message lists what is there.
        """
        s = options
        label = table.column("label", s.label, LABEL_COLUMNS)
        has_series = s.series is not None or (s.text is None and _usual(table, SERIES) and not _usual(table, TEXT))
        if not has_series:
            others = [name for name in table.columns if name != label]
            text = others[0] if s.text is None and len(others) == 1 else table.column("text", s.text, TEXT)
            return cls(text, label, s.label_separator)
        series = table.column("series", s.series, SERIES)
        step = table.column("step", s.step, STEP) if s.step or _usual(table, STEP) else None
        named = s.features or [name for name in table.columns if name not in (label, series, step)]
        features = tuple(table.column("features", name) for name in named)
        if not features:
            raise DataError(f"{table.name}: expected columns of numbers beside {quote(series)}, got none: add some")
        return cls(None, label, s.label_separator, series, step, features)

    def examples(self, table: Table) -> tuple[Items, list[Label]]:
        """Return the sequences of a whole table and their labels.

        Raises:
            DataError: a cell is missing or broken, or a series has more than one label.
        """
        table.column("label", self.label)
        if self.text is not None:
            texts = table.texts(table.column("text", self.text))
            return texts, [self._label(cell) for cell in table.names(self.label)]
        found = self._series(self.label).gather([table])
        return found.values, [self._label(cell) for cell in found.labels]

    def sequences(self, source: Any) -> Iterator[tuple[list[Any], Items]]:
        """Read a table piece by piece; return the names of its rows or series, and their sequences.

        Texts come piece by piece; series are gathered first, because their rows may be anywhere.

        Raises:
            DataError: a column is not there, or a cell is missing or broken.
        """
        if self.text is not None:
            for table in stream_table(source):
                texts = table.texts(table.column("text", self.text))
                yield list(range(table.first, table.first + len(texts))), texts
            return
        found = self._series().gather(stream_table(source))
        for begin in range(0, len(found.names), SERIES_AT_ONCE):
            some = slice(begin, begin + SERIES_AT_ONCE)
            yield found.names[some], found.values[some]

    def _series(self, label: str | None = None) -> SeriesColumns:
        return SeriesColumns(str(self.series), self.step, self.features, label)

    def cells(self, labels: list[Any]) -> list[Any]:
        """Return labels as the cells of a column: several in one cell, the separator between them."""
        if self.separator is None:
            return labels
        return [self.separator.join(map(str, names)) for names in labels]

    def _label(self, cell: Any) -> Label:
        if self.separator is None:
            return cell
        return [name for part in str(cell).split(self.separator) if (name := part.strip())]


def _usual(table: Table, names: tuple[str, ...]) -> bool:
    return any(str(name).lower() in names for name in table.columns)
