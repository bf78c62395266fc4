"""Metrics as JSON lines, appended during training and truncated to the checkpoint on resume; the picture of them."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from elman.errors import DataError, ElmanError, ModelFileError
from elman.files import NO_FOLLOW, reason
from elman.pictures import losses, save
from elman.quoting import quote


class MetricsFile:
    """A .jsonl file to which lines are added.

    Args:
        path: The file.
        length: Bytes of an existing file to keep: 0 for a new training, a checkpoint's `length` to resume.

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
            while line:  # a disk that is nearly full takes a part of the line, without an error
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
        """Close the file. All of it was written before, so an error of a network file system here is ignored."""
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


def try_to_draw_losses(metrics: Path, picture: Path) -> str | None:
    """Draw the metrics of a finished and saved training. Return None, or the reason if that fails.

    The run is not a failure then: somebody may have changed its metrics, and losses may be too large to draw.
    """
    try:
        draw_losses(metrics, picture)
    except ElmanError as error:
        return str(error)
    except Exception as error:  # fields may be missing, and Matplotlib raises errors of many kinds at huge numbers
        return f"{picture}: cannot be drawn from {metrics} ({type(error).__name__}: {error})"
    return None


def draw_losses(metrics: Path, picture: Path) -> None:
    """Draw the metrics of a training.

    Args:
        metrics: The metrics file; its first line has the unit of the loss and the baselines. A loss in nats gets a
            second axis in bits.
        picture: The .png to write.

    Raises:
        DataError: the metrics are missing or garbled; other errors where they are not those of a training.
        ModelFileError: the picture cannot be written.
    """
    begin, *lines = read_metrics(metrics)
    read = f"{begin['target']}s"
    training = [line for line in lines if line["event"] == "train"]
    held_out = [line for line in lines if line["event"] == "evaluation" and line["loss"] is not None]
    figure = losses(
        _pair(training, read),
        _pair(held_out, read),
        x=f"{read} trained on",
        unit=begin["loss_unit"],
        baselines=begin["baselines"],
    )
    save(figure, picture)


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):  # no UTF-8, no JSON, or nested without end
        found = None
    if not isinstance(found, dict):
        raise DataError(f"{path}: line {number:,}: expected a JSON object, got {quote(line)}")
    return found


def _pair(lines: list[dict[str, Any]], read: str) -> tuple[list[float], list[float]] | None:
    return ([line[read] for line in lines], [line["loss"] for line in lines]) if lines else None
