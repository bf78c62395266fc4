"""`elman explain`: print the worked calculation of a small network. Parses, makes one call, prints."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.terminal import echo
from elman.errors import InputError

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
        echo("\n".join(f"{name:<{max(map(len, gallery()))}}  {title}" for name, title in titles().items()))
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
