"""Implement `elman predict` and `elman evaluate`: run a trained model of any job on a file."""

from collections.abc import Iterable
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
            help="The table: .csv, .tsv, .jsonl or .parquet, or a tagger's file with one token a line; may be larger "
            "than memory.",
            show_default=False,
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="TABLE",
            help="The table to write: .csv, .tsv, .jsonl or .parquet; a tagger also writes .conll or .conllu, the "
            "lines of the file with tags.",
            show_default=False,
        ),
    ],
) -> None:
    """Write what a model predicts for each row or series of a table."""
    from elman.data.conll import is_conll
    from elman.data.table_writer import TableWriter
    from elman.models.estimator.reports import OnLines

    job = _load(model, "elman predict")
    if is_conll(output) and isinstance(job, OnLines):
        count = _write_lines(output, job.lines(file))
        echo(f"{output}: {count:,} predictions")
        return
    count = 0
    with TableWriter(output) as writer:
        for piece in job.read(file):
            columns = job.rows(piece)
            writer.write(columns)
            count += len(next(iter(columns.values())))
    echo(f"{output}: {count:,} predictions")


def _write_lines(output: Path, sequences: Iterable[list[str]]) -> int:
    """Write the lines of sequences to a file, whole or not at all, and return how many sequences they are."""
    from elman.files import Replacement, cannot_write, make_folder

    count = 0
    make_folder(output.parent)
    with Replacement(output) as new:
        for lines in sequences:
            count += 1
            try:
                new.file.write("".join(f"{line}\n" for line in [*lines, ""]).encode())
            except OSError as error:
                raise cannot_write(output, error) from error
    return count


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
