"""Implement `elman predict`, `elman evaluate` and `elman generate`: run a trained model."""

import sys
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elman.cli.terminal import echo, write
from elman.cli.testing import echo_report
from elman.rounding import counted

if TYPE_CHECKING:
    from elman.models.estimator.reports import OnFiles

LONG_TEXT = 2_000
"""Characters from which on the terminal shows how fast they were written."""

ModelFile = Annotated[Path, typer.Argument(help="A model that `elman train` wrote.", show_default=False)]


def predict(
    model: ModelFile,
    file: Annotated[
        Path,
        typer.Argument(
            help="The table: .csv, .tsv, .jsonl or .parquet; a tagger's file with one token a line; or a text, whose "
            "lines a generator scores. It may be larger than memory.",
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
    beam: Annotated[
        int | None,
        typer.Option(help="Width of a translator's or captioner's beam search.", show_default="the model's"),
    ] = None,
    length_penalty: Annotated[
        float | None,
        typer.Option(
            help="Length penalty of that search; larger values favour longer texts.", show_default="the model's"
        ),
    ] = None,
) -> None:
    """Write what a model predicts for each row or series of a table, or how well it predicts each line of a text."""
    from elman.data.conll import is_conll
    from elman.data.table_writer import TableWriter
    from elman.models.estimator.reports import OnLines

    job = _load(model, "elman predict")
    search = {"beam": beam, "length_penalty": length_penalty}
    _set_search(job, {name: value for name, value in search.items() if value is not None})
    if is_conll(output) and isinstance(job, OnLines):
        count = _write_lines(output, job.lines(file))
        echo(f"{output}: {counted(count, 'prediction')}")
        return
    count = 0
    with TableWriter(output) as writer:
        for piece in job.read(file):
            columns = job.rows(piece)
            writer.write(columns)
            count += len(next(iter(columns.values())))
    echo(f"{output}: {counted(count, 'prediction')}")


def _set_search(job: "OnFiles", search: dict[str, float]) -> None:
    """Change the beam search of a model that writes texts."""
    from elman.errors import InputError
    from elman.models.networks.decoding import Writer

    if not search:
        return
    if not isinstance(job, Writer):
        raise InputError(f"{next(iter(search))}: only a translator or a captioner searches for texts: leave it out")
    job.set_params(**search)


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
        Path,
        typer.Argument(
            help="A table with the answers: .csv, .tsv, .jsonl or .parquet; or the text to measure a generator on.",
            show_default=False,
        ),
    ],
    *,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the result: .png, .svg or .pdf.", show_default="none")
    ] = None,
) -> None:
    """Measure a model on a table with the answers, or on a text, and compare it with simple baselines."""
    report = _load(model, "elman evaluate").report(file)
    echo(report.title)
    echo_report(report)
    if picture and not report.draw:
        echo("\nno picture: what this model is measured by has none")
    elif picture and report.draw:
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
    precision: Annotated[
        str, typer.Option(help="Precision of the network's products: float32, or the faster bfloat16 or int8.")
    ] = "float32",
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
        precision=precision,
    )
    if writing.remark:
        echo(f"note: {writing.remark}", err=True)
    # A model of a hostile text may write control sequences: escape them on a terminal, not in a file.
    show = partial(echo, end="") if sys.stdout.isatty() else write
    shown = -1
    written, begin = 0, time.perf_counter()
    for piece in writing:
        if piece.sample != shown:
            show(("\n" + "-" * 40 + "\n" if piece.sample else "") + prompt)
            shown = piece.sample
        show(piece.text)
        written += len(piece.text)
    echo()
    if sys.stderr.isatty() and written >= LONG_TEXT:
        echo(f"{written / (time.perf_counter() - begin):,.0f} characters a second", err=True)


def _load(path: Path, command: str) -> "OnFiles":
    import elman
    from elman.errors import ModelFileError
    from elman.models.estimator.reports import OnFiles

    model = elman.load(path)
    if not isinstance(model, OnFiles):
        raise ModelFileError(f"{path}: a {model.kind} does not support {command}: give a model of another job")
    return model
