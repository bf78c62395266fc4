"""Several processes share the trials of a study; one that is killed, or all of them, lose nothing."""

import os
import signal
import threading
import time
from functools import partial

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

import elman
from elman.cli import main
from elman.errors import DataError
from elman.forking import TRAINING, process_context
from elman.tuning import storage
from elman.tuning.bookkeeping import PROCESS, WORKER
from elman.tuning.storage import NAME

ROWS = "x,y,label\n" + "".join(f"{n % 7},{n % 5},{'ab'[n % 7 > n % 5]}\n" for n in range(400))
OPTIONS = "--epochs 5 --batch-size 4 --search learning-rate,dropout".split()  # noqa: SIM905 -- as it is typed


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    return path


def trials_of(path):
    """The trials in a study that may be written at this moment, or may not be there yet."""
    try:
        journal = JournalStorage(JournalFileBackend(str(path)))
        return optuna.load_study(study_name=NAME, storage=journal).get_trials(deepcopy=False)
    except (KeyError, OSError):
        return []


def wait_for(found, seconds=250.0):
    """Wait until a function returns something true, and return that."""
    end = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return result


def running(path):
    return [t for t in trials_of(path) if t.state == TrialState.RUNNING and WORKER in t.user_attrs]


def is_run(trial, path):
    return trial.number in {one.number for one in running(path)}


def process_of(trial):
    return trial.user_attrs[PROCESS]


def kill_between_writes(process, path, wanted=lambda: True):
    """Kill a process if it does not write to a study now, for whose lock others would wait half a minute.

    Args:
        process: its number.
        path: the study.
        wanted: asked while the process stands still, so that nothing changes meanwhile.
    """
    os.kill(process, signal.SIGSTOP)
    if is_locked(path) or not wanted():
        os.kill(process, signal.SIGCONT)
        return False
    os.kill(process, signal.SIGKILL)
    return True


def is_locked(path):
    return path.with_name("study.log.lock").exists()


def kill_one_that_runs_a_trial(path):
    """Kill a process in the middle of a trial, and return the trial."""
    while True:
        trial = wait_for(lambda: running(path))[0]
        if kill_between_writes(process_of(trial), path, partial(is_run, trial, path)):
            return trial


def words(table, trials, *more):
    study = table.with_name("study.log")
    return ["search", "vectors", str(table), "--storage", str(study), "--trials", str(trials), *OPTIONS, *more]


def test_the_trial_of_a_killed_process_is_run_again(table):
    path, killed = table.with_name("study.log"), []

    killer = threading.Thread(target=lambda: killed.append(kill_one_that_runs_a_trial(path)))
    killer.start()
    model = elman.FeedForward(epochs=10, batch_size=4)
    found = elman.search(model, table, storage=path, trials=5, workers=2, options=["learning_rate", "dropout"])
    killer.join()
    assert len(found.trials) == 5
    failed = [t.number for t in trials_of(path) if t.state == TrialState.FAIL]
    assert [n for n in failed if n < len(found.trials)] == [killed[0].number], "later ones were begun by two at once"
    assert killed[0].params in [t.options for t in found.trials]
    assert len({process_of(t) for t in trials_of(path)}) > 1


def test_a_search_that_was_killed_goes_on(table, capsys):
    path = table.with_name("study.log")
    command = process_context(TRAINING).Process(target=search_silently, args=(words(table, 4, "--workers", "2"),))
    command.start()
    try:
        wait_for(lambda: any(t.state.is_finished() for t in trials_of(path)) and running(path))
        workers = {process_of(t) for t in trials_of(path) if PROCESS in t.user_attrs}
    finally:
        wait_for(lambda: kill_between_writes(command.pid, path))
        command.join()
    for worker in workers:  # they end by themselves, and leave their trials to be run again
        wait_for(lambda worker=worker: not is_alive(worker))
    assert not running(path)
    before = [t.number for t in trials_of(path) if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    model = table.with_name("best.safetensors")
    assert main(words(table, 4, "--workers", "1", "-o", str(model))) == 0
    said = capsys.readouterr().out
    assert "4 trials" in said
    ended = [t.number for t in trials_of(path) if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    assert set(before) <= set(ended)
    assert len(ended) == 4
    best = min((t for t in trials_of(path) if t.state == TrialState.COMPLETE), key=lambda t: t.value).params
    assert {name: getattr(elman.load(model), name) for name in best} == best


def search_silently(words):
    """Be `elman search`; this runs in the other process."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    main(words)


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{process}/stat") as state:  # nobody may have waited for one that has ended
        return state.read().rpartition(")")[2].split()[0] != "Z"


def end_while_writing(path):
    """Have one thread end the process while another one writes; this runs in the other process."""
    lock = storage.Lock(path)
    lock.acquire()
    threading.Thread(target=storage.end_process, args=(3,)).start()
    time.sleep(0.3)
    lock.release()
    time.sleep(60)


def test_a_process_that_ends_itself_leaves_no_lock(tmp_path):
    path = tmp_path / "study.log"
    process = process_context(TRAINING).Process(target=end_while_writing, args=(str(path),))
    process.start()
    process.join()
    assert (process.exitcode, is_locked(path)) == (3, False)


def test_an_error_of_a_process_is_raised_here(table, monkeypatch):
    from elman.tuning import entry
    from elman.tuning.experiment import experiment_of

    def unread(model, data, names):
        table.write_text("x,label\n1,a\n?,b\n")
        return found

    model = elman.FeedForward(epochs=1)
    found = experiment_of(model, (table,), None)
    monkeypatch.setattr(entry, "experiment_of", unread)
    with pytest.raises(DataError, match=r"rows\.csv: "):
        elman.search(model, table, storage=table.with_name("study.log"), trials=4, workers=2)
    assert not running(table.with_name("study.log"))
