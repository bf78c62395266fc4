"""The options that training commands share, each with its help, so that a word means the same wherever it is typed."""

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

Cell = Annotated[str, typer.Option(help="lstm, gru or rnn.")]
Hidden = Annotated[int, typer.Option(help="Size of each layer's state.")]
Layers = Annotated[int, typer.Option(help="Recurrent layers.")]
Bidirectional = Annotated[
    bool, typer.Option("--bidirectional/--forward-only", help="Whether each layer reads from the end as well.")
]
Dropout = Annotated[float, typer.Option(help="Share of features dropped in training, 0 up to 1.")]
InputDropout = Annotated[float, typer.Option(help="Share of what comes in at each step that is dropped in training.")]
SymbolDropout = Annotated[float, typer.Option(help="Share of symbols read as the unknown one in training.")]
Tokens = Annotated[str, typer.Option(help="How texts are cut: auto, words, characters or symbols.")]
MinCount = Annotated[int, typer.Option(help="How often a symbol has to come to be known.")]
Embedding = Annotated[int, typer.Option(help="Length of the vector learned for each symbol.")]
Pretrained = Annotated[
    Path | None, typer.Option(help="Word vectors to begin with, as text (GloVe, word2vec).", show_default="none")
]
LabelSmoothing = Annotated[float, typer.Option(help="Share of each target that is spread over all symbols.")]
TeacherForcing = Annotated[
    float, typer.Option(help="Share of steps that read the right symbol in training; the others read their own choice.")
]
Beam = Annotated[int, typer.Option(help="Hypotheses that the search goes on with; 1 takes the likeliest symbol.")]
LengthPenalty = Annotated[float, typer.Option(help="0 ranks texts by probability; the larger, the longer they get.")]
Batch = Annotated[int, typer.Option(help="Examples in an update.")]
Epochs = Annotated[int | None, typer.Option(help="Passes over the examples.", show_default="8, unless --minutes")]
HeldOutTail = Annotated[float, typer.Option(help="Share of the examples, the last ones, that is held out.")]

Optimizer = Annotated[str, typer.Option(help="adam, sgd or rmsprop.")]
LearningRate = Annotated[float, typer.Option(help="Step size.")]
Momentum = Annotated[float, typer.Option(help="Of sgd and rmsprop.")]
WeightDecay = Annotated[
    float, typer.Option(help="Share of the weights that an update takes off, times the learning rate.")
]
Averaging = Annotated[
    float, typer.Option(help="Share of the past in a running mean of the weights, which is kept; 0 keeps the last.")
]
Schedule = Annotated[str, typer.Option(help="Of the learning rate: constant, cosine, linear, exponential or plateau.")]
Decay = Annotated[float, typer.Option(help="Factor of exponential and plateau.")]
Clip = Annotated[float, typer.Option(help="Largest global norm of the gradients; 0 never clips.")]
ClipValue = Annotated[float, typer.Option(help="Largest single gradient; 0 never clips.")]
Seed = Annotated[int, typer.Option(help="Same seed, same data, same weights.")]
Minutes = Annotated[float | None, typer.Option(help="Time to train.", show_default=False)]
Patience = Annotated[
    int | None,
    typer.Option(help="Stop after so many evaluations without a better held-out loss.", show_default="never"),
]
EvaluateEvery = Annotated[
    int | None,
    typer.Option(help="Updates between two evaluations.", show_default="an epoch, or an eighth of --minutes"),
]

Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, to the same weights, bit for bit.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Start anew though a model or unfinished run is there.")]
CheckpointSeconds = Annotated[float, typer.Option(help="Time between two checkpoints.")]
