"""`elman train`: a command a job; `elman train text`, learn a text file, is here."""

from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.options import (
    Averaging,
    Cell,
    CheckpointSeconds,
    Clip,
    ClipValue,
    Decay,
    Dropout,
    EvaluateEvery,
    Hidden,
    Layers,
    LearningRate,
    Minutes,
    Momentum,
    Optimizer,
    Output,
    Overwrite,
    Patience,
    Resume,
    Schedule,
    Seed,
    WeightDecay,
)
from elman.cli.outputs import Commands
from elman.cli.running import Interruption

app = Commands(help="Train a model on a file.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Have one subcommand a job, each in a file of its own beside this one."""


@app.command()
def text(
    file: Annotated[Path, typer.Argument(help="The text, in UTF-8.", show_default=False)],
    *,
    output: Output,
    cell: Cell = "lstm",
    hidden: Hidden = 256,
    layers: Layers = 2,
    embedding: Annotated[int, typer.Option(help="Length of the vector learned for each character.")] = 64,
    one_hot: Annotated[bool, typer.Option("--one-hot", help="Feed characters one-hot, without an embedding.")] = False,
    dropout: Dropout = 0.0,
    k1: Annotated[int, typer.Option(help="Characters between two updates.")] = 128,
    k2: Annotated[
        int | None,
        typer.Option(help="Characters that gradients reach back.", show_default="k1"),
    ] = None,
    batch: Annotated[int, typer.Option(help="Streams of text learned side by side.")] = 64,
    optimizer: Optimizer = "adam",
    learning_rate: LearningRate = 2e-3,
    momentum: Momentum = 0.9,
    weight_decay: WeightDecay = 0.0,
    averaging: Averaging = 0.0,
    schedule: Schedule = "constant",
    decay: Decay = 0.5,
    clip: Clip = 5.0,
    clip_value: ClipValue = 0.0,
    seed: Seed = 0,
    epochs: Annotated[
        int | None,
        typer.Option(help="Passes over the text.", show_default="8, unless --minutes"),
    ] = None,
    minutes: Minutes = None,
    patience: Patience = None,
    evaluate_every: EvaluateEvery = None,
    validation: Annotated[float, typer.Option(help="Share of the text, at its end, that is held out.")] = 0.1,
    separator: Annotated[
        str | None,
        typer.Option(
            help="What ends each document in the text: the state is reset after it.",
            show_default="one document",
        ),
    ] = None,
    errors: Annotated[
        str,
        typer.Option(help="Bytes that are not UTF-8: strict refuses, replace reads U+FFFD."),
    ] = "strict",
    resume: Resume = False,
    overwrite: Overwrite = False,
    checkpoint_seconds: CheckpointSeconds = 60.0,
) -> None:
    """Train a character generator on a text.

    Shows the loss on the held-out end of the text beside what simple counts reach, and keeps the best weights.
    """
    options: dict[str, Any] = locals()
    from elman.cli.running import train_text

    with Interruption():
        train_text(options)
