"""Write text and tables to standard output and error; nothing fails with a traceback or controls the terminal."""

import errno
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from elman.files import reason
from elman.quoting import printable, shorten
from elman.rounding import column

if TYPE_CHECKING:
    from elman.models.estimator.reports import Grid

_ANY_WIDTH = 100_000  # columns of a pipe or a file: wider than any table

_STYLES = re.compile("(\x1b\\[[0-9;]*m)")


class OutputError(Exception):
    """Standard output cannot be written; `left` if its reader has gone, as `head` does."""

    def __init__(self, error: OSError | None) -> None:
        super().__init__(f"standard output: cannot be written ({reason(error) if error else 'it is closed'})")
        self.left = error is not None and error.errno == errno.EPIPE


class StoppedError(Exception):
    """A signal stopped the command, which ends with `code`; Typer would print a line of its own for the signal's."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def echo(text: str = "", *, end: str = "\n", err: bool = False, styled: bool = False) -> None:
    r"""Print text, with each control character but newline and tab written as an escape, such as `\x1b`.

    Args:
        text: the text; names in it may come from a file.
        end: what follows it.
        err: whether it goes to standard error.
        styled: whether colours, as ANSI sequences, are let through.
    """
    parts = _STYLES.split(text) if styled else [text]
    write("".join(part if at % 2 else printable(part, "\n\t") for at, part in enumerate(parts)) + end, err=err)


def write(text: str, *, err: bool = False) -> None:
    """Print text at once, as it is."""
    stream = sys.stderr if err else sys.stdout
    stream.write(text)
    stream.flush()


def print_grid(grid: "Grid") -> None:
    """Print a table of results: names to the left, numbers to the right, with the digits that their column needs."""
    if grid.title:
        echo(f"{grid.title}:")
    cells = [_texts([row[at] for row in grid.rows], grid.examples) for at in range(len(grid.columns))]
    print_table(zip(*cells, strict=True), [shorten(printable(name)) for name in grid.columns])


def print_table(rows: Iterable[Sequence[str]], header: Sequence[str] = ()) -> None:
    """Print a table: folded to the width of a terminal, and unfolded, as plain text, everywhere else.

    Args:
        rows: the cells; all rows have as many.
        header: the names of the columns; columns with names are aligned to the right, all but the first.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(header))
    for at, name in enumerate(header):
        table.add_column(Text(name), justify="right" if at else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell), overflow="fold") for cell in row))
    console = Console(width=None if sys.stdout.isatty() else _ANY_WIDTH)
    with console.capture() as shown:
        console.print(table)
    echo("\n".join(line.rstrip() for line in shown.get().splitlines()), styled=True)


def _texts(cells: list[Any], examples: int | None) -> list[str]:
    numbers = iter(column([cell for cell in cells if isinstance(cell, float)], examples))
    return [next(numbers) if isinstance(cell, float) else shorten(printable(str(cell))) for cell in cells]


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Have standard output replace what it cannot encode and raise `OutputError` where it cannot be written.

    Standard error may be closed: what goes there is then lost.
    """
    out, err = sys.stdout, sys.stderr
    if err is None:
        sys.stderr = io.StringIO()
    try:
        if out is None:
            raise OutputError(None)
        with _replacing(out):
            sys.stdout = _Guarded(out)
            try:
                yield
            finally:
                sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = out, err


class _Guarded:
    """A text stream whose own errors are told apart from those of any other file, and last once they occurred."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lost: OutputError | None = None

    def write(self, text: str) -> int:
        # Click asks by an empty text whether this is a stream of text, and a full device refuses even that.
        return self._guard(self._stream.write, text) if text != "" else 0

    def flush(self) -> None:
        self._guard(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _guard(self, call: Callable[..., Any], *arguments: str) -> Any:
        if self._lost:
            raise self._lost
        try:
            return call(*arguments)
        except OSError as error:
            self._lost = OutputError(error)
            self._lead_nowhere()
            raise self._lost from error

    def _lead_nowhere(self) -> None:
        """Give up what is left in the stream, so that Python does not complain of it at the end."""
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def _replacing(stream: TextIO) -> Iterator[None]:
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    before = stream.errors
    stream.reconfigure(errors="replace")
    try:
        yield
    finally:
        with suppress(OSError):
            stream.reconfigure(errors=before)
