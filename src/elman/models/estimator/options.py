"""Declare the options that several jobs share: those of an encoder of sequences, and those of a decoder."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from elman.options import (
    Bidirectional,
    Dropout,
    EmaDecay,
    EmbeddingDim,
    Help,
    HiddenSize,
    InputDropout,
    LabelSmoothing,
    MinCount,
    Range,
    RecurrentOptions,
    SymbolDropout,
    Tokens,
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


@dataclass(kw_only=True, eq=False, repr=False)
class WriterOptions(RecurrentOptions):
    """Options of the translator and the captioner, which write a text with one decoder and its beam search."""

    _may_change: ClassVar[tuple[str, ...]] = (*RecurrentOptions._may_change, "beam", "length_penalty")

    embedding_dim: EmbeddingDim = 64
    min_count: MinCount = 1
    dropout: Dropout = 0.2
    label_smoothing: LabelSmoothing = 0.0
    teacher_forcing: Annotated[
        float,
        Range(ge=0, le=1),
        Help("Probability that a step reads the right symbol in training, not its own choice, in [0, 1]."),
    ] = 1.0
    beam: Annotated[int, Range(ge=1, le=1000), Help("Width of the beam search; 1 is greedy.")] = 5
    length_penalty: Annotated[
        float, Range(ge=0, le=10), Help("Length penalty of the beam search; larger values favour longer texts.")
    ] = 0.6
