"""Declare the options that several jobs share: those of an encoder of sequences, and those of a decoder."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, TypeVar

from elman.options import (
    AnsweringOptions,
    Bidirectional,
    Dropout,
    EmaDecay,
    EmbeddingDim,
    Epochs,
    Help,
    HiddenSize,
    InputDropout,
    LabelSmoothing,
    MinCount,
    OpenBatchSize,
    Patience,
    Range,
    RecurrentOptions,
    Schedule,
    Search,
    SymbolDropout,
    Tokens,
    Unset,
)


@dataclass(kw_only=True, eq=False, repr=False)
class EncoderOptions(RecurrentOptions):
    """Options of the classifier and the tagger of sequences, which read them with one encoder."""

    tokens: Tokens = "auto"
    min_count: MinCount = 1
    embedding_dim: EmbeddingDim = 64
    hidden_size: HiddenSize = 96
    bidirectional: Bidirectional = True
    dropout: Dropout = 0.3
    input_dropout: InputDropout = 0.0
    symbol_dropout: SymbolDropout = 0.0
    ema_decay: EmaDecay = 0.99


UPDATES = 2500
"""Updates of a training, as far as the bounds of its epochs and the symbols that it reads allow."""
SYMBOLS = 4_000_000
"""Symbols that a training reads and writes, as far as the bounds of its epochs allow: a minute or two on one core."""
EPOCHS = (8, 60)
BATCH_SIZE = (8, 64)
EPOCH = 80
"""Updates in an epoch, as far as the bounds of the batch allow."""


@dataclass(kw_only=True, eq=False, repr=False)
class WriterOptions(RecurrentOptions, AnsweringOptions):
    """Options of the translator and the captioner, which write a text with one decoder and its beam search."""

    _may_change: ClassVar[tuple[str, ...]] = (*RecurrentOptions._may_change, "beam", "length_penalty", "answer")

    embedding_dim: EmbeddingDim = 64
    min_count: MinCount = 1
    dropout: Dropout = 0.2
    label_smoothing: LabelSmoothing = 0.0
    teacher_forcing: Annotated[
        float,
        Range(ge=0, le=1),
        Search(0.5, 1),
        Help("Probability that a step reads the right symbol in training, not its own choice, in [0, 1]."),
    ] = 1.0
    beam: Annotated[
        int | None,
        Range(ge=1, le=1000),
        Help("Width of the beam search; 1 is greedy."),
        Unset("chosen on held-out texts"),
    ] = None
    length_penalty: Annotated[
        float | None,
        Range(ge=0, le=10),
        Help("Length penalty of the beam search; larger values favour longer texts."),
        Unset("chosen on held-out texts"),
    ] = None
    batch_size: Annotated[
        OpenBatchSize,
        Unset(f"{BATCH_SIZE[0]} to {BATCH_SIZE[1]}, for {EPOCH} updates an epoch"),
    ] = None  # type: ignore[assignment]
    epochs: Annotated[
        Epochs,
        Unset(f"{EPOCHS[0]} to {EPOCHS[1]}, for {UPDATES:,} updates or less, unless minutes are given"),
    ] = None
    patience: Annotated[
        Patience,
        Unset("a quarter of the epochs, where examples are held out"),
    ] = None
    schedule: Schedule = "plateau"
    ema_decay: EmaDecay = 0.99
    split: Annotated[
        Literal["shuffled", "tail"],
        Help("Which examples are held out: shuffled, drawn by the seed, or tail, the last ones."),
    ] = "shuffled"


WriterT = TypeVar("WriterT", bound=WriterOptions)


def chosen_training(options: WriterT, examples: int, symbols: int) -> WriterT:
    """Return the options with batch, epochs and patience, where they are left open.

    Args:
        options: the options of a translator or a captioner.
        examples: examples of the training part.
        symbols: what is read and written in an epoch, in symbols.
    """
    batch = options.batch_size or _within(examples // EPOCH, BATCH_SIZE)
    epochs, patience = options.epochs, options.patience
    if epochs is None and options.minutes is None:
        epochs = _within(min(UPDATES // -(-examples // batch), SYMBOLS // symbols), EPOCHS)
    if patience is None and options.validation_fraction:
        patience = max(3, (epochs or 0) // 4)
    return replace(options, batch_size=batch, epochs=epochs, patience=patience)


def _within(number: int, bounds: tuple[int, int]) -> int:
    return min(max(number, bounds[0]), bounds[1])
