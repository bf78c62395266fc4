"""What a feed-forward network over a window can be told beyond what every estimator can."""

from typing import ClassVar

from pydantic import Field

from elman.data.inputs import Kind
from elman.data.sequences import Side
from elman.data.splits import Split
from elman.models.estimator.options import TrainingSettings


class WindowSettings(TrainingSettings):
    """The options of `WindowMLP`, with their defaults."""

    usual_epochs: ClassVar[int] = 20

    window: int = Field(16, ge=1, le=65536)
    side: Side = "last"
    hidden: int = Field(128, ge=1, le=65536)
    layers: int = Field(1, ge=1, le=64)
    tokens: Kind = "auto"
    min_count: int = Field(2, ge=1)
    embedding: int = Field(16, ge=1, le=65536)
    dropout: float = Field(0.3, ge=0, lt=1)
    averaging: float = Field(0.99, ge=0, lt=1)
    split: Split = "stratified"
