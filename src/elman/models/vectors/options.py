"""Declare the options of the feed-forward classifier of vectors."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from elman.options import Column, Columns, Dropout, EmaDecay, Help, HiddenSize, NumLayers, Split, TrainingOptions


@dataclass(kw_only=True, eq=False, repr=False)
class FeedForwardOptions(TrainingOptions):
    """Options of `FeedForward`, with their defaults."""

    usual_epochs: ClassVar[int] = 20

    label: Annotated[Column, Help("Column of labels.")] = None
    features: Columns = None
    hidden_size: Annotated[HiddenSize, Help("Units in a hidden layer.")] = 128
    num_layers: Annotated[NumLayers, Help("Number of hidden layers.")] = 1
    dropout: Annotated[Dropout, Help("Dropout probability after each hidden layer, in [0, 1).")] = 0.3
    ema_decay: EmaDecay = 0.99
    split: Split = "stratified"
