"""Trials of processes that died are run again, with the same options, and a limited number of times."""

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from elman.tuning import bookkeeping
from elman.tuning.bookkeeping import ALIVE, GRACE, RETRIES, WORKER, Watch

SPACE = {"x": FloatDistribution(0, 1)}
optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def study():
    return optuna.create_study()


def states(study):
    return [trial.state.name for trial in study.trials]


def test_a_trial_without_signs_of_life_is_run_again_with_its_options(study):
    now = 0.0
    watch = Watch(lambda: now)
    dead, alive = study.ask(SPACE), study.ask(SPACE)
    for now in (0.0, GRACE / 2, GRACE, GRACE + 1):
        assert watch.requeue_dead(study, study.trials) == (now > GRACE)
        alive.set_user_attr(ALIVE, now)
    assert states(study) == ["FAIL", "RUNNING", "WAITING"]
    assert study.trials[2].params == dead.params
    assert study.ask(SPACE).params == dead.params


def test_another_process_that_also_saw_it_changes_nothing(study):
    study.ask(SPACE)
    before = study.trials[0]
    bookkeeping.requeue(study, before)
    bookkeeping.requeue(study, before)
    assert states(study) == ["FAIL", "WAITING"]


def test_a_trial_that_kills_its_process_each_time_is_pruned(study):
    for _ in range(RETRIES + 1):
        study.ask(SPACE).set_user_attr(WORKER, "w")
        assert bookkeeping.requeue_worker(study, "w")
    assert states(study) == ["FAIL"] * RETRIES + ["PRUNED"]
    assert not bookkeeping.requeue_worker(study, "w")


def test_the_options_of_a_trial_that_was_asked_for_are_kept(study):
    study.enqueue_trial({"x": 0.25})
    study.ask().set_user_attr(WORKER, "w")  # killed before it has options
    bookkeeping.requeue_worker(study, "w")
    assert study.ask(SPACE).params == {"x": 0.25}


def test_of_two_last_trials_the_later_one_is_surplus(study):
    trials = [study.ask(SPACE) for _ in range(4)]
    assert not bookkeeping.is_surplus(study.trials, trials[2].number, 3)
    assert bookkeeping.is_surplus(study.trials, trials[3].number, 3)
    bookkeeping.end(study, 0, TrialState.FAIL)  # one that is not counted makes room
    assert not bookkeeping.is_surplus(study.trials, trials[3].number, 3)


def test_a_second_end_is_refused(study):
    study.ask(SPACE)
    assert bookkeeping.end(study, 0, TrialState.COMPLETE, 1.0)
    assert not bookkeeping.end(study, 0, TrialState.COMPLETE, 2.0)
    assert study.best_value == 1.0
