"""Implement `elman demo` and `elman data`: try Elman without a file of your own."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli.running import Interruption, command, end_other_ranks, next_commands, report
from elman.cli.terminal import echo, print_table
from elman.errors import InputError

if TYPE_CHECKING:
    from elman.data.sets import DataSet

SAMPLE = 240


def demo(
    file: Annotated[
        Path | None,
        typer.Option(help="A text of your own, in UTF-8.", show_default="Python's help topics, no download"),
    ] = None,
    minutes: Annotated[float, typer.Option(help="Time to train.")] = 1.5,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="The folder for all output.")] = Path(
        "runs/demo"
    ),
    resume: Annotated[bool, typer.Option("--resume", help="Continue a demo that was stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier demo or another model.")] = False,
) -> None:
    """Train a character generator for about ninety seconds and print samples as it improves.

    Writes the model, its metrics as JSON lines, and a plot of the losses.
    """
    from elman.data import bundled_text
    from elman.models.generate.estimator import demo_model
    from elman.models.generate.preprocess import opening
    from elman.train import RunFiles
    from elman.train.show import Show

    files = RunFiles.within(output)
    model = demo_model(minutes)
    text = file or bundled_text()
    show = Show(aside=lambda: model.generate(opening(text), length=SAMPLE).texts()[0].strip("\n"))
    with Interruption():
        model.fit(text, files=files, callback=show, resume=resume, overwrite=overwrite)
        end_other_ranks()
    report(model, files)
    echo("\nTry next:")
    for line in next_commands(files.model, opening(text).split()[0]):
        echo(f"  {line}")


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
    print_table((one.name, one.file, one.what) for one in sets)
    echo("\nWrite one: " + command(["data", sets[0].name]))
