"""The options of the command line itself: where a run keeps its files. Those of the jobs are in `elman/options.py`."""

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
        "NAME.loss.png go beside it.",
        show_default=False,
    ),
]
TableFile = Annotated[
    Path,
    typer.Argument(help="The table: .csv, .tsv, .jsonl or .parquet, with the answers in a column.", show_default=False),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint, to bit-identical weights.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the model or unfinished run that is there.")]
CheckpointSeconds = Annotated[float, typer.Option(help="Seconds between two checkpoints.")]
