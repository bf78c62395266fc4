"""What a sequence classifier can be told beyond what every recurrent estimator can."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from elman.data.inputs import Kind
from elman.data.splits import Split
from elman.models.estimator.options import RecurrentSettings
from elman.models.networks.pooling import PoolingName

EXAMPLES_SHOWN = 100_000
EPOCHS = (10, 60)
"""Where neither epochs nor minutes are given, so many epochs as show `EXAMPLES_SHOWN` examples, within these bounds."""
STEPS = 16
BATCH = (8, 64)
"""Where no batch is given, such that an epoch has `STEPS` updates or more, within these bounds."""


class ClassifierSettings(RecurrentSettings):
    """The options of `SequenceClassifier`, with their defaults."""

    hidden: int = Field(96, ge=1, le=65536)
    bidirectional: bool = True
    pooling: PoolingName = "mean+max"
    tokens: Kind = "auto"
    min_count: int = Field(2, ge=1)
    embedding: int = Field(64, ge=1, le=65536)
    pretrained: str | Path | None = None
    dropout: float = Field(0.3, ge=0, lt=1)
    input_dropout: float = Field(0.2, ge=0, lt=1)
    symbol_dropout: float = Field(0.1, ge=0, lt=1)
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    ngrams: bool = True
    class_weight: Literal["balanced"] | dict[Any, float] | None = None
    batch: int | None = Field(None, ge=1)  # type: ignore[assignment]
    averaging: float = Field(0.99, ge=0, lt=1)
    split: Split = "stratified"
    text: str | None = None
    label: str | None = None
    label_separator: str | None = Field(None, min_length=1)
    series: str | None = None
    step: str | None = None
    features: list[str] | None = None

    def fitted_to(self, rows: int) -> "ClassifierSettings":
        """Return the settings with batch and epochs chosen for so many training rows, where they were left open."""
        batch = self.batch or _within(rows // STEPS, BATCH)
        epochs = self.epochs
        if epochs is None and self.minutes is None:
            epochs = _within(EXAMPLES_SHOWN // rows, EPOCHS)
        return self.model_copy(update={"batch": batch, "epochs": epochs})


def _within(number: int, bounds: tuple[int, int]) -> int:
    return min(max(number, bounds[0]), bounds[1])
