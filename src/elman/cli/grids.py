"""Format small tables as text for a terminal."""

from typing import TYPE_CHECKING, Any

from elman.quoting import printable, shorten
from elman.rounding import column

if TYPE_CHECKING:
    from elman.models.estimator.reports import Grid


def lines(grid: "Grid") -> list[str]:
    """Return a table as text: names to the left, numbers to the right, with the digits that their column needs."""
    names = [shorten(printable(name)) for name in grid.columns]
    columns = [[name, *_texts([row[at] for row in grid.rows])] for at, name in enumerate(names)]
    widths = [max(map(len, cells)) for cells in columns]
    aligned = [
        [cell.rjust(width) if at else cell.ljust(width) for cell in cells]
        for at, (cells, width) in enumerate(zip(columns, widths, strict=True))
    ]
    return ["  ".join(row).rstrip() for row in zip(*aligned, strict=True)]


def _texts(cells: list[Any]) -> list[str]:
    numbers = iter(column([cell for cell in cells if isinstance(cell, float)]))
    return [next(numbers) if isinstance(cell, float) else shorten(printable(str(cell))) for cell in cells]
