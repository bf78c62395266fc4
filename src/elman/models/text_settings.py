"""What a text generator can be told, checked: the one list of options, defaults and ranges."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from elman.errors import InputError
from elman.train.optimise import NEEDS_LENGTH, OptimizerName, ScheduleName

USUAL_EPOCHS = 8
"""Passes over the text where neither epochs nor minutes are given."""


class TextSettings(BaseModel):
    """The options of `TextGenerator`, with their defaults: the recipe for a text of about a million characters."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    cell: Literal["rnn", "gru", "lstm"] = "lstm"
    hidden: int = Field(256, ge=1, le=65536)
    layers: int = Field(2, ge=1, le=64)
    embedding: int | None = Field(64, ge=1, le=65536)
    dropout: float = Field(0.0, ge=0, lt=1)
    k1: int = Field(128, ge=1)
    k2: int | None = Field(None, ge=1)
    batch: int = Field(64, ge=1)
    epochs: int | None = Field(None, ge=1)
    minutes: float | None = Field(None, gt=0)
    optimizer: OptimizerName = "adam"
    learning_rate: float = Field(2e-3, gt=0, le=100)
    momentum: float = Field(0.9, ge=0, lt=1)
    schedule: ScheduleName = "constant"
    decay: float = Field(0.5, gt=0, lt=1)
    clip: float | None = Field(5.0, gt=0)
    clip_value: float | None = Field(None, gt=0)
    validation: float = Field(0.1, ge=0, lt=1)
    patience: int | None = Field(None, ge=1)
    evaluate_every: int | None = Field(None, ge=1)
    separator: str | None = Field(None, min_length=1)
    seed: int = Field(0, ge=0, lt=2**63)

    @classmethod
    def checked(cls, options: dict[str, Any]) -> "TextSettings":
        """Return the settings, or say in one line what is wrong with the first option that is.

        Raises:
            InputError: an option is unknown, of the wrong type, or out of range.
        """
        try:
            settings = cls(**options)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(f"{where}: {_lower(first['msg'])}, came {first['input']!r}") from error
        settings.check_together()
        return settings

    def check_together(self) -> None:
        """See that options agree with each other.

        Raises:
            InputError: they do not.
        """
        if self.k2 is not None and self.k2 < self.k1:
            raise InputError(f"k2: expected k1 = {self.k1} or more, came {self.k2}: a gradient has to cover its window")
        if self.schedule in NEEDS_LENGTH and self.minutes is not None:
            raise InputError(f"schedule: {self.schedule} has to know where training ends: give epochs, not minutes")
        if self.patience is not None and self.validation == 0:
            raise InputError("patience: early stopping needs a held-out part: give validation a share above 0")

    @property
    def passes(self) -> int | None:
        """Passes over the text; None where minutes alone decide."""
        return USUAL_EPOCHS if self.epochs is None and self.minutes is None else self.epochs

    def identity(self) -> dict[str, Any]:
        """Return the options that a resumed training has to share; how long it may go on is free."""
        return self.model_dump(exclude={"epochs", "minutes", "patience"})


def _lower(message: str) -> str:
    """Pydantic says "Input should be greater than 0"; inside our line that reads "should be greater than 0"."""
    return message.removeprefix("Input ").replace("'", "")
