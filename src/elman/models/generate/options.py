"""Declare the options of the text generator, and choose those that were left open for the length of a text."""

import math
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from elman.errors import InputError
from elman.options import (
    OPEN,
    SIZES,
    AnsweringOptions,
    BatchSize,
    Dropout,
    EmaDecay,
    Epochs,
    Help,
    HiddenSize,
    LearningRate,
    NumLayers,
    Patience,
    Range,
    RecurrentOptions,
    Search,
    Unset,
    Zero,
)

BY_LENGTH = Unset("chosen for the length of the text")
SHORT = 40_000
"""Characters below which a smaller network learns as much in less time."""
STEPS = 64
"""Characters between two updates."""
ROOT, FEWEST_STREAMS, MOST_STREAMS = 30, 8, 32
"""The square root of the length for each stream, so that a short text has updates enough, and bounds of the streams."""
CHARACTERS, EPOCHS = 8_000_000, (1, 40)
"""Characters that the network reads in all, some minutes, and the epochs that this makes at least and at most."""
PATIENCE, EVALUATIONS = 4, 8
"""Evaluations in a row without a better loss that end a training, and those that one of few epochs has."""
DROPOUT = ((2.0, 0.5), (0.7, 0.3), (0.3, 0.2), (0.1, 0.1), (0.0, 0.0))
"""Weights of the recurrent layers for each character, and the dropout from so many on."""
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


@dataclass(kw_only=True, eq=False, repr=False)
class TextOptions(AnsweringOptions, RecurrentOptions):
    """Options of `TextGenerator`, with their defaults; most of them follow the length of the text."""

    _may_change: ClassVar[tuple[str, ...]] = (*RecurrentOptions._may_change, "answer")

    hidden_size: Annotated[HiddenSize, BY_LENGTH] = OPEN
    num_layers: Annotated[NumLayers, BY_LENGTH] = OPEN
    embedding_dim: Annotated[
        int | None,
        Range(ge=1, le=65536),
        SIZES,
        Help("Size of the vector learned for each character."),
        Zero("characters are fed one-hot"),
    ] = 64
    k1: Annotated[int, Range(ge=1), Search(16, 128, log=True), Help("Characters between two updates."), BY_LENGTH] = (
        OPEN
    )
    k2: Annotated[int | None, Range(ge=1), Help("Characters that gradients reach back, k1 or more."), Unset("k1")] = (
        None
    )
    separator: Annotated[
        str | None,
        Range(min_length=1),
        Help("String that ends each document in the text; the state is reset after it."),
        Unset("one document"),
    ] = None
    batch_size: Annotated[BatchSize, Help("Streams that the text is cut into, read side by side."), BY_LENGTH] = OPEN
    epochs: Annotated[Epochs, BY_LENGTH] = None
    learning_rate: Annotated[LearningRate, BY_LENGTH] = OPEN
    dropout: Annotated[Dropout, BY_LENGTH] = OPEN
    ema_decay: EmaDecay = 0.99
    patience: Annotated[
        Patience,
        BY_LENGTH,
    ] = None

    def _check_together(self) -> None:
        super()._check_together()
        if self.k2 is not None and self.k1 is not None and self.k2 < self.k1:
            raise InputError(f"k2: expected k1 = {self.k1} or more, got {self.k2}: a gradient has to cover its window")


def chosen(options: TextOptions, characters: int) -> TextOptions:
    """Return options with those that were left open chosen for the length of a text; `benchmarks/RESULTS.md` says why.

    Args:
        options: the options as they were given.
        characters: the length of the training part.
    """
    streams = 2 ** round(math.log2(max(characters, 1) ** 0.5 / ROOT))
    found: dict[str, Any] = {
        "hidden_size": 192 if characters < SHORT else 256,
        "num_layers": 1,
        "batch_size": max(min(max(streams, FEWEST_STREAMS), MOST_STREAMS, characters // 2), 1),
        "k1": min(STEPS, options.k2 or STEPS),
        "learning_rate": 5e-3,
        "epochs": min(max(round(CHARACTERS / max(characters, 1)), EPOCHS[0]), EPOCHS[1]),
        "patience": PATIENCE if options.validation_fraction else None,
    }
    if options.minutes is not None:
        found["epochs"] = None
    filled = replace(options, **_open(options, found))
    found = {"dropout": _dropout(filled, characters)}
    if options.epochs is None and filled.epochs is not None and filled.epochs < EVALUATIONS:
        updates = characters / filled.batch_size / filled.k1 * filled.epochs
        found["evaluate_every"] = math.ceil(updates / EVALUATIONS)
    return replace(filled, **_open(options, found))


def _open(options: TextOptions, found: dict[str, Any]) -> dict[str, Any]:
    """Return the values of options that were not given."""
    return {name: value for name, value in found.items() if getattr(options, name) is None}


def _dropout(options: TextOptions, characters: int) -> float:
    """Return more dropout the more weights there are for each character."""
    hidden, width = options.hidden_size, options.embedding_dim or 64
    weights = GATES[options.cell] * hidden * (width + hidden + (options.num_layers - 1) * 2 * hidden)
    return next(dropout for least, dropout in DROPOUT if weights >= least * characters)
