"""Implement `elman predict` and `elman evaluate`: run a trained model of any job on a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli.grids import lines
from elman.cli.terminal import echo

if TYPE_CHECKING:
    from elman.models.estimator.reports import OnFiles

ModelFile = Annotated[Path, typer.Argument(help="A model that `elman train` wrote.", show_default=False)]


def predict(
    model: ModelFile,
    file: Annotated[
        Path,
        typer.Argument(
            help="The table: .csv, .tsv, .jsonl or .parquet; may be larger than memory.", show_default=False
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="TABLE",
            help="The table to write: .csv, .tsv, .jsonl or .parquet.",
            show_default=False,
        ),
    ],
) -> None:
    """Write what a model predicts for each row or series of a table."""
    from elman.data.table_writer import TableWriter

    job = _load(model, "elman predict")
    count = 0
    with TableWriter(output) as writer:
        for piece in job.read(file):
            columns = job.rows(piece)
            writer.write(columns)
            count += len(next(iter(columns.values())))
    echo(f"{output}: {count:,} predictions")


def evaluate(
    model: ModelFile,
    file: Annotated[
        Path, typer.Argument(help="A table with the answers: .csv, .tsv, .jsonl or .parquet.", show_default=False)
    ],
    *,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the result: .png, .svg or .pdf.", show_default="none")
    ] = None,
) -> None:
    """Measure a model on a table with the answers, and compare it with simple baselines."""
    report = _load(model, "elman evaluate").report(file)
    echo(report.title)
    for grid in report.grids:
        echo("\n" + "\n".join(lines(grid)))
    for note in report.notes:
        echo(f"\n{note}")
    if picture and report.draw:
        from elman.pictures import save

        save(report.draw(), picture)
        echo(f"\npicture: {picture}")


def _load(path: Path, command: str) -> "OnFiles":
    import elman
    from elman.errors import ModelFileError
    from elman.models.estimator.reports import OnFiles

    model = elman.load(path)
    if not isinstance(model, OnFiles):
        raise ModelFileError(f"{path}: a {model.kind} does not support {command}: give a model of another job")
    return model
