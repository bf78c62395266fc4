"""Declare the options of the feed-forward classifiers, of vectors and of windows."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from elman.options import (
    Column,
    Columns,
    Dropout,
    EmaDecay,
    EmbeddingDim,
    Help,
    HiddenSize,
    MinCount,
    NumLayers,
    Range,
    Search,
    SideName,
    Split,
    Tokens,
    TrainingOptions,
)


@dataclass(kw_only=True, eq=False, repr=False)
class PerceptronOptions(TrainingOptions):
    """Options of both: those of the multilayer perceptron and of its training.

    Attributes:
        target: what one input is called, such as "vector".
    """

    usual_epochs: ClassVar[int] = 20
    target: ClassVar[str]

    hidden_size: Annotated[HiddenSize, Help("Units in a hidden layer.")] = 128
    num_layers: Annotated[NumLayers, Help("Number of hidden layers.")] = 1
    dropout: Annotated[Dropout, Help("Dropout probability after each hidden layer, in [0, 1).")] = 0.3
    ema_decay: EmaDecay = 0.99
    split: Split = "stratified"


@dataclass(kw_only=True, eq=False, repr=False)
class FeedForwardOptions(PerceptronOptions):
    """Options of `FeedForward`, with their defaults."""

    target: ClassVar[str] = "vector"

    label: Annotated[Column, Help("Column of labels.")] = None
    features: Columns = None


@dataclass(kw_only=True, eq=False, repr=False)
class WindowOptions(PerceptronOptions):
    """Options of `WindowMLP`, with their defaults."""

    target: ClassVar[str] = "sequence"

    window: Annotated[int, Range(ge=1, le=65536), Search(2, 64, log=True), Help("Steps that the network reads.")] = 16
    side: Annotated[SideName, Help("Which steps of a longer sequence it reads: first or last.")] = "last"
    tokens: Tokens = "auto"
    min_count: MinCount = 2
    embedding_dim: EmbeddingDim = 16
