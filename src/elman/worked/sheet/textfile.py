"""Read small untrusted text files: whole, as UTF-8, or refused in one line, whatever their content."""

from pathlib import Path

from elman import quoting
from elman.errors import DataError, InputError
from elman.limits import SHEET_BYTES

_MOST = 200  # characters of a path that a message repeats, the last ones


def shown(path: str | Path) -> str:
    """Return a path for a message, as `elman.quoting.shown` does; sheets repeat somewhat more of it."""
    return quoting.shown(path, _MOST)


def read_text(path: Path, what: str) -> str:
    """Read a file of at most `SHEET_BYTES` bytes; `what` names it where there is none.

    A device, a pipe or a folder is not read: it may have no end.
    """
    name = shown(path)
    try:
        found = path.is_file()
    except (OSError, ValueError):  # a name too long, with a NUL, or with half of a character
        found = False
    if not found:
        raise InputError(f"{name}: no such {what}")
    try:
        with path.open("rb") as file:
            data = file.read(SHEET_BYTES + 1)
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror}") from None
    if len(data) > SHEET_BYTES:
        raise DataError(f"{name}: larger than the {SHEET_BYTES:,} bytes that are read of a {what}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: cannot be read: not UTF-8 text ({error.reason} at byte {error.start + 1})") from None
