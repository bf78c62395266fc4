"""JSON lines: an object in each line, read with its line's number."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from elman.errors import DataError
from elman.opening import lines
from elman.quoting import quote, said, shown

_HALF = re.compile("[\ud800-\udfff]")


def read_objects(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the object of each line that is not blank.

    Raises:
        DataError: a line is no JSON, is no object, has a key twice, or half a character; the message names the line.
    """
    name = shown(path)
    for number, line in lines(path):
        if line.strip():
            try:
                yield _object(line)
            except ValueError as error:
                raise DataError(f"{name}: line {number}{error}: mend the line") from error


def _object(line: str) -> dict[str, Any]:
    """Return the object in a line; a ValueError ends the message about it."""
    try:
        found = json.loads(line, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise ValueError(f" is not JSON ({error.msg} at character {error.pos + 1})") from error
    except RecursionError as error:
        raise ValueError(": it is nested too deep") from error
    except _RepeatedKeyError as error:
        raise ValueError(f": the key {error} is there twice") from error
    except ValueError as error:  # an integer with more digits than Python converts
        raise ValueError(f" is not JSON that can be read ({said(error)})") from error
    if not isinstance(found, dict):
        raise ValueError(f": expected an object {{...}}, got {quote(line.strip(), 40)}")
    if "\\u" in line and _HALF.search(line_of(found)):
        raise ValueError(": a text has half of a character, a lone surrogate such as \\ud83d")
    return found


def line_of(found: object) -> str:
    """Return a value as the text of JSON, its characters as they are."""
    return json.dumps(found, ensure_ascii=False)


class _RepeatedKeyError(ValueError):
    """A key is there twice in one object."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _RepeatedKeyError(quote(key))
    return found
