"""Implement `elman explain`, `elman check` and `elman exercise`: worked calculations and their marking.

Each command parses, makes one call and prints.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.terminal import echo, print_table
from elman.errors import InputError
from elman.limits import SEARCH_SECONDS

_SUFFIXES = {
    ".md": "markdown",
    ".tex": "latex",
    ".json": "json",
    ".ipynb": "ipynb",
    ".txt": "terminal",
    ".html": "html",
}


def explain(
    worksheet: Annotated[
        str | None, typer.Argument(help="A YAML file, or a sheet of the gallery; 'list' names them with their titles.")
    ] = None,
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--format", help="terminal, markdown, latex, json, ipynb, html; by default from the output file's name."
        ),
    ] = None,
    digits: Annotated[int | None, typer.Option(help="Decimals; the sheet's own, or 4, by default.")] = None,
    notation: Annotated[str | None, typer.Option(help="xh, uwv, ng or pytorch.")] = None,
    only: Annotated[str | None, typer.Option(help="forward or backward.")] = None,
    step: Annotated[int | None, typer.Option(help="One step in time.")] = None,
    key: Annotated[str | None, typer.Option("--id", help="One value: how it was made, and who uses it.")] = None,
    blank: Annotated[bool, typer.Option("--blank", help="Gaps for the numbers, and the key behind them.")] = False,
    mistakes: Annotated[
        bool, typer.Option("--mistakes", help="The known mistakes: each one's numbers beside the right ones.")
    ] = False,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No signs beyond ASCII.")] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of a worksheet.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help=f"A file to write instead of the screen: {', '.join(_SUFFIXES)}."),
    ] = None,
) -> None:
    """Work a small recurrent network by hand: every number of the forward pass and of backpropagation through time."""
    from elman.worked.entry import explain as work
    from elman.worked.sheet.worksheet import gallery, titles

    chosen = kind or _format_of(output, mistakes=mistakes)
    if schema:
        from elman.worked.sheet.schema import as_json

        echo(as_json(), end="")
        return
    if mistakes:
        _deliver(_mistakes(worksheet, digits, ascii_only, color=output is None and _colors()), output)
        return
    if worksheet is None:
        raise InputError(f"worksheet: none given; give a YAML file or one of {', '.join(gallery())}")
    if worksheet == "list":
        print_table(titles().items())
        return
    text = work(worksheet).to(
        chosen,
        digits=digits,
        notation=notation,
        only=only,
        step=step,
        id=key,
        blank=blank,
        ascii=ascii_only,
        color=output is None and _colors(),
    )
    _deliver(text, output)


def check(
    worksheet: Annotated[str, typer.Argument(help="A YAML file, or a sheet of the gallery.")],
    answers: Annotated[Path, typer.Argument(help="A CSV, YAML or JSON file: ids and numbers, any subset.")],
    *,
    kind: Annotated[str, typer.Option("--format", help="terminal or json.")] = "terminal",
    digits: Annotated[
        int | None,
        typer.Option(help="Decimals that an answer needs; by default two fewer than the sheet prints, at least 2."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long to look for known mistakes.")] = SEARCH_SECONDS,
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No signs beyond ASCII.")] = False,
) -> None:
    """Mark a student's numbers: right, rounding, too few digits, carried forward, a known mistake by name, or wrong.

    The exit code is 0 if everything is right, else 1.
    """
    from elman.worked.entry import check as mark

    marks = mark(worksheet, answers, digits=digits, seconds=seconds)
    color = _colors()
    echo(marks.to(kind, ascii=ascii_only, color=color), end="", styled=color)
    if not marks.passed:
        raise typer.Exit(1)


def exercise(
    cell: Annotated[str, typer.Option(help="rnn, lstm or gru.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same sheet.")] = 0,
    *,
    result: Annotated[str, typer.Option("--result", help="sigmoid (one output) or softmax (two).")] = "sigmoid",
    steps: Annotated[int, typer.Option(help="The length of the sequence, 2 to 6.")] = 3,
    hidden: Annotated[int, typer.Option(help="The units, 2 to 4.")] = 2,
    inputs: Annotated[int, typer.Option(help="The size of an input vector, 1 to 4.")] = 2,
    reset: Annotated[str, typer.Option(help="Of a gru: before or after the matrix product.")] = "after",
    z: Annotated[str, typer.Option(help="Of a gru: keep or take.")] = "keep",
    digits: Annotated[int, typer.Option(help="Decimals, 2 to 8.")] = 4,
    kind: Annotated[str, typer.Option("--format", help="terminal, markdown, latex, ipynb.")] = "terminal",
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No signs beyond ASCII.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Also write the worksheet as YAML, for explain and check.")
    ] = None,
) -> None:
    """Print a fresh worksheet with gaps, and its key: short numbers that tell every known mistake apart."""
    from elman.files import write_atomically
    from elman.worked.entry import explain as work
    from elman.worked.marking.teaching import as_yaml
    from elman.worked.marking.teaching import exercise as make

    sheet = make(cell, seed, output=result, steps=steps, hidden=hidden, inputs=inputs, reset=reset, z=z, digits=digits)
    if output is not None:
        if output.suffix.lower() not in {".yaml", ".yml"}:
            got = output.suffix or "no ending"
            raise InputError(f"{output}: expected a file that ends in .yaml or .yml, got {got}; name another with -o")
        write_atomically(output, as_yaml(sheet).encode("utf-8"))
    echo(work(sheet).to(kind, blank=True, ascii=ascii_only), end="")


def _mistakes(worksheet: str | None, digits: int | None, ascii_only: bool, *, color: bool) -> str:
    from elman.worked.entry import explain as work
    from elman.worked.marking.teaching import SHEETS
    from elman.worked.marking.teaching import gallery as side_by_side

    traces = [work(name) for name in ([worksheet] if worksheet else SHEETS)]
    return side_by_side(traces, digits=digits, ascii=ascii_only, color=color)


def _colors() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _format_of(output: Path | None, *, mistakes: bool) -> str:
    """The format that a file's ending asks for; the list of mistakes is text alone."""
    known = {".txt": "terminal"} if mistakes else _SUFFIXES
    if output is None:
        return "terminal"
    if output.suffix.lower() not in known:
        raise InputError(
            f"{output}: expected a file that ends in {', '.join(known)}, got {output.suffix or 'no ending'}; "
            "name another file, or the format with --format"
        )
    return known[output.suffix.lower()]


def _deliver(text: str, output: Path | None) -> None:
    if output is None:
        echo(text, end="", styled=_colors())
        return
    from elman.files import write_atomically

    write_atomically(output, text.encode("utf-8"))
