"""Run the trials of a search in one process, one at a time and on one thread, until there are enough."""

import multiprocessing
import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import torch
from optuna.exceptions import TrialPruned, UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from elman.errors import InputError, TrainingError
from elman.train import Callback, Counters, Plan, Progress
from elman.tuning import bookkeeping
from elman.tuning.experiment import Experiment
from elman.tuning.storage import end_process, open_study

POLL = 0.2
"""Seconds between two looks at the trials of other processes."""


@dataclass(frozen=True)
class Work:
    """The work of one process.

    Attributes:
        experiment: the search.
        storage: the file of its study.
        total: trials that shall have a result.
        worker: the name of the process in the study.
    """

    experiment: Experiment
    storage: Path
    total: int
    worker: str


def worker_name() -> str:
    """Return a name for a process that no other one has, on any machine."""
    return f"{platform.node()}-{secrets.token_hex(8)}"


def run_trials(work: Work, look: Callable[[Study], None] = lambda study: None) -> None:
    """Run trials until there are enough, those of other processes included.

    Args:
        work: what to do.
        look: called with the study between two trials, and while those of others are waited for.

    Raises:
        DataError, InputError, ...: what `fit` raises for any options; the trial is left to be run again.
    """
    study, watch = open_study(work.storage, work.experiment), bookkeeping.Watch()
    with one_thread(), _signs_of_life(study) as signs:
        try:
            while True:
                look(study)
                trials = study.get_trials(deepcopy=False)
                if bookkeeping.finished(trials) >= work.total:
                    return
                if not watch.requeue_dead(study, trials) and not _next(study, trials, work, signs):
                    time.sleep(POLL)
        except BaseException:
            bookkeeping.requeue_worker(study, work.worker)
            raise


def _next(study: Study, trials: list[FrozenTrial], work: Work, signs: "_Signs") -> bool:
    """Run a trial, unless all are run by others; tell whether one was run."""
    waiting = any(trial.state == TrialState.WAITING for trial in trials)
    if not waiting and bookkeeping.counted(trials) >= work.total:
        return False
    trial = study.ask(dict(work.experiment.space))
    with signs.of(trial), suppress(UpdateFinishedTrialError):  # another process took this one for dead: it slept
        trial.set_user_attr(bookkeeping.PROCESS, os.getpid())
        trial.set_user_attr(bookkeeping.WORKER, work.worker)
        if bookkeeping.is_surplus(study.get_trials(deepcopy=False), trial.number, work.total):
            bookkeeping.end(study, trial.number, TrialState.FAIL)
            return False
        began = time.perf_counter()
        state, loss, why = _trained(trial, work.experiment)
        trial.set_user_attr(bookkeeping.SECONDS, time.perf_counter() - began)
        if why:
            trial.set_user_attr(bookkeeping.NOTE, why)
        bookkeeping.end(study, trial.number, state, loss)
    return True


def _trained(trial: Trial, experiment: Experiment) -> tuple[TrialState, float | None, str]:
    """Train with the options of a trial, and return how it ended, its loss, and why it has none."""
    try:
        model = experiment.kind(**experiment.options | trial.params)
    except InputError as error:  # options that do not agree with each other
        return TrialState.PRUNED, None, str(error)
    try:
        model.fit(*experiment.data, callback=Pruning(trial))
    except _Trained as done:
        return TrialState.COMPLETE, done.loss, ""
    except TrialPruned:
        return TrialState.PRUNED, None, ""
    except TrainingError as error:
        return TrialState.PRUNED, None, str(error)
    raise InputError("validation_fraction: a search compares held-out losses, and nothing was held out")


class _Trained(Exception):  # noqa: N818 -- no error
    """The last evaluation was made, and nothing else of the training is needed."""

    def __init__(self, loss: float) -> None:
        super().__init__(loss)
        self.loss = loss


class Pruning(Callback):
    """Reports each held-out loss to a study, and ends a training that is worse than most were at the same evaluation.

    Args:
        trial: the trial.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial, self._evaluations = trial, 0

    def on_start(self, plan: Plan, counters: Counters) -> None:
        """Keep the plan."""
        self._plan = plan

    def on_evaluation(self, progress: Progress) -> None:
        """Report the loss, and end the training where it is over or pruned."""
        counters = progress.counters
        if counters.validation is None or counters.best is None:
            return
        self._evaluations += 1
        self._trial.report(counters.validation, self._evaluations)
        if self._plan.finished(counters):
            raise _Trained(counters.best)
        if self._trial.should_prune():
            raise TrialPruned


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread in a block: processes side by side would take each other's processors."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Signs:
    """Writes signs of life of the trial that runs, from a thread of its own."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._trial: Trial | None = None
        self._beats = 0
        self._lock = threading.Lock()
        self.over = threading.Event()

    @contextmanager
    def of(self, trial: Trial) -> Iterator[None]:
        """Write signs of life of a trial in a block."""
        with self._lock:
            self._trial = trial
        try:
            yield
        finally:
            with self._lock:
                self._trial = None

    def write(self) -> None:
        """Write until the end, and end this process with the one that started it: nobody else would."""
        parent = multiprocessing.parent_process()
        sentinels = [parent.sentinel] if parent else []
        began = time.monotonic()
        while not self.over.wait(POLL):
            gone = bool(sentinels and wait(sentinels, 0))
            if not gone and time.monotonic() - began < bookkeeping.BEAT:
                continue
            began = time.monotonic()
            with self._lock:
                if gone:
                    self._leave()
                if self._trial:
                    self._beats += 1
                    _beat(self._trial, self._beats)

    def _leave(self) -> None:
        if self._trial:
            running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            for trial in running:
                if trial.number == self._trial.number:
                    bookkeeping.requeue(self._study, trial)
        end_process(1)


def _beat(trial: Trial, number: int) -> None:
    try:
        trial.set_user_attr(bookkeeping.ALIVE, number)
    except UpdateFinishedTrialError:  # it has ended in this moment
        return


@contextmanager
def _signs_of_life(study: Study) -> Iterator[_Signs]:
    signs = _Signs(study)
    thread = threading.Thread(target=signs.write, daemon=True)
    thread.start()
    try:
        yield signs
    finally:
        signs.over.set()
        thread.join()
