"""Implement `elman predict`, `elman evaluate` and `elman generate`: run a trained model."""

import glob
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.terminal import echo, write
from elman.cli.testing import echo_report
from elman.errors import InputError
from elman.forking import PREDICTING, process_context
from elman.rounding import counted

LONG_TEXT = 2_000
"""Characters from which on the terminal shows how fast they were written."""

ModelFile = Annotated[Path, typer.Argument(help="A model that `elman train` wrote.", show_default=False)]


def predict(
    model: ModelFile,
    file: Annotated[
        Path,
        typer.Argument(
            help="The table: .csv, .tsv, .jsonl or .parquet; a tagger's file with one token a line; or a text, whose "
            "lines a generator scores. It may be larger than memory. Or a pattern of several files, in quotes, such as "
            "'part-*.parquet'.",
            show_default=False,
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="TABLE|FOLDER",
            help="The table to write: .csv, .tsv, .jsonl or .parquet; a tagger also writes .conll or .conllu, the "
            "lines of the file with tags. Of several files, the folder: a file for each, of the same name.",
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
    workers: Annotated[
        int | None, typer.Option(help="Processes that read several files, one each.", show_default="processors")
    ] = None,
) -> None:
    """Write what a model predicts for each row or series of a table, or how well it predicts each line of a text."""
    given = {"beam": beam, "length_penalty": length_penalty}
    search = {name: value for name, value in given.items() if value is not None}
    if glob.has_magic(str(file)) and not file.exists():
        _predict_parts(model, file, output, search, (os.cpu_count() or 1) if workers is None else workers)
        return
    if workers is not None:
        raise InputError(
            "--workers: one file is read by one process: give a pattern of several, in quotes, or leave it out"
        )
    from elman.models.predicting import load_on_files, set_search, write_predictions

    job = load_on_files(model, "elman predict")
    set_search(job, search)
    echo(f"{output}: {counted(write_predictions(job, file, output), 'prediction')}")


def _predict_parts(model: Path, pattern: Path, folder: Path, search: dict[str, float], workers: int) -> None:
    """Predict for the files that a pattern names, and say so for each."""
    if workers > 1:
        process_context(PREDICTING)  # before torch is imported here: its server does the same at the same time
    from elman.models.parts import Part, predict_parts

    parts: list[Part] = []

    def show(part: Part) -> None:
        parts.append(part)
        echo(f"{part.output}: {counted(part.count, 'prediction')}{', done before' * part.before}")

    predict_parts(model, pattern, folder, search=search, workers=workers, on_part=show)
    total = counted(sum(part.count for part in parts), "prediction")
    echo(f"{folder}: {counted(len(parts), 'part')}, {total}")


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
    from elman.models.predicting import load_on_files

    report = load_on_files(model, "elman evaluate").report(file)
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
