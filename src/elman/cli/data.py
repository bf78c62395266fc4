"""Implement `elman data`: list small data sets, or write them to files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli.program import command
from elman.cli.terminal import echo

if TYPE_CHECKING:
    from elman.data.sets import DataSet


def data(
    names: Annotated[
        list[str] | None, typer.Argument(help="Data sets to write.", show_default="list all of them")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="The file to write a data set to; a table also as .tsv, .jsonl or .parquet.",
            show_default="NAME.csv or similar, in this folder",
        ),
    ] = None,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Write other rows of the same kind, for testing a model.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """List small data sets for every job, or write some of them to files. Nothing is downloaded."""
    from elman.data.sets import data_set, data_sets, write_data_set
    from elman.errors import InputError

    if not names:
        _show(list(data_sets().values()))
        return
    if output is not None and len(names) > 1:
        raise InputError(f"-o: expected one data set, got {len(names)}: leave out -o, or write them one by one")
    for one in [data_set(name) for name in names]:
        path = output or Path(f"unseen-{one.file}" if unseen else one.file)
        count = write_data_set(one, path, unseen=unseen, overwrite=overwrite)
        echo(f"{path}: {count:,} {one.unit}")
        if not unseen and path.name == one.file:
            echo(f"  try: {command(one.job_on(path))}")


def _show(sets: "list[DataSet]") -> None:
    for one in sets:
        echo(f"{one.name:<10} {one.file:<14} {one.what}")
    echo("\nWrite one: " + command(["data", sets[0].name]))
