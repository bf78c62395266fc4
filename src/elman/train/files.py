"""The files that a run leaves, and whether they can be written."""

import os
from dataclasses import astuple, dataclass
from pathlib import Path

from elman.errors import ModelFileError
from elman.files import Lock, check_writable, make_folder, spoken


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
        stem = _stem(model)
        return cls(model, *(stem.parent / (stem.name + end) for end in _ENDINGS))

    @classmethod
    def within(cls, folder: Path) -> "RunFiles":
        """Return plain names in a folder of their own."""
        return cls(folder / "model.safetensors", *(folder / end.lstrip(".") for end in _ENDINGS))

    @property
    def all(self) -> list[Path]:
        """Every file of the run."""
        return list(astuple(self))

    def check(self) -> None:
        """Find out before training whether the files can be written; their folder is made.

        The model may be a symbolic link, which is followed. The other files, whose names nobody typed, may not: in a
        folder that others can write, a link could aim them at any file.

        Raises:
            InputError: the folder cannot be made or written, or what is there is no file that a run could replace.
        """
        make_folder(self.model.parent)
        for path in self.all:
            check_writable(path, follow=path == self.model)

    def refuse_finished(self) -> None:
        """See that a new training would not replace a finished model.

        Raises:
            ModelFileError: there is one.
        """
        if self.model.exists() and self.model.stat().st_size:
            raise ModelFileError(
                f"{spoken(self.model)}: a finished model is here: choose another name, or replace it with --overwrite"
            )

    def lock(self) -> Lock:
        """Return a lock that only one training at a time can hold.

        Names that differ in ".safetensors" alone share their checkpoint, so they share the lock as well.
        """
        model = Path(os.path.realpath(self.model))
        name = model.name.removesuffix(".safetensors")
        return Lock(model.with_name(f".{name}.lock"), f"{spoken(self.model)}: another process trains here")


def forecast_files(model: Path) -> tuple[Path, Path]:
    """Return the names of a forecast beside its model: NAME.forecast.csv and NAME.forecast.png."""
    stem = _stem(model)
    return stem.with_name(f"{stem.name}.forecast.csv"), stem.with_name(f"{stem.name}.forecast.png")


def _stem(model: Path) -> Path:
    return model.with_suffix("") if model.suffix == ".safetensors" else model


_ENDINGS = (".checkpoint.safetensors", ".metrics.jsonl", ".loss.png")
