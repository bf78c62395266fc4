"""Open the file of a study: Optuna's journal, to which any number of processes and machines append."""

import json
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.pruners import MedianPruner
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.study import Study

from elman.errors import InputError
from elman.files import check_writable, make_folder, reason
from elman.quoting import shorten, shown
from elman.tuning.experiment import Experiment
from elman.tuning.sampler import NumberedSampler

NAME = "elman"
"""The name of the study in its file."""
UNPRUNED, EVALUATIONS = 5, 1
"""Trials, and evaluations of a trial, before any is stopped early."""
_FIRST_LINE = 100_000  # bytes that are read of it; Optuna's has a hundred


_writing = threading.Lock()
"""Held by the thread of this process that writes to a study."""


class Lock(JournalFileOpenLock):
    """Optuna's lock of a file, which this process does not end with: others would wait half a minute for it."""

    def acquire(self) -> bool:
        """Wait for the lock, and return True."""
        _writing.acquire()
        try:
            return super().acquire()
        except BaseException:
            _writing.release()
            raise

    def release(self) -> None:
        """Leave the file to others."""
        try:
            super().release()
        finally:
            _writing.release()


def end_process(code: int) -> NoReturn:
    """End this process at once, when none of its threads writes to a study."""
    with _writing:
        os._exit(code)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from writing a line for each step, or where a killed process held the lock of a study."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The existing lock file|It is taking longer")
            yield
    finally:
        optuna.logging.set_verbosity(before)


def open_study(path: Path, experiment: Experiment) -> Study:
    """Return the study in a file, for one process; a file that is not there is made.

    Raises:
        InputError: the file is no study, or that of another search; it is left as it is.
    """
    make_folder(path.parent)
    check_writable(path)
    try:
        _check_journal(path)
        study = _opened(path, NumberedSampler(experiment.seed))
        _check_experiment(path, study, experiment)
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be used ({reason(error)}): choose another storage") from error
    except (KeyError, TypeError, ValueError) as error:  # what Optuna raises for a line that it did not write
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{shown(path)}: a damaged study ({shorten(str(error), 100)}): choose another storage"
        ) from error
    return study


def _opened(path: Path, sampler: NumberedSampler) -> Study:
    lock = Lock(str(path))
    _mend(path, lock)
    storage = JournalStorage(JournalFileBackend(str(path), lock))
    given: dict[str, Any] = {"storage": storage, "sampler": sampler, "study_name": NAME}
    given["pruner"] = MedianPruner(n_startup_trials=UNPRUNED, n_warmup_steps=EVALUATIONS)
    if not path.stat().st_size:
        with suppress(DuplicatedStudyError):  # another process was faster
            return optuna.create_study(direction="minimize", **given)
    return optuna.load_study(**given)


def _check_journal(path: Path) -> None:
    """See that a file is empty, or begins as the journal of a search of Elman's does.

    Raises:
        InputError: it does not.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        line = file.readline(_FIRST_LINE)
    try:
        name = json.loads(line)["study_name"] if line else NAME
    except (KeyError, RecursionError, TypeError, ValueError):
        name = None
    if name != NAME:
        found = "another program's study" if isinstance(name, str) else "another kind of file"
        raise InputError(
            f"{shown(path)}: not a study of a search: expected a file that `elman search` wrote, got {found}: "
            "choose another storage"
        )


def _mend(path: Path, lock: Lock) -> None:
    """Cut off a line that a process could not finish, as on a full disk: the next one would be appended to it."""
    if not path.exists():
        return
    lock.acquire()
    try:
        with path.open("rb+") as file:
            data = file.read()
            if not data.endswith(b"\n"):
                file.truncate(data.rfind(b"\n") + 1)
    finally:
        lock.release()


def _check_experiment(path: Path, study: Study, experiment: Experiment) -> None:
    """Store what the search is in a new study, and see that it is the search of a known one.

    Raises:
        InputError: it is another one.
    """
    wanted, known = experiment.attributes(), study.user_attrs
    for name, value in wanted.items():
        if name not in known:
            study.set_user_attr(name, value)
        elif known[name] != value:
            raise InputError(f"{shown(path)}: {_difference(name, known[name], value)}: choose another storage")
    if experiment.first and not study.get_trials(deepcopy=False):
        study.enqueue_trial(experiment.first)


def _difference(name: str, known: Any, wanted: Any) -> str:
    """Say how the search of a study differs from the one that is asked for."""
    match name:
        case "job":
            return f"a search of another job: expected {wanted}, got {shorten(str(known))}"
        case "data":
            return "a search on other data: expected those of this file"
        case "space" if isinstance(known, dict) and known.keys() != wanted.keys():
            return f"a search of other options: expected {', '.join(wanted)}, got {shorten(', '.join(known))}"
        case "space":
            return "a search in other ranges"
    other = [one for one in wanted if not isinstance(known, dict) or known.get(one) != wanted[one]]
    first = other[0] if other else "others"
    got = known.get(first) if isinstance(known, dict) else known
    return f"a search with other options: {first}: expected {wanted.get(first)}, got {shorten(str(got))}"
