"""Declare the fields of a worksheet, and read one from a mapping, from a YAML file or from the gallery.

pydantic checks the words and the types here; `problem.py` checks the shapes against each other. What a sheet must say
and does not is refused with the readings it could have: nothing is guessed.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from elman.errors import InputError
from elman.quoting import printable, quote, shorten
from elman.worked.sheet.fields import (
    Count,
    Digits,
    Fraction,
    Layers,
    Note,
    Numbers,
    Positive,
    Sentence,
    Table,
    Title,
    Truth,
    Word,
)
from elman.worked.sheet.yamlfile import Odd, compose, plain, read_text, shown

_WORDS = {
    "extra_forbidden": "not a field of a worksheet",
    "tuple_type": "expected a list",
    "dict_type": "expected a mapping from names to numbers",
    "model_type": "expected fields, one a line",
    "model_attributes_type": "expected fields, one a line",
}
_GALLERY = Path(__file__).with_name("gallery")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Example(_Part):
    """Give one sequence: its words (or one text, split at spaces) or its input vectors, and its targets."""

    words: tuple[Word, ...] | None = Field(None, description="The words, each of them in `embeddings`.")
    text: Sentence | None = Field(None, description="The words as one text, split at white space.")
    inputs: Numbers | None = Field(None, description="The input vectors (T, I), one row a step, without words.")
    target: Numbers | None = Field(None, description="The target of a loss at the last step: a class or numbers.")
    targets: tuple[Numbers, ...] | None = Field(None, description="The targets of a loss at every step, one a step.")
    initial: Table = Field({}, description="States before the first step by name (`h`, `c`, `h_l2`, `h_r`); else 0.")


class Output(_Part):
    """Choose the output: `y = W_hy h + b_y`, then p. `none`: the state itself is the prediction.

    `read` is for two directions and the last step only: `ends` joins the last state of either direction, `position`
    joins both states at the last position.
    """

    kind: Literal["linear", "sigmoid", "softmax", "none"] = Field(description="What makes the prediction p of y.")
    at: Literal["last", "every"] | None = Field(None, description="The steps with an output; else where the loss is.")
    read: Literal["ends", "position"] | None = Field(None, description="Of two directions, which states are joined.")


class Loss(_Part):
    """Choose the loss, the steps that have one, and whether several are summed or averaged."""

    kind: Literal["binary_cross_entropy", "cross_entropy", "half_squares"] = Field(
        description="Of a sigmoid, of a softmax, of any output."
    )
    at: Literal["last", "every"] = Field(description="The steps with a loss.")
    over_steps: Literal["sum", "mean"] | None = Field(None, description="Needed for a loss at every step.")
    over_examples: Literal["sum", "mean"] | None = Field(None, description="Needed for several examples.")


class Truncation(_Part):
    """Cut the gradient: `blocks` after every `steps` steps, `last` so that only the last `steps` steps get one."""

    steps: Count = Field(description="How many steps a gradient goes back.")
    kind: Literal["blocks", "last"] | None = Field(None, description="Needed: where the cuts are.")


class Clip(_Part):
    """Bound the norm of all gradients together, or each entry."""

    norm: Positive | None = Field(None, description="The bound of the norm of all gradients together.")
    value: Positive | None = Field(None, description="The bound of each entry; one of the two.")


class Update(_Part):
    """Take one step of SGD (with momentum) or Adam.

    `velocity`, `first` and `second` are the moments before the step; zero if not given.
    """

    method: Literal["sgd", "adam"] = Field(description="The optimiser.")
    rate: Positive = Field(description="The learning rate.")
    momentum: Fraction = Field(0.0, description="Of sgd.")
    betas: tuple[Fraction, Fraction] = Field((0.9, 0.999), description="Of adam.")
    epsilon: Positive = Field(1e-8, description="Of adam, added to the root.")
    step: Count = Field(1, description="Of adam, the number of this step.")
    velocity: Table = Field({}, description="Of sgd, the moments before the step by parameter; else 0.")
    first: Table = Field({}, description="Of adam, likewise.")
    second: Table = Field({}, description="Of adam, likewise.")


class Worksheet(_Part):
    """Describe a small network with all its numbers, the sequences it reads and what it should say."""

    title: Title = Field("", description="Printed above the sheet.")
    note: Note = Field("", description="Printed under the title.")
    cell: Literal["rnn", "lstm", "gru"] = Field(description="The cell.")
    activation: Literal["tanh", "relu", "sigmoid", "identity"] = Field("tanh", description="Of an rnn.")
    reset: Literal["before", "after"] | None = Field(
        None, description="Needed for a gru: the reset gate before or after the matrix product."
    )
    z: Literal["keep", "take"] | None = Field(
        None, description="Needed for a gru: z keeps the old state, or takes the candidate."
    )
    bidirectional: Truth = Field(False, description="A second direction that reads from right to left.")
    layers: Layers = Field(1, description="Layers above each other.")
    embeddings: Annotated[Table, Field(min_length=1)] | None = Field(
        None, description="A vector for each word; without it, examples have `inputs`."
    )
    bag: Truth = Field(False, description="Show also the sum of the inputs, which is all that a bag of words sees.")
    layout: Literal["elman", "pytorch", "keras", "onnx"] = Field(
        "elman", description="Whose names and order of gates `parameters` have."
    )
    parameters: Table = Field(description="Every weight and bias by name.")
    examples: Annotated[tuple[Example, ...], Field(min_length=1)] = Field(description="The sequences.")
    output: Output = Field(description="What is read off the state; a word alone is its `kind`.")
    loss: Loss | None = Field(None, description="Without it, there is a forward pass only.")
    truncation: Truncation | None = Field(None, description="Cut the gradient in the backward pass.")
    clip: Clip | None = Field(None, description="Clip the gradients.")
    update: Update | None = Field(None, description="One step of learning.")
    digits: Digits = Field(4, description="Decimals printed.")
    notation: Word = Field("xh", description="The names printed: `xh`, `uwv`, `ng` or `pytorch`.")

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
    place = ".".join(printable(str(part + 1 if isinstance(part, int) else part)) for part in first["loc"])
    words = first["msg"].removeprefix("Value error, ").replace("Input should", "should")
    words = _WORDS.get(first["type"], words)
    rest = f" ({more:,} more to put right after this)" if more else ""
    return f"{shorten(place)}: {words[0].lower()}{words[1:]}{_got(first)}{rest}"


def _got(fault: Any) -> str:
    """Return the value that was refused, where it is a scalar and not yet in the message."""
    given = fault["input"]
    if fault["type"] in {"missing", "value_error", "extra_forbidden"}:
        return ""
    if isinstance(given, Odd):
        return f", got {quote(given.text)[1:-1]}"
    if given is None:
        return ", got null"
    return f", got {quote(given)}" if isinstance(given, str | int | float | bool) else ""


def parse(text: str, where: str) -> Worksheet:
    """Read a worksheet from YAML text; `where` names it in errors."""
    node = compose(text, where)
    given = plain(node, where) if node is not None else None
    if not isinstance(given, dict):
        raise InputError(f"{where}: expected fields such as 'cell: rnn', got {type(given).__name__}")
    return read_sheet(given, where)


@cache
def gallery() -> tuple[str, ...]:
    """Give the names of the worksheets that come with Elman."""
    return tuple(sorted(file.stem for file in _GALLERY.glob("*.yaml")))


def titles() -> dict[str, str]:
    """Give the gallery's worksheets, each with its title."""
    return {name: load(name).title for name in gallery()}


def load(source: str | Path) -> Worksheet:
    """Read a worksheet by its gallery name or from a file."""
    if str(source) in gallery():
        return parse(read_text(_GALLERY / f"{source}.yaml", "worksheet"), str(source))
    try:
        return parse(read_text(Path(source), "worksheet"), shown(source))
    except InputError as error:
        if "no such worksheet" not in str(error):
            raise
        raise InputError(f"{error}; give a YAML file or one of {', '.join(gallery())}") from None
