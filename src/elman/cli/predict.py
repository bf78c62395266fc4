"""Implement `elman predict`, `elman evaluate` and `elman generate`: run a trained model."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli.terminal import echo, print_grid, write

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
        echo()
        print_grid(grid)
    for note in report.notes:
        echo(f"\n{note}")
    if picture and report.draw:
        from elman.pictures import save

        save(report.draw(), picture)
        echo(f"\npicture: {picture}")


def generate(
    model: Annotated[Path, typer.Argument(help="A model that `elman train text` wrote.", show_default=False)],
    *,
    prompt: Annotated[str, typer.Option(help="Text to continue.", show_default="the beginning of a line")] = "",
    length: Annotated[int, typer.Option(help="Maximum number of characters to write.")] = 500,
    temperature: Annotated[
        float,
        typer.Option(
            help="Sampling temperature: above 1 more varied, below 1 safer, 0 always the most probable character."
        ),
    ] = 0.8,
    top_k: Annotated[
        int | None, typer.Option(help="Sample from the k most probable characters only.", show_default="all")
    ] = None,
    top_p: Annotated[
        float, typer.Option(help="Sample from the fewest characters that together have this probability.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Random seed: the same seed gives the same text.")] = 0,
    stop: Annotated[str | None, typer.Option(help="Stop after this string.", show_default="never")] = None,
    samples: Annotated[int, typer.Option(help="Number of texts, separated by a line of dashes.")] = 1,
) -> None:
    """Write text with a trained model, character by character."""
    import elman

    writing = elman.load(model, elman.TextGenerator).generate(
        prompt,
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop=stop,
        samples=samples,
    )
    # A model of a hostile text may write control sequences: escape them on a terminal, not in a file.
    show = partial(echo, end="") if sys.stdout.isatty() else write
    shown = -1
    for piece in writing:
        if piece.sample != shown:
            show(("\n" + "-" * 40 + "\n" if piece.sample else "") + prompt)
            shown = piece.sample
        show(piece.text)
    echo()


def _load(path: Path, command: str) -> "OnFiles":
    import elman
    from elman.errors import ModelFileError
    from elman.models.estimator.reports import OnFiles

    model = elman.load(path)
    if not isinstance(model, OnFiles):
        raise ModelFileError(f"{path}: a {model.kind} does not support {command}: give a model of another job")
    return model
