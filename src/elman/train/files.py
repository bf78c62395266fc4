"""The files that a run leaves, and whether they can be written."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from elman.errors import InputError


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
