"""Check the content of model files before it is used: one class for each kind of model.

A file's checksum says that it is what somebody wrote, not that Elman wrote it.
"""

from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from elman.data.frequency import Unit
from elman.data.series import Backend
from elman.data.tokenizer import Kind
from elman.errors import InputError
from elman.limits import COUNT
from elman.quoting import quote

Label: TypeAlias = str | bool | int | float
Count: TypeAlias = Annotated[int, Field(ge=0, le=COUNT)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Pair: TypeAlias = Annotated[list[str], Field(min_length=2, max_length=2)]
Steps: TypeAlias = Annotated[int, Field(ge=1, le=2**24)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Answered(_Part):
    """The predictor that a model answers with, the factors of its parts, and the losses of what it was chosen from."""

    name: str = Field(min_length=1)
    factors: dict[str, Annotated[float, Field(ge=-1e9, le=1e9)]] = Field(min_length=1)
    losses: dict[str, Annotated[float, Field(allow_inf_nan=True)]]
    unit: str = ""


class Content(_Part):
    """The parts that every model file has; the options chosen for the data, and the answer, where there are any."""

    options: dict[str, Any]
    baselines: dict[str, Annotated[float, Field(allow_inf_nan=True)]]
    progress: dict[str, Any]
    chosen: dict[str, Any] = {}
    answer: Answered | None = None

    @classmethod
    def check(cls, content: Any) -> None:
        """See that content is what this kind of model writes.

        Raises:
            InputError: it is not; the message names the first part that differs.
        """
        try:
            cls.model_validate(content)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            message = first["msg"].removeprefix("Value error, ")
            raise InputError(f"{quote(where)}: {message}, got {quote(first['input'])}") from error


class Tokenizer(_Part):
    """A tokenizer's symbols: the unknown one, the end, and those that were learned; and the merges of pieces."""

    tokens: Kind
    symbols: list[str] = Field(min_length=2)
    merges: list[Pair] = []


class TokenInput(_Part):
    """The symbols of an input, the unknown one first; and the merges of pieces."""

    tokens: Kind
    symbols: list[str] = Field(min_length=1)
    merges: list[Pair] = []


class SeriesInput(_Part):
    """The scale of each feature."""

    mean: list[float] = Field(min_length=1)
    deviation: list[Annotated[float, Field(gt=0)]]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        _same_length(deviation=self.deviation, mean=self.mean)
        return self


Input: TypeAlias = TokenInput | SeriesInput


class TextContent(Content):
    """A text generator's."""

    answer: Answered
    alphabet: str = Field(min_length=1)


class NGrams(_Part):
    """The pieces that are counted."""

    pieces: dict[Literal["characters", "words"], list[str]] = Field(min_length=1)
    lower: bool


class Columns(_Part):
    """The columns that a classifier was trained on: of texts, or of series."""

    text: str | None
    label: str
    separator: Annotated[str, Field(min_length=1)] | None
    series: str | None
    step: str | None
    features: list[str]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.text is None) == (self.series is None):
            raise ValueError("expected a column of texts or one of series")
        return self


class _Classes(Content):
    input: Input
    classes: list[Label] = Field(min_length=1)
    priors: list[Share]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        _same_length(priors=self.priors, classes=self.classes)
        _different(self.classes)
        return self


class Positions(_Part):
    """The columns of symbols at positions."""

    length: int = Field(ge=2, le=65536)
    symbols: int = Field(ge=1, le=65536)
    keys: list[Count] = Field(min_length=1)


class Trees(_Part):
    """The columns and the number of boosted trees."""

    columns: Positions
    rounds: int = Field(ge=1, le=65536)


class SimpleModels(_Part):
    """The simple models of a sequence classifier."""

    priors: list[Share]
    ngrams: NGrams | None
    dilations: Annotated[list[Steps], Field(min_length=1)] | None
    positions: Positions | None
    trees: Trees | None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.positions is None) != (self.trees is None):
            raise ValueError("expected positions and trees, or neither")
        return self


class ClassifierContent(_Classes):
    """A sequence classifier's."""

    multilabel: bool
    simple: SimpleModels
    columns: Columns | None
    embedding: int = Field(ge=1, le=65536)
    answer: Answered

    @model_validator(mode="after")
    def _agree_too(self) -> Self:
        _same_length(priors=self.simple.priors, classes=self.classes)
        return self


class VectorContent(_Classes):
    """A window MLP's."""

    duplicates: Count


class FeedForwardContent(VectorContent):
    """A feed-forward network's."""

    label: str | None
    features: list[str] | None


class LinearTagger(_Part):
    """The features of a linear tagger: how many each template has."""

    sizes: list[Count] = Field(min_length=1)


class TaggerContent(Content):
    """A sequence tagger's."""

    answer: Answered
    cut: Kind
    input: Input
    words: dict[str, list[str]] | None
    alphabet: str | None
    linear: LinearTagger | None
    embedding: int = Field(ge=1, le=65536)
    classes: list[Label] = Field(min_length=2)
    likeliest: list[Count]
    duplicates: Count
    unseen_tags: Count

    @model_validator(mode="after")
    def _agree(self) -> Self:
        symbols = len(self.input.symbols) if isinstance(self.input, TokenInput) else 1
        if self.words is not None and not isinstance(self.input, TokenInput):
            raise ValueError("expected parts of words in a tagger of words alone")
        if self.alphabet is not None and self.words is None:
            raise ValueError("expected an alphabet in a tagger that reads words by their parts")
        if len(self.likeliest) != symbols or max(self.likeliest) >= len(self.classes):
            raise ValueError(f"expected one of {len(self.classes)} tags for each of {symbols} symbols")
        _different(self.classes)
        return self


