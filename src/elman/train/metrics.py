"""Metrics as JSON lines: one object a line, appended as training goes, cut back to the checkpoint on resume."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from elman.errors import DataError, ModelFileError
from elman.files import NO_FOLLOW, reason
from elman.quoting import quote


class MetricsFile:
    """A .jsonl file to which lines are added.

    Args:
        path: the file.
        length: bytes to keep of what is there: 0 for a new training, a checkpoint's `length` to resume.

    Raises:
        ModelFileError: the file cannot be written.
    """

    def __init__(self, path: Path, length: int = 0):
        self.path = path
        try:
            # Without a buffer: after a full disk there is nothing left to write, and closing the file cannot fail.
            self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | NO_FOLLOW, 0o666), "r+b", buffering=0)
            self._file.truncate(min(length, path.stat().st_size))
            self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._cannot(error) from error

    def write(self, **fields: Any) -> None:
        """Add one line."""
        line = json.dumps(fields).encode() + b"\n"
        try:
            while line:  # of what does not fit on the disk a part is written, without an error
                line = line[self._file.write(line) :]
        except OSError as error:
            raise self._cannot(error) from error

    @property
    def length(self) -> int:
        """The bytes written so far."""
        return self._file.tell()

    def sync(self) -> int:
        """Flush to the disk and return the length, in bytes, for a checkpoint."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._cannot(error) from error
        return self.length

    def close(self) -> None:
        """Close the file. What is in it was written before; a network file system that says otherwise is not heard."""
        with suppress(OSError):
            self._file.close()

    def _cannot(self, error: OSError) -> ModelFileError:
        return ModelFileError(f"{self.path}: cannot be written ({reason(error)}): make room or choose another place")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return every line of a metrics file.

    Raises:
        DataError: the file is missing, or a line of it is no JSON object.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({reason(error)})") from error
    return [_object(path, number, line) for number, line in enumerate(lines, start=1)]


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):  # no UTF-8, no JSON, or nested without end
        found = None
    if not isinstance(found, dict):
        raise DataError(f"{path}: line {number:,}: expected a JSON object, got {quote(line)}")
    return found
