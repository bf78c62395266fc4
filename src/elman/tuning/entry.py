"""Define `search`, which tries options of a model, and `Found`, what it found."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from elman.errors import InputError, TrainingError
from elman.forking import TRAINING, process_context
from elman.models.estimator.base import Estimator
from elman.tuning import bookkeeping
from elman.tuning.experiment import experiment_of
from elman.tuning.plots import save_plots
from elman.tuning.processes import run_processes
from elman.tuning.storage import open_study, quiet
from elman.tuning.worker import Work, run_trials, worker_name


@dataclass(frozen=True)
class Tried:
    """A trial that has ended.

    Attributes:
        number: counted from 0 through all trials of the study.
        options: the options that it tried, by name.
        loss: its best held-out loss; of a pruned trial the last one. None where it got none.
        pruned: whether it was stopped early.
        seconds: how long it took; None where that is not known.
        note: why a pruned trial got no result; "" where others were better.
    """

    number: int
    options: dict[str, Any]
    loss: float | None
    pruned: bool
    seconds: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Attributes:
        study: Optuna's study, for its own plots and tables.
        trials: all trials that have ended, in the order in which they began.
        best: the trial with the least held-out loss.
        options: its options, for `set_params`.
        loss_unit: what losses are measured in.
    """

    study: Study = field(repr=False)
    trials: list[Tried]
    best: Tried
    loss_unit: str

    @property
    def options(self) -> dict[str, Any]:
        """The options of the best trial."""
        return self.best.options

    def save_plots(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Draw Optuna's plots of the study into a folder, and return the files.

        Raises:
            InputError: the folder cannot be made.
            ModelFileError: a file cannot be written.
        """
        return save_plots(self.study, Path(folder), self.loss_unit)


def search(
    model: Estimator,
    X: Any,
    y: Any = None,
    *,
    storage: str | os.PathLike[str],
    trials: int = 40,
    options: Iterable[str] | None = None,
    workers: int = 1,
    on_trial: Callable[[Tried], None] | None = None,
) -> Found:
    """Try options of a model, and return those with the least held-out loss.

    Each trial trains a network with other options on one thread, and is stopped early where its held-out loss is worse
    than most were at that point. The first one tries the defaults; later ones follow from the results before (Optuna's
    tree-structured Parzen estimator). Searches in any number of processes, on any number of machines, share the trials
    of one storage, and a search that is called again with the same arguments goes on. A trial whose process was killed
    is run again.

    Args:
        model: An estimator, trained or not; it stays as it is. Its options hold in every trial.
        X: What its `fit` takes; a path is the least to send to other processes.
        y: What its `fit` takes.
        storage: The file of the study, Optuna's journal; made where there is none.
        trials: How many trials the study shall have in the end, 1 or more.
        options: Names of the options to search; None is the job's own choice (`model.searched`), without those that
            differ from their defaults.
        workers: Processes of this machine that run trials, 1 or more; 1 runs them in this process.
        on_trial: Called with each trial that ends, of any process, in the order in which they began.

    Returns:
        All trials, and the best one: `model.set_params(**found.options).fit(X, y)` trains with its options.

    Raises:
        InputError: an option cannot be searched, nothing would be held out, or the storage is no study, or that of
            another search.
        DataError: the data cannot be used.
        TrainingError: no trial got a result.
        MissingLibraryError: Optuna is not installed.

    Example:
        >>> import elman, tempfile
        >>> model = elman.FeedForward(epochs=2, hidden_size=8)
        >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]] * 5, [0, 1, 1, 0] * 5
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     found = elman.search(model, X, y, storage=folder + "/study.log", trials=3, options=["learning_rate"])
        >>> len(found.trials), list(found.options)
        (3, ['learning_rate'])
    """
    for name, value in (("trials", trials), ("workers", workers)):
        if value < 1:
            raise InputError(f"{name}: expected 1 or more, got {value}")
    if workers > 1:
        process_context(TRAINING)  # its server starts while the data are read
    with quiet():
        data = (X,) if y is None else (X, y)
        experiment = experiment_of(model, data, None if options is None else list(options))
        work = Work(experiment, Path(storage).absolute(), trials, worker_name())
        show = _Show(on_trial)
        study = open_study(work.storage, experiment)
        left = trials - bookkeeping.finished(study.get_trials(deepcopy=False))
        if min(workers, left) > 1:
            run_processes(work, min(workers, left), show)
        elif left > 0:
            run_trials(work, show)
        show(study)
        return _found(study, model.loss_unit)


def _found(study: Study, loss_unit: str) -> Found:
    ended = [_tried(trial) for trial in study.get_trials(deepcopy=False) if _ended(trial)]
    complete = [trial for trial in ended if not trial.pruned and trial.loss is not None]
    if not complete:
        why = next((f": {trial.note}" for trial in reversed(ended) if trial.note), "")
        raise TrainingError(f"search: none of {len(ended)} trials got a result{why}")
    return Found(study, ended, min(complete, key=lambda trial: trial.loss or 0.0), loss_unit)


def _ended(trial: FrozenTrial) -> bool:
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)


def _tried(trial: FrozenTrial) -> Tried:
    attributes = trial.user_attrs
    killed = trial.state == TrialState.PRUNED and attributes.get(bookkeeping.TRIES, 0) >= bookkeeping.RETRIES
    note = attributes.get(bookkeeping.NOTE, "its process was killed each time" if killed and not trial.values else "")
    seconds = attributes.get(bookkeeping.SECONDS)
    return Tried(trial.number, trial.params, trial.value, trial.state == TrialState.PRUNED, seconds, note)


class _Show:
    """Passes on each trial that has ended, once, in the order in which they began."""

    def __init__(self, on_trial: Callable[[Tried], None] | None) -> None:
        self._on_trial = on_trial
        self._next = 0

    def __call__(self, study: Study) -> None:
        """Look at a study."""
        if self._on_trial is None:
            return
        for trial in study.get_trials(deepcopy=False)[self._next :]:
            if not trial.state.is_finished():
                return
            self._next = trial.number + 1
            if _ended(trial):
                self._on_trial(_tried(trial))
