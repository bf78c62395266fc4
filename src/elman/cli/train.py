"""`elman train text`: learn a text file. Other jobs add their command to `app`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.running import Interruption

app = typer.Typer(help="Train a model on a file.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keep `text` a subcommand while it is the only one."""


@app.command()
def text(
    file: Annotated[Path, typer.Argument(help="The text, in UTF-8.", show_default=False)],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="MODEL",
            help="The model to write, NAME.safetensors; NAME.checkpoint.safetensors, NAME.metrics.jsonl and "
            "NAME.loss.png go beside it.",
            show_default=False,
        ),
    ],
    cell: Annotated[str, typer.Option(help="lstm, gru or rnn.")] = "lstm",
    hidden: Annotated[int, typer.Option(help="Size of each layer's state.")] = 256,
    layers: Annotated[int, typer.Option(help="Recurrent layers.")] = 2,
    embedding: Annotated[int, typer.Option(help="Length of the vector learned for each character.")] = 64,
    one_hot: Annotated[bool, typer.Option("--one-hot", help="Feed characters one-hot, without an embedding.")] = False,
    dropout: Annotated[float, typer.Option(help="Share of features dropped in training, 0 up to 1.")] = 0.0,
    k1: Annotated[int, typer.Option(help="Characters between two updates.")] = 128,
    k2: Annotated[
        int | None,
        typer.Option(help="Characters that gradients reach back.", show_default="k1"),
    ] = None,
    batch: Annotated[int, typer.Option(help="Streams of text learned side by side.")] = 64,
    optimizer: Annotated[str, typer.Option(help="adam, sgd or rmsprop.")] = "adam",
    learning_rate: Annotated[float, typer.Option(help="Step size.")] = 2e-3,
    momentum: Annotated[float, typer.Option(help="Of sgd and rmsprop.")] = 0.9,
    weight_decay: Annotated[
        float, typer.Option(help="Share of the weights that an update takes off, times the learning rate.")
    ] = 0.0,
    averaging: Annotated[
        float, typer.Option(help="Share of the past in a running mean of the weights, which is kept; 0 keeps the last.")
    ] = 0.0,
    schedule: Annotated[
        str,
        typer.Option(help="Of the learning rate: constant, cosine, linear, exponential or plateau."),
    ] = "constant",
    decay: Annotated[float, typer.Option(help="Factor of exponential and plateau.")] = 0.5,
    clip: Annotated[float, typer.Option(help="Largest global norm of the gradients; 0 never clips.")] = 5.0,
    clip_value: Annotated[float, typer.Option(help="Largest single gradient; 0 never clips.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Same seed, same text, same weights.")] = 0,
    epochs: Annotated[
        int | None,
        typer.Option(help="Passes over the text.", show_default="8, unless --minutes"),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Time to train.", show_default=False)] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="Stop after so many evaluations without a better held-out loss.",
            show_default="never",
        ),
    ] = None,
    evaluate_every: Annotated[
        int | None,
        typer.Option(
            help="Updates between two evaluations.",
            show_default="an epoch, or an eighth of --minutes",
        ),
    ] = None,
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
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on from the checkpoint, to the same weights, bit for bit."),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Start anew though an unfinished run is there."),
    ] = False,
    checkpoint_seconds: Annotated[float, typer.Option(help="Time between two checkpoints.")] = 60.0,
) -> None:
    """Train a character generator on a text.

    Shows the loss on the held-out end of the text beside what simple counts reach, and keeps the best weights.
    """
    options: dict[str, Any] = locals()
    from elman.cli.running import train_text

    with Interruption():
        train_text(options)
