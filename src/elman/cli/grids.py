"""Small tables as text, for a terminal."""

from typing import TYPE_CHECKING, Any

from elman.quoting import printable

if TYPE_CHECKING:
    from elman.models.reports import Grid


def lines(grid: "Grid") -> list[str]:
    """Return a table as text: names to the left, numbers to the right, four digits behind the point."""
    cells = [[_text(name) for name in grid.columns], *([_text(cell) for cell in row] for row in grid.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(grid.columns))]
    return ["  ".join(_aligned(row, widths)).rstrip() for row in cells]


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]


def _text(cell: Any) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else printable(str(cell))
