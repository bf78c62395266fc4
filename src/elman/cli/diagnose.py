"""`elman diagnose`: whether a model's gradients vanish or explode through time, and why. Parses, calls, prints."""

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
    from elman.doctor.probe import Watch


def diagnose(
    model: Annotated[Path, typer.Argument(help="A model that Elman wrote.", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Argument(
            help="What to examine it on: a file such as it was trained on.",
            show_default="of a text generator what it writes itself",
        ),
    ] = None,
    *,
    truncation: Annotated[
        bool, typer.Option("--truncation", help="Measure how much of the gradient truncation leaves, for many lengths.")
    ] = False,
    k1: Annotated[
        int | None, typer.Option(help="With --truncation: steps between updates.", show_default="as many as the reach")
    ] = None,
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
    limit: Annotated[float, typer.Option(help="Memory that the examination may take, in MiB.")] = 2048.0,
) -> None:
    """Find vanishing and exploding gradients, saturated gates, idle units and numbers that are not finite.

    The exit code is 1 if a fault was found or nothing could be followed through time, else 0.
    """
    from rich.console import Console

    import elman

    _check_together(truncation, k1, metrics)
    found, most = elman.load(model, finite=False), int(limit * 2**20)
    result: Report | TruncationReport
    with _bar() as watch:
        if truncation:
            result = elman.truncation(found, data, k1=k1, limit=most, watch=watch)
        else:
            result = elman.diagnose(found, data, metrics=metrics, limit=most, watch=watch)
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
        raise InputError("--k1: it goes with --truncation: give both, or neither")
    if metrics is not None and truncation:
        raise InputError("--metrics: truncation does not read them: leave one of the two out")


@contextmanager
def _bar() -> Iterator["Watch"]:
    """A bar on standard error while something is measured, if that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda doing, done: bar.update(task, completed=done, description=doing)
