"""What every estimator can be told, checked: the one list of shared options, defaults and ranges.

An estimator has a child of `TrainingSettings` or `RecurrentSettings` of its own, which adds its options and may give a
shared one another default. `fit`'s own options, which decide where a run leaves its files, are in `running.py`.
"""

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from elman.errors import InputError
from elman.train import LoopOptions
from elman.train.optimise import NEEDS_LENGTH, OptimizerName, ScheduleName


class TrainingSettings(BaseModel):
    """How to train, whatever the network.

    Attributes:
        usual_epochs: passes over the data where neither epochs nor minutes are given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    usual_epochs: ClassVar[int] = 8

    batch: int = Field(64, ge=1)
    epochs: int | None = Field(None, ge=1)
    minutes: float | None = Field(None, gt=0)
    optimizer: OptimizerName = "adam"
    learning_rate: float = Field(2e-3, gt=0, le=100)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0, le=10)
    averaging: float = Field(0.0, ge=0, lt=1)
    schedule: ScheduleName = "constant"
    decay: float = Field(0.5, gt=0, lt=1)
    clip: float | None = Field(5.0, gt=0)
    clip_value: float | None = Field(None, gt=0)
    validation: float = Field(0.1, ge=0, lt=1)
    patience: int | None = Field(None, ge=1)
    evaluate_every: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0, lt=2**63)

    @classmethod
    def checked(cls, options: dict[str, Any]) -> Self:
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
        """See that options agree with each other; a child adds its own.

        Raises:
            InputError: they do not.
        """
        if self.schedule in NEEDS_LENGTH and self.minutes is not None:
            raise InputError(f"schedule: {self.schedule} has to know where training ends: give epochs, not minutes")
        if self.patience is not None and self.validation == 0:
            raise InputError("patience: early stopping needs a held-out part: give validation a share above 0")

    @property
    def passes(self) -> int | None:
        """Passes over the data; None where minutes alone decide."""
        return self.usual_epochs if self.epochs is None and self.minutes is None else self.epochs

    def identity(self) -> dict[str, Any]:
        """Return the options that a resumed training has to share, as JSON says them; how long it may go on is free."""
        return self.model_dump(mode="json", exclude={"epochs", "minutes", "patience"})

    def loop_options(self, checkpoint_seconds: float) -> LoopOptions:
        """Return what the training loop takes of the settings."""
        names = LoopOptions.__dataclass_fields__.keys() & type(self).model_fields.keys()
        shared = {name: getattr(self, name) for name in names}
        return LoopOptions(**shared | {"epochs": self.passes, "checkpoint_seconds": checkpoint_seconds})


class RecurrentSettings(TrainingSettings):
    """The recurrent layers, and how to train them."""

    cell: Literal["rnn", "gru", "lstm"] = "lstm"
    hidden: int = Field(128, ge=1, le=65536)
    layers: int = Field(1, ge=1, le=64)
    dropout: float = Field(0.0, ge=0, lt=1)


def _lower(message: str) -> str:
    """Pydantic says "Input should be greater than 0"; inside our line that reads "should be greater than 0"."""
    return message.removeprefix("Input ").replace("'", "")
