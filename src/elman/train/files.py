"""Files that a crash or a full disk cannot leave half-written."""

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from elman.errors import InputError, ModelFileError


@dataclass(frozen=True)
class RunFiles:
    """Where a run leaves what it makes."""

    model: Path
    checkpoint: Path
    metrics: Path
    picture: Path

    @classmethod
    def beside(cls, model: Path) -> "RunFiles":
        """Return the names that go with a model: of NAME.safetensors, NAME.metrics.jsonl and so on."""
        stem = model.with_suffix("") if model.suffix == ".safetensors" else model
        return cls(model, *(stem.parent / (stem.name + end) for end in _ENDINGS))

    @classmethod
    def within(cls, folder: Path) -> "RunFiles":
        """Return plain names in a folder of their own."""
        return cls(folder / "model.safetensors", *(folder / end.lstrip(".") for end in _ENDINGS))

    def check(self) -> None:
        """Find out before training whether the files can be written.

        Raises:
            InputError: the folder cannot be made or written, or a file stands in a folder's place.
        """
        for path in (self.model, self.checkpoint, self.metrics, self.picture):
            _check_writable(path)


_ENDINGS = (".checkpoint.safetensors", ".metrics.jsonl", ".loss.png")


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path}: a folder stands where the file should go: give a file name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.open("ab").close()
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}): choose another place") from error


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file by `data` in one step that survives a crash: a new file is flushed to the disk, then renamed.

    Raises:
        ModelFileError: the disk is full or the path not writable; the file that was there before is untouched.
    """
    # One name for all tries, so that a process killed here leaves one file at most, and the next try takes it over.
    spare = path.with_name(f".{path.name}.tmp")
    try:
        with spare.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        spare.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            spare.unlink()
        raise ModelFileError(
            f"{path}: cannot be written ({error.strerror}): make room or choose another place; "
            "what was there before is untouched"
        ) from error


def _flush_folder(folder: Path) -> None:
    """Flush the rename itself; folders cannot be opened on every platform, and there the rename needs no help."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
