"""Declare the options of a call of `fit`: files, resuming, and the display of progress."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict

from elman.errors import InputError
from elman.train import Listener, Place, RunFiles, Silent
from elman.train.checkpoint import refuse_unfinished


class RunOptions(TypedDict, total=False):
    """The keyword arguments that `fit` of every estimator takes; all may be left out.

    Attributes:
        files: where to leave checkpoint, metrics, model and loss picture; None leaves nothing on disk.
        resume: go on from the checkpoint in `files`; without one there, begin.
        overwrite: begin anew although `files` hold a model or an unfinished training, which is otherwise refused.
        listener: hears how it goes, see `elman.train.Listener`.
        checkpoint_seconds: time between two checkpoints.
    """

    files: RunFiles | None
    resume: bool
    overwrite: bool
    listener: Listener | None
    checkpoint_seconds: float


@dataclass(frozen=True)
class Run:
    """`RunOptions`, each with its default."""

    files: RunFiles | None = None
    resume: bool = False
    overwrite: bool = False
    listener: Listener | None = None
    checkpoint_seconds: float = 60.0

    @classmethod
    def checked(cls, options: RunOptions) -> "Run":
        """Return the run, after seeing that it can leave its files and replaces nothing that is worth keeping.

        Raises:
            InputError: `files` cannot be written, another process trains there, or `checkpoint_seconds` is negative.
            ModelFileError: `files` hold a model or an unfinished training, and neither `resume` nor `overwrite` is set.
        """
        run = cls(**options)
        if not run.checkpoint_seconds >= 0:  # nan as well
            raise InputError(f"checkpoint_seconds: expected 0 or more, got {run.checkpoint_seconds}")
        if run.files:
            run.files.check()
            with run.alone():
                pass
        return run

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from training at the same files, and see once more that nothing is replaced.

        Raises:
            InputError: another process trains there.
            ModelFileError: `files` hold a model or an unfinished training, and neither `resume` nor `overwrite` is set.
        """
        if self.files is None:
            yield
            return
        with self.files.lock():
            self._refuse_replacing(self.files)
            yield

    def _refuse_replacing(self, files: RunFiles) -> None:
        if self.overwrite or (self.resume and files.checkpoint.exists()):
            return
        refuse_unfinished(files.checkpoint)
        files.refuse_finished()

    @property
    def place(self) -> Place:
        """The files of checkpoint and metrics, for the training loop."""
        if self.files is None:
            return Place()
        return Place(self.files.checkpoint, self.files.metrics, self.resume, self.checkpoint_seconds)

    @property
    def hears(self) -> Listener:
        """The listener, or a silent one."""
        return self.listener or Silent()
