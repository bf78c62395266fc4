"""Define the interface that `elman predict` and `elman evaluate` need of a model.

A model reads a file piece by piece (`read`), predicts for a piece (`rows`), and is compared with baselines on a file
that holds the answers (`report`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell: TypeAlias = str | int | float
Columns: TypeAlias = dict[str, list[Any]]


@dataclass(frozen=True)
class Grid:
    """A small table to print.

    Attributes:
        columns: their names; the first one's cells are names too.
        rows: a cell for each column: texts and whole numbers as they are, other numbers rounded when printed.
        examples: how many examples the numbers were measured on, where that limits their digits.
        title: what the table shows, where that is not obvious.
    """

    columns: list[str]
    rows: list[list[Cell]]
    examples: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Report:
    """The scores of a model on a file.

    Attributes:
        title: the file, and how much of it was measured.
        grids: the tables; the first one compares the model with the baselines.
        notes: sentences that a reader has to know, such as how many rows training had seen.
        draw: draws a picture and returns the figure; None where there is none.
    """

    title: str
    grids: list[Grid]
    notes: list[str] = field(default_factory=list)
    draw: "Callable[[], Figure] | None" = None


@runtime_checkable
class OnFiles(Protocol):
    """A model that predicts for a file and can be measured on one."""

    def read(self, source: Any) -> Iterator[Any]:
        """Return the pieces of a table, path or frame, each ready for `rows`; a file may be larger than memory.

        Raises:
            DataError: the table lacks a column or cannot be used; the message says where.
        """
        ...

    def rows(self, piece: Any) -> Columns:
        """Return what is predicted for a piece, as columns of equal length by name; the same names for each piece."""
        ...

    def report(self, source: Any) -> Report:
        """Return how good the model is on a table that holds the answers.

        Raises:
            DataError: the table lacks a column, holds answers that training never saw, or cannot be used.
        """
        ...


@runtime_checkable
class OnLines(Protocol):
    """A model that can write a file with one token a line."""

    def lines(self, source: Any) -> Iterator[list[str]]:
        """Return the lines of each sequence of such a file, without their ends, with a column of what is predicted.

        Raises:
            DataError: the file is of another kind, or cannot be used; the message says where.
        """
        ...
