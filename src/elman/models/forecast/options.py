"""What a forecaster can be told, checked."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from elman.data.series import Fill
from elman.errors import InputError
from elman.models.estimator.options import RecurrentSettings
from elman.quoting import quote


class ForecastSettings(RecurrentSettings):
    """The options of `Forecaster`, with their defaults: a recipe for a hundred values as well as for thousands."""

    usual_epochs: ClassVar[int] = 200

    cell: Literal["rnn", "gru", "lstm"] = "gru"
    hidden: int = Field(32, ge=1, le=65536)
    dropout: float = Field(0.2, ge=0, lt=1)
    batch: int = Field(32, ge=1)
    learning_rate: float = Field(3e-3, gt=0, le=100)
    validation: float = Field(0.2, ge=0, lt=1)
    patience: int | None = Field(20, ge=1)
    bidirectional: bool = False
    horizon: int = Field(12, ge=1, le=65536)
    context: int | None = Field(None, ge=2)
    season: int | None = Field(None, ge=1)
    target_transform: Literal["auto", "log", "none"] = "auto"
    nonnegative: bool | None = None
    split: Literal["time", "shuffled"] = "time"
    members: int = Field(3, ge=1, le=1024)
    series: str | None = Field(None, min_length=1)
    time: str | None = Field(None, min_length=1)
    value: str | None = Field(None, min_length=1)
    covariates: list[str] | None = None
    fill: Fill | None = None

    def check_together(self) -> None:
        """See that options agree with each other.

        Raises:
            InputError: they do not.
        """
        super().check_together()
        if self.bidirectional:
            raise InputError(
                "bidirectional: a forecast reads forward only: backward states would have to come from values after "
                "its origin, which are what is asked for: leave it False"
            )
        taken = [name for name in (self.series, self.time, self.value) if name is not None]
        names = [*taken, *(self.covariates or ())]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise InputError(f"covariates: column {quote(min(twice))} is named for two things: name each column once")

    def reading(self) -> dict[str, Any]:
        """Return the options that say how to read a table."""
        return self.model_dump(include={"series", "time", "value", "fill"}) | {"covariates": self.covariates or ()}
