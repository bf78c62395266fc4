"""Define the types of a worksheet's fields: text, names, numbers. Each refuses what only looks like it.

A word that YAML reads as a number, a truth value or nothing is no text: it has to be written in quotes. A truth value
or nothing is no number, although NumPy would take them. Control characters in text become visible escapes, so that no
renderer passes them on.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from elman.limits import NAME_CHARACTERS, NOTE_CHARACTERS, TITLE_CHARACTERS
from elman.quoting import printable, quote
from elman.worked.sheet.yamlfile import Odd, kind_of

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_LEVELS = 20  # lists inside each other, of which five are the most that any parameter needs


def _text(given: Any, most: int, keep: str = "") -> str:
    if not isinstance(given, str):
        shown = quote(given.text)[1:-1] if isinstance(given, Odd) else quote(given)
        scalar = given is None or isinstance(given, str | int | float | Odd)
        if not scalar:
            raise ValueError(f"expected text, got a {type(given).__name__}")
        word = "null" if given is None else str(given).lower() if isinstance(given, bool) else shown
        raise ValueError(f"expected text, got {word}, which is read as {kind_of(given)}; write it in quotes")
    if any("\ud800" <= character <= "\udfff" for character in given):
        raise ValueError(f"got {quote(given)}, which holds half of a character")
    if len(given) > most:
        raise ValueError(f"expected at most {most:,} characters, got {len(given):,}")
    return printable(given, keep)


def _number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
        raise ValueError(f"expected a number, got {_shown(given)}")
    return float(given)


def _real(given: Any) -> Any:
    if isinstance(given, str) and _NUMBER.match(given):
        given = float(given)
    try:
        number = _number(given)
    except OverflowError:
        raise ValueError("expected a finite number") from None
    if not np.isfinite(number):
        raise ValueError("expected a finite number")
    return number


def _whole(given: Any) -> Any:
    number = _real(given)
    if not number.is_integer():
        raise ValueError(f"expected a whole number, got {number:g}")
    return int(number)


def _truth(given: Any) -> Any:
    if isinstance(given, str) and given.lower() in {"yes", "no", "on", "off", "true", "false"}:
        return given.lower() in {"yes", "on", "true"}
    if not isinstance(given, bool):
        raise ValueError(f"expected true or false, got {_shown(given)}")
    return given


def _numbers(given: Any) -> NDArray[np.float64]:
    if not (isinstance(given, np.ndarray) and given.dtype.kind in "iuf"):
        for scalar in _scalars(given):
            if isinstance(scalar, str) and _NUMBER.match(scalar):
                continue
            if isinstance(scalar, bool | np.bool_) or not isinstance(scalar, int | float | np.integer | np.floating):
                raise ValueError(f"expected numbers in rows of equal length, got {_shown(scalar)}")
    try:
        array = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("expected numbers in rows of equal length") from None
    except OverflowError:
        raise ValueError("expected finite numbers") from None
    if not np.isfinite(array).all():
        raise ValueError("expected finite numbers")
    return array


def _scalars(given: Any, level: int = 0) -> Iterator[Any]:
    if level > _LEVELS:
        raise ValueError(f"expected numbers in rows, got more than {_LEVELS} lists inside each other")
    if isinstance(given, np.ndarray):
        yield from given.reshape(-1).tolist()
    elif isinstance(given, list | tuple):
        for inner in given:
            yield from _scalars(inner, level + 1)
    else:
        yield given


def _shown(given: Any) -> str:
    """Show a scalar as it is written in the file, and what it was read as where that explains the refusal."""
    if isinstance(given, Odd):
        return f"{quote(given.text)[1:-1]}, which is read as {given.kind}; write a decimal number"
    if given is None or isinstance(given, bool):
        return "null" if given is None else str(given).lower()
    return quote(given) if isinstance(given, str) else f"a {type(given).__name__}"


def _mapping(given: Any) -> Any:
    """Refuse names that are no text before pydantic does, in the words that a reader of YAML needs."""
    if isinstance(given, Mapping):
        for name in given:
            _name(name)
        return {_name(name): value for name, value in given.items()}
    return given


def _name(given: Any) -> str:
    return _text(given, NAME_CHARACTERS)


def _title(given: Any) -> str:
    return _text(" ".join(given.split()) if isinstance(given, str) else given, TITLE_CHARACTERS)


def _note(given: Any) -> str:
    return _text(given.replace("\r\n", "\n") if isinstance(given, str) else given, NOTE_CHARACTERS, keep="\n\t")


def _sentence(given: Any) -> str:
    return _text(" ".join(given.split()) if isinstance(given, str) else given, NOTE_CHARACTERS)


_ARRAY = {"type": ["number", "array"], "description": "a number, a list of numbers, or rows of equal length"}
# The constraint is before the validator, so that it appears in the JSON schema.
Numbers = Annotated[NDArray[np.float64], PlainValidator(_numbers), WithJsonSchema(_ARRAY)]
Title = Annotated[str, Field(max_length=TITLE_CHARACTERS), BeforeValidator(_title)]
Note = Annotated[str, Field(max_length=NOTE_CHARACTERS), BeforeValidator(_note)]
Sentence = Annotated[str, Field(max_length=NOTE_CHARACTERS), BeforeValidator(_sentence)]
Word = Annotated[str, Field(max_length=NAME_CHARACTERS), BeforeValidator(_name)]
Table = Annotated[dict[Word, Numbers], BeforeValidator(_mapping)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Count = Annotated[int, Field(ge=1), BeforeValidator(_whole)]
Digits = Annotated[int, Field(ge=1, le=15), BeforeValidator(_whole)]
Layers = Annotated[Literal[1, 2], BeforeValidator(_whole)]
Positive = Annotated[float, Field(gt=0), BeforeValidator(_real)]
Fraction = Annotated[float, Field(ge=0, lt=1), BeforeValidator(_real)]
