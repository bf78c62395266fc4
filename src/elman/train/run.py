"""The files of a run, the options that `fit` takes for them, and the checks that keep a run from replacing another."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TypedDict

from elman import launch
from elman.errors import InputError, ModelFileError
from elman.files import Lock, check_writable, make_folder
from elman.quoting import shown
from elman.train import ranks
from elman.train.checkpoint import job_of, refuse_unfinished
from elman.train.progress import Callback

CHECKPOINT_SECONDS = 60.0
"""Seconds between two checkpoints by default."""
_ENDINGS = (".checkpoint.safetensors", ".metrics.jsonl", ".loss.png")


@dataclass(frozen=True)
class RunFiles:
    """The paths of the files that a run writes."""

    model: Path
    checkpoint: Path
    metrics: Path
    picture: Path

    @classmethod
    def for_model(cls, model: Path) -> "RunFiles":
        """Return the paths in the model's folder: for NAME.safetensors, NAME.metrics.jsonl and so on."""
        stem = _stem(model)
        return cls(model, *(stem.parent / (stem.name + end) for end in _ENDINGS))

    @classmethod
    def within(cls, folder: Path) -> "RunFiles":
        """Return the paths in a folder that belongs to one run: FOLDER/model.safetensors, FOLDER/metrics.jsonl."""
        return cls(folder / "model.safetensors", *(folder / end.lstrip(".") for end in _ENDINGS))

    @property
    def all(self) -> list[Path]:
        """Every file of the run."""
        return list(astuple(self))

    def check(self) -> None:
        """Check before training that the files can be written; make their folder.

        The model may be a symbolic link, which is followed. The other files, whose names nobody typed, may not: in a
        folder that others can write, a link could aim them at any file.

        Raises:
            InputError: the folder cannot be made or written, or a path is not a file that a run could replace.
        """
        make_folder(self.model.parent)
        for path in self.all:
            check_writable(path, follow=path == self.model)

    def refuse_finished(self) -> None:
        """Check that a new training would not replace a finished model.

        Raises:
            ModelFileError: there is one.
        """
        if self.model.exists() and self.model.stat().st_size:
            raise ModelFileError(
                f"{shown(self.model)}: a finished model is here: choose another name, or replace it with --overwrite"
            )

    def lock(self) -> Lock:
        """Return a lock that only one training at a time can hold.

        Names that differ in ".safetensors" alone share their checkpoint, so they share the lock as well.
        """
        model = Path(os.path.realpath(self.model))
        name = model.name.removesuffix(".safetensors")
        return Lock(model.with_name(f".{name}.lock"), f"{shown(self.model)}: another process trains here")


class RunOptions(TypedDict, total=False):
    """The keyword arguments of `fit` that concern the run, not the model; each may be left out.

    Attributes:
        files: Paths for checkpoint, metrics, model and loss picture; None, the default, writes no file.
        resume: Continue from the checkpoint in `files`; without a checkpoint there, start a new training.
        overwrite: Start a new training although `files` hold a model or an unfinished training; refused otherwise.
        callback: Called during training, see `elman.Callback`; one or a list. None, the default, shows a progress bar
            in a notebook, and nothing elsewhere.
        checkpoint_seconds: Seconds between two checkpoints, 0 or more.
    """

    files: RunFiles | None
    resume: bool
    overwrite: bool
    callback: Callback | Sequence[Callback] | None
    checkpoint_seconds: float


def check_run(run: RunOptions) -> None:
    """Check before training that a run can write its files and replaces nothing worth keeping.

    Raises:
        TypeError: an argument is unknown.
        InputError: `files` cannot be written, another process trains there, or `checkpoint_seconds` is negative.
        ModelFileError: `files` hold a model or an unfinished training, and neither `resume` nor `overwrite` is set.
        RanksError: the other ranks cannot be reached.
    """
    for name in run.keys() - RunOptions.__annotations__.keys():
        raise TypeError(f"fit: expected {', '.join(RunOptions.__annotations__)}, got an unexpected argument {name!r}")
    seconds = run.get("checkpoint_seconds", CHECKPOINT_SECONDS)
    if not seconds >= 0:  # nan as well
        raise InputError(f"checkpoint_seconds: expected 0 or more, got {seconds}")
    ranks.join()
    if files := own_files(run):
        files.check()
        with exclusive(run):
            pass


def own_files(run: RunOptions) -> RunFiles | None:
    """Return the files that this process writes: those of the run on the first rank, none on any other."""
    return run.get("files") if ranks.is_first() else None


def resumes(run: RunOptions) -> bool:
    """Say whether a run goes on from its checkpoint, as asked, or because `torchrun` restarted what wrote it."""
    files = own_files(run)
    if files is None or not files.checkpoint.exists():
        return False
    return run.get("resume", False) or (launch.restarts() > 0 and job_of(files.checkpoint) == launch.job())


@contextmanager
def exclusive(run: RunOptions) -> Iterator[None]:
    """Keep other processes from training at the same files, and check once more that nothing is replaced.

    Raises:
        InputError: another process trains there.
        ModelFileError: `files` hold a model or an unfinished training, and neither `resume` nor `overwrite` is set.
    """
    files = own_files(run)
    if files is None:
        yield
        return
    with files.lock():
        if not (run.get("overwrite") or resumes(run)):
            refuse_unfinished(files.checkpoint)
            files.refuse_finished()
        yield


def forecast_files(model: Path) -> tuple[Path, Path]:
    """Return the paths of a forecast in its model's folder: NAME.forecast.csv and NAME.forecast.png."""
    stem = _stem(model)
    return stem.with_name(f"{stem.name}.forecast.csv"), stem.with_name(f"{stem.name}.forecast.png")


def _stem(model: Path) -> Path:
    return model.with_suffix("") if model.suffix == ".safetensors" else model
