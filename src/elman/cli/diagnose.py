"""Run `elman diagnose`: parse its arguments, examine the model, print the report."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli.terminal import echo
from elman.errors import InputError

if TYPE_CHECKING:
    from elman.doctor import Report, TruncationReport
    from elman.doctor.probe import ProgressCallback


def diagnose(
    model: Annotated[Path, typer.Argument(help="A model that Elman wrote.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Argument(
            help="Data to examine it on, in the format of its training data.",
            show_default="for a text generator, text that it generates",
        ),
    ] = None,
    *,
    truncation: Annotated[
        bool, typer.Option("--truncation", help="Measure how much of the gradient truncation keeps, for many lengths.")
    ] = False,
    k1: Annotated[int | None, typer.Option(help="With --truncation: steps between updates.", show_default="k2")] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            help="Also write the report: a name in .html, .png or .json; .json with --truncation.", show_default=False
        ),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(help="Read the share of clipped updates here.", show_default="the model's own"),
    ] = None,
    limit: Annotated[float, typer.Option(help="Memory limit of the examination in MiB.")] = 2048.0,
) -> None:
    """Find vanishing and exploding gradients, saturated gates, idle units and numbers that are not finite.

    The exit code is 1 if a fault was found or no layer could be followed through time, else 0.
    """
    from rich.console import Console

    import elman

    _check_together(truncation, k1, metrics)
    found, most = elman.load(model, finite=False), int(limit * 2**20)
    result: Report | TruncationReport
    with _bar() as progress:
        if truncation:
            result = elman.truncation(found, data, k1=k1, limit=most, progress=progress)
        else:
            result = elman.diagnose(found, data, metrics=metrics, limit=most, progress=progress)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 80)
    with console.capture() as shown:
        console.print(result)
    echo(shown.get(), end="", styled=True)
    if save is not None:
        result.save(save)
        echo(f"\nreport: {save}")
    if not truncation and not result.healthy:  # type: ignore[union-attr]
        raise typer.Exit(1)


def _check_together(truncation: bool, k1: int | None, metrics: Path | None) -> None:
    if k1 is not None and not truncation:
        raise InputError("--k1: expected only with --truncation, got it alone: give both, or neither")
    if metrics is not None and truncation:
        raise InputError("--metrics: expected without --truncation, got both: leave one of the two out")


@contextmanager
def _bar() -> Iterator["ProgressCallback"]:
    """Show a progress bar on standard error, if that is a terminal, and yield its callback."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda doing, done: bar.update(task, completed=done, description=doing)
