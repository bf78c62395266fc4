"""Count the trials of a study, and put those of processes that died back in the queue.

Optuna's journal has no heartbeat. While a process runs a trial it therefore writes a growing number, `beat`, to it.
A process that sees the same number for `GRACE` seconds of its own clock takes the other one for dead: clocks of
different machines are never compared.
"""

import time
from collections.abc import Callable

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

BEAT = 15.0
"""Seconds between two signs of life."""
GRACE = 60.0
"""Seconds without one after which a trial is run again."""
RETRIES = 2
"""Times that a trial is run again whose process died; one that still has no result counts as pruned."""
WORKER, PROCESS, ALIVE = "worker", "process", "beat"
"""Attributes of a trial: the name of the process that runs it, its number on its machine, and the sign of life."""
TRIES, NOTE, SECONDS = "tries", "note", "seconds"
"""Attributes of a trial: how often it was run again, why it has no result, and how long it took."""


def finished(trials: list[FrozenTrial]) -> int:
    """Return how many trials have a result."""
    return sum(trial.state in (TrialState.COMPLETE, TrialState.PRUNED) for trial in trials)


def counted(trials: list[FrozenTrial]) -> int:
    """Return how many trials have a result or will have one."""
    return sum(trial.state != TrialState.FAIL for trial in trials)


def is_surplus(trials: list[FrozenTrial], number: int, total: int) -> bool:
    """Tell whether enough trials were begun before one, as when two processes begin the last one at the same time."""
    return counted([trial for trial in trials if trial.number < number]) >= total


def end(study: Study, number: int, state: TrialState, loss: float | None = None) -> bool:
    """Give a running trial its end, and tell whether it had none before."""
    try:
        study.tell(number, loss, state=state)
    except (UpdateFinishedTrialError, ValueError):  # another process took this one for dead, and was faster
        return False
    return True


def requeue(study: Study, trial: FrozenTrial) -> None:
    """Have a running trial whose process died run again, with the same options; after `RETRIES` times it is pruned."""
    tries = trial.user_attrs.get(TRIES, 0)
    if tries >= RETRIES:
        end(study, trial.number, TrialState.PRUNED)
    elif end(study, trial.number, TrialState.FAIL):
        study.add_trial(
            optuna.create_trial(
                state=TrialState.WAITING,
                params=trial.params,
                distributions=trial.distributions,
                user_attrs={TRIES: tries + 1},
                system_attrs=trial.system_attrs,  # the options of a trial that was asked for
            )
        )


def requeue_worker(study: Study, worker: str) -> bool:
    """Requeue the trial of a process that died, and tell whether it had one."""
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    own = [trial for trial in running if trial.user_attrs.get(WORKER) == worker]
    for trial in own:
        requeue(study, trial)
    return bool(own)


class Watch:
    """Watches the running trials of all processes.

    Args:
        clock: returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[int, tuple[int | None, float]] = {}

    def requeue_dead(self, study: Study, trials: list[FrozenTrial]) -> int:
        """Requeue the running trials that have had the same sign of life for too long, and return how many."""
        now, dead = self._clock(), 0
        for trial in trials:
            if trial.state != TrialState.RUNNING:
                continue
            beat = trial.user_attrs.get(ALIVE)
            before, since = self._seen.get(trial.number, (None, now))
            if trial.number not in self._seen or before != beat:
                self._seen[trial.number] = (beat, now)
            elif now - since > GRACE:
                requeue(study, trial)
                dead += 1
        return dead


def worked(study: Study, worker: str) -> bool:
    """Tell whether a process began a trial."""
    return any(trial.user_attrs.get(WORKER) == worker for trial in study.get_trials(deepcopy=False))
