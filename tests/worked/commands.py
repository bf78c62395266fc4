"""The commands of the worked calculation, run without a process of their own."""

from typing import Any

import typer
from typer.testing import CliRunner

from elman.cli.explain import check, exercise, explain

app = typer.Typer()
for command in (check, exercise, explain):
    app.command()(command)


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
