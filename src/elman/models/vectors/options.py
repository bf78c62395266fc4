"""What a feed-forward classifier can be told beyond what every estimator can."""

from typing import ClassVar

from pydantic import Field

from elman.data.splits import Split
from elman.models.estimator.options import TrainingSettings


class FeedForwardSettings(TrainingSettings):
    """The options of `FeedForward`, with their defaults."""

    usual_epochs: ClassVar[int] = 20

    hidden: int = Field(128, ge=1, le=65536)
    layers: int = Field(1, ge=1, le=64)
    dropout: float = Field(0.3, ge=0, lt=1)
    averaging: float = Field(0.99, ge=0, lt=1)
    split: Split = "stratified"
    label: str | None = None
    features: list[str] | None = None
