"""Run the trials of a search in several processes of this machine, and replace those that are killed."""

import multiprocessing
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from optuna.study import Study

from elman.errors import TrainingError
from elman.forking import TRAINING, one_thread_each, process_context
from elman.tuning import bookkeeping
from elman.tuning.storage import open_study, quiet
from elman.tuning.worker import POLL, Work, run_trials, worker_name


def run_processes(work: Work, count: int, look: Callable[[Study], None]) -> None:
    """Run trials in `count` processes until there are enough; see `run_trials`, which each of them calls.

    Raises:
        TrainingError: a process ended before its first trial.
        DataError, InputError, ...: what `run_trials` raised in a process.
    """
    study = open_study(work.storage, work.experiment)
    workers = [_Worker(work) for _ in range(count)]
    try:
        while workers:
            wait([worker.process.sentinel for worker in workers], POLL)
            look(study)
            workers = [worker.followed(study) for worker in workers if not worker.done()]
    finally:
        for worker in workers:
            worker.kill()
            bookkeeping.requeue_worker(study, worker.name)
    look(study)


class _Worker:
    """A process that runs trials.

    Args:
        work: what it does; it gets a name of its own.
    """

    def __init__(self, work: Work) -> None:
        self.name = worker_name()
        self._work = work
        self._errors, theirs = multiprocessing.Pipe(duplex=False)
        self.process: BaseProcess = process_context(TRAINING).Process(
            target=_main, args=(replace(work, worker=self.name), theirs)
        )
        with one_thread_each():
            self.process.start()
        theirs.close()

    def done(self) -> bool:
        """Tell whether the process ended because there were trials enough."""
        return self.process.exitcode == 0

    def followed(self, study: Study) -> "_Worker":
        """Return the process, or another one in place of one that was killed, whose trial is run again.

        Raises:
            TrainingError: it ended before its first trial, as another one would.
        """
        if self.process.exitcode is None:
            return self
        with suppress(EOFError):
            raise self._errors.recv()
        if not bookkeeping.requeue_worker(study, self.name) and not bookkeeping.worked(study, self.name):
            raise TrainingError(
                f"workers: a process ended with code {self.process.exitcode} before its first trial: in a script, "
                'call search below `if __name__ == "__main__":`'
            )
        return _Worker(self._work)

    def kill(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()


def _main(work: Work, errors: Connection) -> None:
    """Run trials in a process of their own; what they raise is raised in the one that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one decides
    try:
        with quiet():
            run_trials(work)
    except Exception as error:
        errors.send(error)
        raise SystemExit(1) from error
