"""Quote text of a user's file for a message or a terminal: short, and without control characters."""

import re
from collections.abc import Iterable
from itertools import accumulate, islice
from pathlib import Path

MOST_QUOTED = 60  # characters of a value that a message repeats
MOST_LISTED, LONGEST_LIST = 10, 200  # names in a message, and their characters in all
LONGEST_PATH = 150  # characters of a path that a message repeats, the last ones

# Characters that a terminal would obey or could not encode: the control characters of ASCII and of Latin-1, the marks
# that reverse the direction of a line, the separators that break one, and surrogates without their partner.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def quote(value: object, most: int = MOST_QUOTED) -> str:
    """Return `repr(value)` for a message, with at most `most` characters of it: the end of a longer one is "...".

    A string is cut before it is quoted, so that one of many megabytes costs nothing.
    """
    if isinstance(value, str | bytes):
        value = value[: most + 1]
    return shorten(printable(repr(value)), most)


def shorten(text: str, most: int = MOST_QUOTED, mark: str = "...") -> str:
    """Return `text`, or its beginning and `mark` where it has more than `most` characters, `most` in all."""
    return text if len(text) <= most else text[: most - len(mark)] + mark


def named(name: object) -> str:
    """Return a name without quotation marks if it is short and plain, otherwise quoted."""
    quoted = quote(name)
    return str(name) if quoted[1:-1] == str(name) else quoted


def listed(items: Iterable[object]) -> str:
    """Return names for a message: the first ones, at least one, and how many more there are."""
    names = [named(item) for item in items]
    ends = accumulate(len(name) + 2 for name in names)
    some = names[: max(1, sum(end <= LONGEST_LIST for end in islice(ends, MOST_LISTED)))]
    more = f" and {len(names) - len(some):,} more" if len(names) > len(some) else ""
    return ", ".join(some) + more


def shown(path: str | Path, most: int = LONGEST_PATH) -> str:
    """Return a path for a message: without control characters, and of a long one the last `most` characters."""
    name = printable(str(path))
    return name if len(name) <= most else f"...{name[3 - most :]}"


def said(error: BaseException, most: int = MOST_QUOTED) -> str:
    """Return the words of a library's error on one line, or its type where it has none."""
    return shorten(printable(" ".join(str(error).split())), most) or type(error).__name__


def printable(text: str, keep: str = "") -> str:
    r"""Return `text` with each control character written as an escape, such as `\x1b`, except those in `keep`."""
    return _UNPRINTABLE.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
