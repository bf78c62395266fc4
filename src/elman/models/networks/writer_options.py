"""What translator and captioner can be told beyond what every recurrent estimator can."""

from typing import Any

from pydantic import ConfigDict, Field
from torch import nn

from elman.data.wording import TokensOption
from elman.errors import InputError
from elman.models.estimator.options import RecurrentSettings
from elman.models.networks.beam_search import Beam


class WriterSettings(RecurrentSettings):
    """The options of a decoder and of its search, shared by all that write."""

    embedding: int = Field(64, ge=1, le=65536)
    min_count: int = Field(1, ge=1)
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    teacher_forcing: float = Field(1.0, ge=0, le=1)
    beam: int = Field(5, ge=1, le=1000)
    length_penalty: float = Field(0.6, ge=0, le=10)

    @property
    def search(self) -> Beam:
        """How to search for what to write."""
        return Beam(self.beam, self.length_penalty)

    def identity(self) -> dict[str, Any]:
        """Return the options that a resumed training has to share: not those of the search, which comes after it."""
        return {name: value for name, value in super().identity().items() if name not in ("beam", "length_penalty")}


class TranslatorSettings(WriterSettings):
    """The options of `Translator`, with their defaults."""

    hidden: int = Field(128, ge=1, le=65536)
    dropout: float = Field(0.2, ge=0, lt=1)
    learning_rate: float = Field(3e-3, gt=0, le=100)
    source_tokens: TokensOption = "auto"
    target_tokens: TokensOption = "auto"
    attend: bool = True
    bidirectional: bool = True
    symbol_dropout: float = Field(0.0, ge=0, lt=1)
    copying: bool = False
    memory: bool = False
    source: str | None = None
    target: str | None = None

    def check_together(self) -> None:
        """See that options agree with each other.

        Raises:
            InputError: they do not.
        """
        super().check_together()
        if self.copies and not self.attend:
            raise InputError(
                "attend: a decoder copies from what it looks at: leave copying and memory off, or attend on"
            )

    @property
    def copies(self) -> bool:
        """Whether the decoder copies from what it reads."""
        return self.copying or self.memory


class CaptionerSettings(WriterSettings):
    """The options of `Captioner`, with their defaults. No file holds the encoder, which is a module of the user's."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    encoder: nn.Module | None = Field(None, exclude=True)
    tokens: TokensOption = "auto"
    image: str | None = None
    caption: str | None = None
    features: int = Field(128, ge=1, le=65536)
    dropout: float = Field(0.2, ge=0, lt=1)
