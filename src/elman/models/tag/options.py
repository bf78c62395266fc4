"""Declare the options of the tagger, and choose those that are left open for the size of the data."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from elman.models.estimator.options import EncoderOptions
from elman.options import (
    OPEN,
    AnsweringOptions,
    Column,
    EmbeddingDim,
    Epochs,
    Flag,
    Help,
    HiddenSize,
    InputDropout,
    LearningRate,
    Metavar,
    OpenBatchSize,
    Patience,
    Pretrained,
    Range,
    Search,
    SymbolDropout,
    Unset,
)

BATCH_SIZE = (4, 64)
"""Bounds of the default of `batch_size`, which makes `LEAST_UPDATES` updates an epoch or more."""
LEAST_UPDATES = 12
TAGS_OF_A_BATCH = (400, 1000)
"""Bounds of the tags in a batch that the default of `batch_size` aims at: a hundredth of all."""
EPOCHS = (3, 30)
"""Bounds of the default of `epochs`: the first of them, and as many as show `TAGS_SHOWN` tags."""
TAGS_SHOWN = 30_000
PATIENCE = 3
INPUT_DROPOUT, MANY_TAGS = 0.3, 200_000
"""The default of `input_dropout`, and the tags from which on a network learns more without."""


@dataclass(kw_only=True, eq=False, repr=False)
class TaggerOptions(EncoderOptions, AnsweringOptions):
    """Options of `SequenceTagger`, with their defaults."""

    source: Annotated[Column, Help("Column of sequences, in a table.")] = None
    target: Annotated[Column, Help("Column of their tags, in a table.")] = None
    token: Annotated[
        int | str,
        Metavar("COLUMN"),
        Help("Column of tokens, in a file with one a line: from 1, from -1 backwards, or its name in a header."),
    ] = 1
    tag: Annotated[int | str, Metavar("COLUMN"), Help("Column of tags, in a file with one token a line.")] = -1
    crf: Annotated[
        bool,
        Search(),
        Help("Whether tags that follow each other have scores, learned with the network (a CRF)."),
        Flag("--crf/--no-crf"),
    ] = True
    pretrained: Pretrained = None
    embedding_dim: EmbeddingDim = 32
    character_size: Annotated[
        int,
        Range(ge=0, le=65536),
        Help("Units, in each direction, of a network that reads the characters of each word; 0 leaves it out."),
    ] = 16
    hidden_size: HiddenSize = 64
    input_dropout: Annotated[InputDropout, Unset(f"{INPUT_DROPOUT}; 0 from {MANY_TAGS:,} tags")] = OPEN
    symbol_dropout: SymbolDropout = 0.05
    learning_rate: LearningRate = 1e-2
    batch_size: Annotated[
        OpenBatchSize,
        Unset(f"{BATCH_SIZE[0]} to {BATCH_SIZE[1]}, for {TAGS_OF_A_BATCH[0]} to {TAGS_OF_A_BATCH[1]:,} tags"),
    ] = None  # type: ignore[assignment]
    epochs: Annotated[
        Epochs,
        Unset(f"{EPOCHS[0]} to {EPOCHS[1]}, more for fewer tags, unless minutes are given"),
    ] = None
    patience: Annotated[
        Patience,
        Unset(f"{PATIENCE} with a held-out part, unless minutes are given"),
    ] = None
    split: Annotated[
        Literal["shuffled", "tail"], Help("Which sequences are held out: shuffled, or tail, the last ones.")
    ] = "shuffled"


def chosen(options: TaggerOptions, sequences: int, tags: int) -> TaggerOptions:
    """Return the options with what is left open chosen for a training part of so many sequences and tags."""
    size = _within(tags // 100, TAGS_OF_A_BATCH) * sequences // tags
    size = _within(min(size, sequences // LEAST_UPDATES), BATCH_SIZE)
    found = replace(options, batch_size=options.batch_size or size)
    if options.input_dropout is None:
        found = replace(found, input_dropout=0.0 if tags >= MANY_TAGS else INPUT_DROPOUT)
    if options.minutes is not None:
        return found
    if options.epochs is None:
        found = replace(found, epochs=_within(EPOCHS[0] + round(TAGS_SHOWN / tags), EPOCHS))
    if options.patience is None and options.validation_fraction > 0:
        found = replace(found, patience=PATIENCE)
    return found


def _within(number: int, bounds: tuple[int, int]) -> int:
    return min(max(number, bounds[0]), bounds[1])
