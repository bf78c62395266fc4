"""`elman train translate` and `elman train caption`: learn to write what goes with a text or an image."""

from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.running import Interruption

Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="MODEL",
        help="The model to write, NAME.safetensors; NAME.checkpoint.safetensors, NAME.metrics.jsonl and NAME.loss.png "
        "go beside it.",
        show_default=False,
    ),
]
Tokens = Annotated[
    str, typer.Option(help="How texts are cut: words, characters, symbols (between spaces), or auto, which looks.")
]
Cell = Annotated[str, typer.Option(help="lstm, gru or rnn.")]
Hidden = Annotated[int, typer.Option(help="Size of each layer's state.")]
Layers = Annotated[int, typer.Option(help="Recurrent layers.")]
Embedding = Annotated[int, typer.Option(help="Length of the vector learned for each symbol.")]
Dropout = Annotated[float, typer.Option(help="Share of features dropped in training, 0 up to 1.")]
MinCount = Annotated[int, typer.Option(help="How often a symbol has to come to be known.")]
Smoothing = Annotated[float, typer.Option(help="Share of each target that is spread over all symbols.")]
Forcing = Annotated[
    float, typer.Option(help="Share of steps that read the right symbol in training; the others their own choice.")
]
Beam = Annotated[int, typer.Option(help="Hypotheses that the search goes on with; 1 takes the likeliest symbol.")]
Penalty = Annotated[float, typer.Option(help="0 ranks texts by probability; the larger, the longer they get.")]
Batch = Annotated[int, typer.Option(help="Examples in a batch.")]
Epochs = Annotated[int | None, typer.Option(help="Passes over the examples.", show_default="8, unless --minutes")]
Minutes = Annotated[float | None, typer.Option(help="Time to train.", show_default=False)]
LearningRate = Annotated[float, typer.Option(help="Step size.")]
Averaging = Annotated[float, typer.Option(help="Share of the past in a running mean of the weights; 0 keeps no mean.")]
Schedule = Annotated[str, typer.Option(help="Of the learning rate: constant, cosine, linear, exponential or plateau.")]
Validation = Annotated[float, typer.Option(help="Share of the examples, at the end, that is held out.")]
PatienceOption = Annotated[
    int | None,
    typer.Option("--patience", help="Stop after so many evaluations without a better one.", show_default="never"),
]
Seed = Annotated[int, typer.Option(help="Same seed, same examples, same weights.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, to the same weights, bit for bit.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Start anew though an unfinished run is there.")]
CheckpointSeconds = Annotated[float, typer.Option(help="Time between two checkpoints.")]


def translate(
    file: Annotated[Path, typer.Argument(help="A table of pairs: .csv, .tsv, .jsonl or .parquet.", show_default=False)],
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
    bidirectional: Annotated[bool, typer.Option(help="Read from both ends.")] = True,
    attend: Annotated[bool, typer.Option(help="Look back at the source while writing.")] = True,
    embedding: Embedding = 64,
    dropout: Dropout = 0.2,
    symbol_dropout: Annotated[float, typer.Option(help="Share of source symbols read as unknown in training.")] = 0.0,
    min_count: MinCount = 1,
    label_smoothing: Smoothing = 0.0,
    teacher_forcing: Forcing = 1.0,
    beam: Beam = 5,
    length_penalty: Penalty = 0.6,
    batch: Batch = 64,
    epochs: Epochs = None,
    minutes: Minutes = None,
    learning_rate: LearningRate = 3e-3,
    averaging: Averaging = 0.0,
    schedule: Schedule = "constant",
    validation: Validation = 0.1,
    patience: PatienceOption = None,
    seed: Seed = 0,
    resume: Resume = False,
    overwrite: Overwrite = False,
    checkpoint_seconds: CheckpointSeconds = 60.0,
) -> None:
    """Train a translator on pairs of texts: sentences, or words and how they are spoken."""
    options: dict[str, Any] = locals()
    with Interruption():
        _train("Translator", options)


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
    features: Annotated[int, typer.Option(help="Length of the vector that the image becomes.")] = 128,
    cell: Cell = "lstm",
    hidden: Hidden = 128,
    layers: Layers = 1,
    embedding: Embedding = 64,
    dropout: Dropout = 0.2,
    min_count: MinCount = 1,
    label_smoothing: Smoothing = 0.0,
    teacher_forcing: Forcing = 1.0,
    beam: Beam = 5,
    length_penalty: Penalty = 0.6,
    batch: Batch = 64,
    epochs: Epochs = None,
    minutes: Minutes = None,
    learning_rate: LearningRate = 2e-3,
    averaging: Averaging = 0.0,
    schedule: Schedule = "constant",
    validation: Validation = 0.1,
    patience: PatienceOption = None,
    seed: Seed = 0,
    resume: Resume = False,
    overwrite: Overwrite = False,
    checkpoint_seconds: CheckpointSeconds = 60.0,
) -> None:
    """Train a captioner: see an image and write a text."""
    options: dict[str, Any] = locals()
    with Interruption():
        _train("Captioner", options)


def _train(name: str, options: dict[str, Any]) -> None:
    """Train a model of a name on a file, and say what was left where."""
    import elman
    from elman.train import RunFiles
    from elman.train.show import Show

    fit = {option: options.pop(option) for option in ("resume", "overwrite", "checkpoint_seconds")}
    file, files = options.pop("file"), RunFiles.beside(options.pop("output"))
    model = getattr(elman, name)(**options).fit(file, files=files, listener=Show(), **fit)
    if model.duplicates_:
        typer.echo(f"{model.duplicates_:,} of the held-out examples are in the training part too")
    if model.progress_.best is not None:
        best = model.progress_
        typer.echo(f"best held-out loss: {best.best:.3f} nats/symbol, after step {best.best_step:,}")
    typer.echo(f"model: {files.model}   metrics: {files.metrics}   losses: {files.picture}")
    typer.echo(f"next: elman evaluate {files.model} {file}")
