"""What a tagger can be told beyond what every recurrent estimator can."""

from typing import ClassVar, Literal

from pydantic import Field

from elman.models.estimator.options import RecurrentSettings


class TaggerSettings(RecurrentSettings):
    """The options of `SequenceTagger`, with their defaults: the recipe for some ten thousand sequences."""

    usual_epochs: ClassVar[int] = 10

    hidden: int = Field(96, ge=1, le=65536)
    dropout: float = Field(0.3, ge=0, lt=1)
    learning_rate: float = Field(3e-3, gt=0, le=100)
    averaging: float = Field(0.99, ge=0, lt=1)
    bidirectional: bool = True
    embedding: int = Field(32, ge=1, le=65536)
    tokens: Literal["auto", "words", "characters", "symbols"] = "auto"
    min_count: int = Field(1, ge=1)
    input_dropout: float = Field(0.0, ge=0, lt=1)
    symbol_dropout: float = Field(0.02, ge=0, lt=1)
    source: str | None = Field(None, min_length=1)
    target: str | None = Field(None, min_length=1)
    token: int = 1
    tag: int = -1
