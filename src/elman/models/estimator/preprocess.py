"""Share what the preprocess.py of every job ends with: the data of one training, and the sizes of its inputs."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from elman.data.inputs import SeriesInput, TokenInput


class Part(Protocol):
    """Examples in numbers."""

    def fingerprint(self) -> dict[str, str]:
        """Return digests of the examples, by name."""
        ...


PartT = TypeVar("PartT", bound=Part)
PreprocessorT = TypeVar("PreprocessorT")


@dataclass(frozen=True)
class PreparedData(Generic[PartT, PreprocessorT]):
    """The data of one training, as `prepare` of a job returns it; the job adds what else it keeps.

    Attributes:
        training: the training part.
        held_out: the held-out part; None with nothing held out.
        preprocessor: fitted on the training part.
        duplicates: held-out inputs that are in the training part too.
    """

    training: PartT
    held_out: PartT | None
    preprocessor: PreprocessorT
    duplicates: int

    def fingerprint(self) -> dict[str, str]:
        """Return digests of both parts, by which a checkpoint knows its data."""
        parts = {"training": self.training, "held-out": self.held_out}
        digests = {name: part.fingerprint() for name, part in parts.items() if part}
        return {f"{name} {what}": digest for name, some in digests.items() for what, digest in some.items()}


@dataclass(frozen=True)
class InputPreprocessor:
    """Encode sequences as numbers.

    Attributes:
        input: the numbers of symbols, or the scale of series.
    """

    input: TokenInput | SeriesInput

    @property
    def symbols(self) -> int | None:
        """The number of symbols, V; None where steps are numbers."""
        return len(self.input.vocabulary) if isinstance(self.input, TokenInput) else None

    @property
    def features(self) -> int:
        """The number of features at each step of a series, I; 0 where steps are symbols."""
        return len(self.input.mean) if isinstance(self.input, SeriesInput) else 0
