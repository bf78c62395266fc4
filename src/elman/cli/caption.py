"""`elman train caption`: learn to write what goes with an image."""

from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.options import (
    Averaging,
    Batch,
    Beam,
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
    TeacherForcing,
    Tokens,
    WeightDecay,
)
from elman.cli.running import Interruption
from elman.cli.terminal import echo


def caption(
    file: Annotated[
        Path,
        typer.Argument(
            help="A .npz file of images and texts, or a table of image files and texts.", show_default=False
        ),
    ],
    *,
    output: Output,
    image: Annotated[
        str | None,
        typer.Option(help="The array of images, or the column of their files.", show_default="images, file, path..."),
    ] = None,
    caption: Annotated[
        str | None, typer.Option(help="The array or column of texts.", show_default="captions, text, labels...")
    ] = None,
    tokens: Tokens = "auto",
    features: Annotated[int, typer.Option(help="Length of the vector that an image becomes.")] = 128,
    cell: Cell = "lstm",
    hidden: Hidden = 128,
    layers: Layers = 1,
    embedding: Embedding = 64,
    dropout: Dropout = 0.2,
    min_count: MinCount = 1,
    label_smoothing: LabelSmoothing = 0.0,
    teacher_forcing: TeacherForcing = 1.0,
    beam: Beam = 5,
    length_penalty: LengthPenalty = 0.6,
    batch: Batch = 64,
    epochs: Epochs = None,
    minutes: Minutes = None,
    optimizer: Optimizer = "adam",
    learning_rate: LearningRate = 2e-3,
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
    """Train a captioner on images and their texts."""
    options: dict[str, Any] = locals()
    from elman import Captioner
    from elman.cli.running import fit_on_file, report

    with Interruption():
        model, files = fit_on_file(Captioner, options)
        if model.duplicates_:
            echo(f"{model.duplicates_:,} held-out images stand among those of training too")
        report(model, files)
