"""`elman check`: mark a student's numbers against a worksheet. Parses, makes one call, prints."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.terminal import echo


def check(
    worksheet: Annotated[str, typer.Argument(help="A YAML file, or a sheet of the gallery.")],
    answers: Annotated[Path, typer.Argument(help="A CSV or YAML file: ids and numbers, any subset.")],
    *,
    kind: Annotated[str, typer.Option("--format", help="terminal or json.")] = "terminal",
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No signs beyond ASCII.")] = False,
) -> None:
    """Mark a student's numbers: right, rounding, carried forward, a known mistake by name, or wrong.

    The exit code is 0 if everything is right, else 1.
    """
    # Looking for plugins of pydantic reads the metadata of every installed package: a tenth of the whole start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from elman.explain.entry import check as mark

    marks = mark(worksheet, answers)
    color = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    echo(marks.to(kind, ascii=ascii_only, color=color), end="", styled=color)
    if not marks.passed:
        raise typer.Exit(1)
