"""Declare the options of the command line itself: the files of a run. `elman/options.py` has those of the jobs."""

from pathlib import Path
from typing import Annotated

import typer

Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="MODEL",
        help="The model to write, NAME.safetensors; NAME.checkpoint.safetensors, NAME.metrics.jsonl and "
        "NAME.loss.png are written next to it.",
        show_default=False,
    ),
]
TableFile = Annotated[
    Path,
    typer.Argument(help="The table: .csv, .tsv, .jsonl or .parquet, with the answers in a column.", show_default=False),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint, with bit-identical results.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing model or unfinished run.")]
CheckpointSeconds = Annotated[float, typer.Option(help="Seconds between two checkpoints.")]
