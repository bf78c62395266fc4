"""Choose the options of a trial: Optuna's tree-structured Parzen estimator, seeded for each trial by its number.

One sampler with one seed would choose the same options again in each process, and after each restart.
"""

import warnings
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

STARTUP = 10
"""Trials drawn at random before the estimator begins."""


class NumberedSampler(BaseSampler):
    """Samples with a seed of its own for each trial.

    Args:
        seed: the seed of trial 0.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sampler = self._numbered(0)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Start the random numbers of a trial."""
        self._sampler = self._numbered(trial.number)
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the options that are sampled together."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return values of options that are sampled together."""
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value of one option."""
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        """Tell the estimator that a trial has ended."""
        self._sampler.after_trial(study, trial, state, values)

    def _numbered(self, number: int) -> TPESampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # constant_liar, before Optuna 5
            # Trials that others run count as poor ones, so that two processes do not try the same.
            return TPESampler(n_startup_trials=STARTUP, seed=(self._seed + number) % 2**32, constant_liar=True)
