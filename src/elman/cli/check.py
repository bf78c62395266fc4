"""`elman check`: mark a student's numbers against a worksheet. Parses, makes one call, prints."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.terminal import echo
from elman.limits import SEARCH_SECONDS


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
    # Looking for plugins of pydantic reads the metadata of every installed package: a tenth of the whole start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from elman.worked.entry import check as mark

    marks = mark(worksheet, answers, digits=digits, seconds=seconds)
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    echo(marks.to(kind, ascii=ascii_only, color=color), end="", styled=color)
    if not marks.passed:
        raise typer.Exit(1)
