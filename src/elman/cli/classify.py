"""`elman train classify`: learn to give texts or series of a table their labels."""

from typing import Annotated, Any

import typer

from elman.cli.options import (
    Averaging,
    Bidirectional,
    Cell,
    CheckpointSeconds,
    Clip,
    ClipValue,
    Decay,
    Dropout,
    Embedding,
    EvaluateEvery,
    Hidden,
    InputDropout,
    Layers,
    LearningRate,
    MinCount,
    Minutes,
    Momentum,
    Optimizer,
    Output,
    Overwrite,
    Patience,
    Pretrained,
    Resume,
    Schedule,
    Seed,
    SymbolDropout,
    TableFile,
    Tokens,
    WeightDecay,
)
from elman.cli.running import Interruption

GUESSED = "guessed by its name"


def classify(
    file: TableFile,
    *,
    output: Output,
    text: Annotated[str | None, typer.Option(help="Column of texts.", metavar="COLUMN", show_default=GUESSED)] = None,
    label: Annotated[str | None, typer.Option(help="Column of labels.", metavar="COLUMN", show_default=GUESSED)] = None,
    label_separator: Annotated[
        str | None, typer.Option(help="Stands between the labels of a cell that may hold several.", show_default="none")
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(
            help="Column that names the series of a row, for series of numbers.", metavar="COLUMN", show_default=GUESSED
        ),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(
            help="Column that orders the rows of a series.", metavar="COLUMN", show_default="guessed, or as they stand"
        ),
    ] = None,
    features: Annotated[
        str | None,
        typer.Option(help="Columns of numbers, with commas between.", metavar="COLUMNS", show_default="all others"),
    ] = None,
    tokens: Tokens = "auto",
    min_count: MinCount = 2,
    embedding: Embedding = 64,
    pretrained: Pretrained = None,
    cell: Cell = "lstm",
    hidden: Hidden = 96,
    layers: Layers = 1,
    bidirectional: Bidirectional = True,
    pooling: Annotated[
        str, typer.Option(help="How the steps become one vector: last, mean, max, mean+max or attention.")
    ] = "mean+max",
    dropout: Dropout = 0.3,
    input_dropout: InputDropout = 0.2,
    symbol_dropout: SymbolDropout = 0.1,
    label_smoothing: Annotated[float, typer.Option(help="Share of each target that is spread over all classes.")] = 0.0,
    class_weight: Annotated[
        str | None,
        typer.Option(help="balanced weighs rare classes as much as frequent ones.", show_default="all alike"),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Sequences in an update.", show_default="such that an epoch has 16, 8 to 64")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Passes over the sequences.", show_default="so many as show 100,000, 10 to 60, unless --minutes"
        ),
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
    validation: Annotated[float, typer.Option(help="Share of the sequences that is held out.")] = 0.1,
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
    """Train a classifier of texts, symbols or series of numbers on a table.

    Shows how the best weights did on held-out rows, beside the shares of the classes and a bag of words.
    """
    options: dict[str, Any] = locals()
    from elman import SequenceClassifier
    from elman.cli.running import train_table

    options["features"] = features.split(",") if features else None
    with Interruption():
        train_table(SequenceClassifier, options)
