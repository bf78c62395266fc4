"""Files that a crash or a full disk cannot leave half-written. Knows nothing of what is in them."""

import os
from contextlib import suppress
from pathlib import Path

from elman.errors import ModelFileError


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
