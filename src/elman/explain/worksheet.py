"""The worksheet: what a sheet may say, field by field, as it stands in YAML or as Python objects.

pydantic checks the words and the types here; `problem.py` checks the shapes against each other. What a sheet must say
and does not is refused with the readings it could have: nothing is guessed.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from elman.errors import InputError


def _numbers(given: Any) -> NDArray[np.float64]:
    try:
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("expected numbers in rows of equal length") from None
    if not np.isfinite(array).all():
        raise ValueError("expected finite numbers")
    return array


Numbers = Annotated[NDArray[np.float64], PlainValidator(_numbers)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Example(_Part):
    """One sequence: its words (or one text, split at spaces) or its input vectors, and what it should give."""

    words: tuple[str, ...] | None = None
    text: str | None = None
    inputs: Numbers | None = None
    target: Numbers | None = None
    targets: tuple[Numbers, ...] | None = None
    initial: dict[str, Numbers] = {}


class Output(_Part):
    """What is read off the state: `y = W_hy h + b_y`, then p. `none`: the state itself is the prediction.

    `read` is for two directions and the last step only: `ends` joins the last state of either direction, `position`
    joins both states at the last position.
    """

    kind: Literal["linear", "sigmoid", "softmax", "none"]
    at: Literal["last", "every"] | None = None
    read: Literal["ends", "position"] | None = None


class Loss(_Part):
    """Which loss, at which steps, and whether several are summed or averaged."""

    kind: Literal["binary_cross_entropy", "cross_entropy", "half_squares"]
    at: Literal["last", "every"]
    over_steps: Literal["sum", "mean"] | None = None
    over_examples: Literal["sum", "mean"] | None = None


class Truncation(_Part):
    """`blocks`: the gradient is cut after every `steps` steps. `last`: only the last `steps` steps get a gradient."""

    steps: Annotated[int, Field(ge=1)]
    kind: Literal["blocks", "last"] | None = None


class Clip(_Part):
    """Bound the norm of all gradients together, or each entry."""

    norm: Positive | None = None
    value: Positive | None = None


class Update(_Part):
    """One step of SGD (with momentum) or Adam.

    `velocity`, `first` and `second` are the moments before the step; zero if not given.
    """

    method: Literal["sgd", "adam"]
    rate: Positive
    momentum: Fraction = 0.0
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    epsilon: Positive = 1e-8
    step: Annotated[int, Field(ge=1)] = 1
    velocity: dict[str, Numbers] = {}
    first: dict[str, Numbers] = {}
    second: dict[str, Numbers] = {}


class Worksheet(_Part):
    """A small recurrent network with all its numbers, the sequences it reads and what it should say."""

    title: str = ""
    note: str = ""
    cell: Literal["rnn", "lstm", "gru"]
    activation: Literal["tanh", "relu", "sigmoid", "identity"] = "tanh"
    reset: Literal["before", "after"] | None = None
    z: Literal["keep", "take"] | None = None
    bidirectional: bool = False
    layers: Literal[1, 2] = 1
    embeddings: Annotated[dict[str, Numbers], Field(min_length=1)] | None = None
    bag: bool = False
    layout: Literal["elman", "pytorch", "keras", "onnx"] = "elman"
    parameters: dict[str, Numbers]
    examples: Annotated[tuple[Example, ...], Field(min_length=1)]
    output: Output
    loss: Loss | None = None
    truncation: Truncation | None = None
    clip: Clip | None = None
    update: Update | None = None
    digits: Annotated[int, Field(ge=1, le=15)] = 4
    notation: str = "xh"

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and isinstance(given.get("output"), str):
            return {**given, "output": {"kind": given["output"]}}
        return given


def read_sheet(given: Mapping[str, Any], where: str = "worksheet") -> Worksheet:
    """Check a mapping against the worksheet's fields; the first fault is one line."""
    try:
        return Worksheet.model_validate(dict(given))
    except ValidationError as error:
        raise InputError(f"{where}: {_one_line(error)}") from None


def _one_line(error: ValidationError) -> str:
    first, more = error.errors(include_url=False)[0], error.error_count() - 1
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    given = first["input"] if isinstance(first["input"], str | int | float | bool | None) else ""
    value = f", got {given!r}" if given != "" and first["type"] != "missing" else ""
    words = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
    rest = f" ({more} more to put right after this)" if more else ""
    return f"{place}: {words[0].lower()}{words[1:]}{value}{rest}"
