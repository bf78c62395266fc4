"""Declare the options of the classifier of a window."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from elman.options import (
    Dropout,
    EmaDecay,
    EmbeddingDim,
    Help,
    HiddenSize,
    MinCount,
    NumLayers,
    Range,
    SideName,
    Split,
    Tokens,
    TrainingOptions,
)


@dataclass(kw_only=True, eq=False, repr=False)
class WindowOptions(TrainingOptions):
    """Options of `WindowMLP`, with their defaults."""

    usual_epochs: ClassVar[int] = 20

    window: Annotated[int, Range(ge=1, le=65536), Help("Steps that the network reads.")] = 16
    side: Annotated[SideName, Help("Which steps of a longer sequence it reads: first or last.")] = "last"
    hidden_size: Annotated[HiddenSize, Help("Units in a hidden layer.")] = 128
    num_layers: Annotated[NumLayers, Help("Number of hidden layers.")] = 1
    tokens: Tokens = "auto"
    min_count: MinCount = 2
    embedding_dim: EmbeddingDim = 16
    dropout: Annotated[Dropout, Help("Dropout probability after each hidden layer, in [0, 1).")] = 0.3
    ema_decay: EmaDecay = 0.99
    split: Split = "stratified"
