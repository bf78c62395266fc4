"""What a text generator can be told beyond what every recurrent estimator can."""

from pydantic import Field

from elman.errors import InputError
from elman.models.estimator.options import RecurrentSettings


class TextSettings(RecurrentSettings):
    """The options of `TextGenerator`, with their defaults: the recipe for a text of about a million characters."""

    hidden: int = Field(256, ge=1, le=65536)
    layers: int = Field(2, ge=1, le=64)
    embedding: int | None = Field(64, ge=1, le=65536)
    k1: int = Field(128, ge=1)
    k2: int | None = Field(None, ge=1)
    separator: str | None = Field(None, min_length=1)

    def check_together(self) -> None:
        """See that options agree with each other.

        Raises:
            InputError: they do not.
        """
        super().check_together()
        if self.k2 is not None and self.k2 < self.k1:
            raise InputError(f"k2: expected k1 = {self.k1} or more, came {self.k2}: a gradient has to cover its window")
