"""`elman train vectors`: a feed-forward network on the rows of a table, the job without time."""

from typing import Annotated, Any

import typer

from elman.cli.options import (
    Averaging,
    CheckpointSeconds,
    Clip,
    ClipValue,
    Decay,
    Dropout,
    EvaluateEvery,
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
    TableFile,
    WeightDecay,
)
from elman.cli.running import Interruption


def vectors(
    file: TableFile,
    *,
    output: Output,
    label: Annotated[
        str | None, typer.Option(help="Column of labels.", metavar="COLUMN", show_default="guessed by its name")
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Columns of numbers, with commas between.", metavar="COLUMNS", show_default="all others"),
    ] = None,
    hidden: Annotated[int, typer.Option(help="Units in a layer.")] = 128,
    layers: Annotated[int, typer.Option(help="Hidden layers.")] = 1,
    dropout: Dropout = 0.3,
    batch: Annotated[int, typer.Option(help="Vectors in an update.")] = 64,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the vectors.", show_default="20, unless --minutes")
    ] = None,
    minutes: Minutes = None,
    optimizer: Optimizer = "adam",
    learning_rate: LearningRate = 2e-3,
    momentum: Momentum = 0.9,
    weight_decay: WeightDecay = 0.0,
    averaging: Averaging = 0.99,
    schedule: Schedule = "constant",
    decay: Decay = 0.5,
    clip: Clip = 5.0,
    clip_value: ClipValue = 0.0,
    validation: Annotated[float, typer.Option(help="Share of the vectors that is held out.")] = 0.1,
    split: Annotated[
        str, typer.Option(help="Which are held out: stratified by class, shuffled, or tail, the last ones.")
    ] = "stratified",
    patience: Patience = None,
    evaluate_every: EvaluateEvery = None,
    seed: Seed = 0,
    resume: Resume = False,
    overwrite: Overwrite = False,
    checkpoint_seconds: CheckpointSeconds = 60.0,
) -> None:
    """Train a feed-forward network on a table with a vector of numbers and its label in each row."""
    options: dict[str, Any] = locals()
    from elman import FeedForward
    from elman.cli.running import train_table

    options["features"] = features.split(",") if features else None
    with Interruption():
        train_table(FeedForward, options)
