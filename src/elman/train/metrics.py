"""Metrics as JSON lines: one object a line, appended as training goes, cut back to the checkpoint on resume."""

import json
import os
from pathlib import Path
from typing import Any

from elman.errors import ModelFileError


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
            path.touch()
            self._file = path.open("r+b")
            self._file.truncate(min(length, path.stat().st_size))
            self._file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._cannot(error) from error

    def write(self, **fields: Any) -> None:
        """Add one line."""
        try:
            self._file.write(json.dumps(fields).encode() + b"\n")
            self._file.flush()
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
        """Close the file."""
        self._file.close()

    def _cannot(self, error: OSError) -> ModelFileError:
        return ModelFileError(f"{self.path}: cannot be written ({error.strerror}): make room or choose another place")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return every line of a metrics file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
