"""`elman train tag`: learn to give every step of a sequence its tag."""

from pathlib import Path
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
    Resume,
    Schedule,
    Seed,
    SymbolDropout,
    Tokens,
    WeightDecay,
)
from elman.cli.running import Interruption

GUESSED = "guessed by its name"


def tag(
    file: Annotated[
        Path,
        typer.Argument(
            help="A table (.csv, .tsv, .jsonl, .parquet) with sequences and their tags; or, by any other name, one "
            "token and its tag a line, with a blank line between sequences.",
            show_default=False,
        ),
    ],
    *,
    output: Output,
    source: Annotated[
        str | None, typer.Option(help="Column of sequences, in a table.", metavar="COLUMN", show_default=GUESSED)
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Column of their tags, in a table.", metavar="COLUMN", show_default=GUESSED)
    ] = None,
    token: Annotated[
        int, typer.Option(help="Column of tokens, with one a line: from 1, or from -1 backwards.", metavar="NUMBER")
    ] = 1,
    tag: Annotated[int, typer.Option(help="Column of tags, with one a line.", metavar="NUMBER")] = -1,
    tokens: Tokens = "auto",
    min_count: MinCount = 1,
    embedding: Embedding = 32,
    cell: Cell = "lstm",
    hidden: Hidden = 96,
    layers: Layers = 1,
    bidirectional: Bidirectional = True,
    dropout: Dropout = 0.3,
    input_dropout: InputDropout = 0.0,
    symbol_dropout: SymbolDropout = 0.02,
    batch: Annotated[int, typer.Option(help="Sequences in an update.")] = 64,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the sequences.", show_default="10, unless --minutes")
    ] = None,
    minutes: Minutes = None,
    optimizer: Optimizer = "adam",
    learning_rate: LearningRate = 3e-3,
    momentum: Momentum = 0.9,
    weight_decay: WeightDecay = 0.0,
    averaging: Averaging = 0.99,
    schedule: Schedule = "constant",
    decay: Decay = 0.5,
    clip: Clip = 5.0,
    clip_value: ClipValue = 0.0,
    validation: Annotated[float, typer.Option(help="Share of the sequences, the last ones, that is held out.")] = 0.1,
    patience: Patience = None,
    evaluate_every: EvaluateEvery = None,
    seed: Seed = 0,
    resume: Resume = False,
    overwrite: Overwrite = False,
    checkpoint_seconds: CheckpointSeconds = 60.0,
) -> None:
    """Train a tagger of words, characters or symbols: a label for each step.

    Shows how the best weights did on held-out sequences, beside the tag that came most often with each token.
    """
    options: dict[str, Any] = locals()
    from elman import SequenceTagger
    from elman.cli.running import train_table

    with Interruption():
        train_table(SequenceTagger, options)