class TranslatorContent(Content):
    """A translator's."""

    answer: Answered
    source: Tokenizer
    target: Tokenizer
    growth: float = Field(gt=0, le=10_000)
    duplicates: Count
    columns: Pair | None
    threshold: float | None
    doubt: float | None


class CaptionerContent(Content):
    """A captioner's."""

    answer: Answered
    tokenizer: Tokenizer
    shape: list[Annotated[int, Field(ge=1, le=2**24)]] = Field(min_length=3, max_length=3)
    columns: Pair | None
    commonest: str
    longest: int = Field(ge=1, le=1_000_000)
    duplicates: Count
    own_encoder: bool
    threshold: float | None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.shape[2] not in (1, 3):
            raise ValueError("expected images of 1 or 3 channels")
        return self


class Frequency(_Part):
    """A grid of stamps."""

    unit: Unit
    step: int = Field(ge=1, le=COUNT)


class Scale(_Part):
    """The unit of a series."""

    log: bool
    spread: float = Field(gt=0)
    nonnegative: bool = False


class Preparation(_Part):
    """The preparation of series."""

    frequency: Frequency
    horizon: Steps
    seasons: list[Steps]
    tried: list[Steps]
    context: int = Field(ge=2, le=2**24)
    # JSON has no tuples: a list of two is taken for one.
    scales: list[Annotated[tuple[Label | None, Scale], Field(strict=False)]] = Field(min_length=1)
    covariates: list[Annotated[tuple[Label | None, list[list[float]]], Field(strict=False)]]


class Intervals(_Part):
    """The sizes of errors."""

    sizes: list[Annotated[float, Field(ge=0)]]
    quotients: list[Annotated[float, Field(ge=0)]] = Field(min_length=1)
    freedom: float = Field(ge=1, le=COUNT)


class RidgeLags(_Part):
    """The lags that a regression reads; its factors are tensors."""

    suffix: str
    edges: list[Annotated[int, Field(ge=0, le=COUNT)]] = Field(min_length=2)
    seasons: list[Steps]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if any(begin >= end for begin, end in pairwise(self.edges)):
            raise ValueError("expected edges that grow")
        return self


class SimpleMethods(_Part):
    """The methods that forecast without a network."""

    seasons: list[Steps]
    logs: bool
    units: list[list[Annotated[float, Field(gt=0, le=1e39)]]] = Field(min_length=1)
    ridges: list[RidgeLags]


class Series(_Part):
    """The last steps of one series."""

    name: Label | None
    first: int = Field(ge=-(2**62), le=2**62)
    values: list[float] = Field(min_length=1)
    observed: list[bool]
    covariates: list[list[float]]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        _same_length(observed=self.observed, covariates=self.covariates, values=self.values)
        return self


class History(_Part):
    """The last steps of all series."""

    series: list[Series] = Field(min_length=1)
    frequency: Frequency
    covariates: list[str]
    source: str
    backend: Backend


class ForecasterContent(Content):
    """A forecaster's."""

    sizes: list[Annotated[int, Field(ge=0, le=COUNT)]] = Field(min_length=2, max_length=2)
    preparation: Preparation
    simple: SimpleMethods
    answer: Answered
    intervals: Intervals | None
    history: History

    @model_validator(mode="after")
    def _agree(self) -> Self:
        p, width = self.preparation, len(self.history.covariates)
        names = [one.name for one in self.history.series]
        if not names == [name for name, _ in p.scales] == [name for name, _ in p.covariates]:
            raise ValueError("expected a scale for each series of the history")
        if any(not 0 <= factor <= 1 for factor in self.answer.factors.values()):
            raise ValueError("expected factors of 0 to 1")
        if len(self.simple.units) != len(names) or any(len(pair) != 2 for pair in self.simple.units):
            raise ValueError("expected two units for each series of the history")
        if p.horizon != self.options.get("horizon") or p.frequency != self.history.frequency:
            raise ValueError("expected one horizon and one frequency")
        if self.intervals and len(self.intervals.sizes) != p.horizon:
            raise ValueError(f"expected errors of {p.horizon} steps")
        rows = [row for one in self.history.series for row in one.covariates]
        rows += [row for _, both in p.covariates for row in both]
        if any(len(row) != width for row in rows) or any(len(both) != 2 for _, both in p.covariates):
            raise ValueError(f"expected {width} covariates at each step")
        return self


def _same_length(**lists: list[Any]) -> None:
    (first, found), *others = lists.items()
    for name, other in others:
        if len(other) != len(found):
            raise ValueError(f"expected as many {first} as {name}, {len(other)}, got {len(found)}")


def _different(classes: list[Label]) -> None:
    if len(set(classes)) != len(classes):
        raise ValueError("expected classes that differ")
