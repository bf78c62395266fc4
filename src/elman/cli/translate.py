"""`elman train translate`: learn to write what goes with a text."""

from typing import Annotated, Any

import typer

from elman.cli.options import (
    Averaging,
    Batch,
    Beam,
    Bidirectional,
    Cell,
    CheckpointSeconds,
    Clip,
    ClipValue,
    Decay,
    Dropout,
    Embedding,
    Epochs,
    EvaluateEvery,
    HeldOutTail,
    Hidden,
    LabelSmoothing,
    Layers,
    LearningRate,
    LengthPenalty,
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
    TableFile,
    TeacherForcing,
    Tokens,
    WeightDecay,
)
from elman.cli.running import Interruption
from elman.cli.terminal import echo


def translate(
    file: TableFile,
    *,
    output: Output,
    source: Annotated[
        str | None, typer.Option(help="The column to read.", show_default="one named source, src, input or from")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="The column to write.", show_default="one named target, translation, output...")
    ] = None,
    source_tokens: Tokens = "auto",
    target_tokens: Tokens = "auto",
    cell: Cell = "lstm",
    hidden: Hidden = 128,
    layers: Layers = 1,
    bidirectional: Bidirectional = True,
    attend: Annotated[
        bool, typer.Option("--attend/--no-attend", help="Whether to look back at the source while writing.")
    ] = True,
    embedding: Embedding = 64,
    dropout: Dropout = 0.2,
    symbol_dropout: SymbolDropout = 0.0,
    min_count: MinCount = 1,
    label_smoothing: LabelSmoothing = 0.0,
    teacher_forcing: TeacherForcing = 1.0,
    beam: Beam = 5,
    length_penalty: LengthPenalty = 0.6,
    copying: Annotated[
        bool, typer.Option("--copying/--no-copying", help="Whether symbols of the source can be written as they stand.")
    ] = False,
    memory: Annotated[
        bool, typer.Option("--memory/--no-memory", help="Whether to look up, and mend, what is near to a known source.")
    ] = False,
    batch: Batch = 64,
    epochs: Epochs = None,
    minutes: Minutes = None,
    optimizer: Optimizer = "adam",
    learning_rate: LearningRate = 3e-3,
    momentum: Momentum = 0.9,
    weight_decay: WeightDecay = 0.0,
    averaging: Averaging = 0.0,
    schedule: Schedule = "constant",
    decay: Decay = 0.5,
    clip: Clip = 5.0,
    clip_value: ClipValue = 0.0,
    validation: HeldOutTail = 0.1,
    patience: Patience = None,
    evaluate_every: EvaluateEvery = None,
    seed: Seed = 0,
    resume: Resume = False,
    overwrite: Overwrite = False,
    checkpoint_seconds: CheckpointSeconds = 60.0,
) -> None:
    """Train a translator on a table of pairs: sentences, or words and how they are spoken."""
    options: dict[str, Any] = locals()
    from elman import Translator
    from elman.cli.running import fit_on_file, report

    with Interruption():
        model, files = fit_on_file(Translator, options)
        if model.duplicates_:
            echo(f"{model.duplicates_:,} held-out sources stand among those of training too")
        report(model, files)
