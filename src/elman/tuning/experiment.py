"""Define `Experiment`, all that the processes of one search share, and how a study file knows that it belongs to it."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from optuna.distributions import distribution_to_json

from elman.errors import InputError
from elman.models.estimator.base import Estimator
from elman.options import values
from elman.train import Callback, Counters, Plan
from elman.tuning.space import Space, space_of, within


@dataclass(frozen=True)
class Experiment:
    """One search.

    Attributes:
        kind: the class of the model.
        options: its options in every trial, those that are searched left out.
        space: what is searched.
        first: what the first trial tries: the defaults, as far as they are in the space.
        data: what `fit` takes.
        fingerprint: digests of the data, by name.
        seed: the seed of the search.
    """

    kind: type[Estimator]
    options: dict[str, Any]
    space: Space
    first: dict[str, Any]
    data: tuple[Any, ...]
    fingerprint: dict[str, Any]
    seed: int

    def attributes(self) -> dict[str, Any]:
        """Return what a study stores, and by what it knows the search it belongs to, as JSON values."""
        options = values(self.kind(**self.options))
        found = {
            "job": self.kind.kind,
            "data": self.fingerprint,
            "space": {name: distribution_to_json(one) for name, one in sorted(self.space.items())},
            "options": {name: value for name, value in options.items() if name not in self.space},
        }
        return dict(json.loads(json.dumps(found, default=str)))


def experiment_of(model: Estimator, data: tuple[Any, ...], names: list[str] | None) -> Experiment:
    """Return a search, after reading the data once.

    Args:
        model: the estimator; its options hold in every trial, as far as they are not searched.
        data: what `fit` takes.
        names: the options to search; None is the job's own choice, without those that differ from their defaults.

    Raises:
        InputError: an option cannot be searched, or nothing would be held out.
        DataError: the data cannot be used.
    """
    options, usual = model.get_params(deep=False), type(model)().get_params(deep=False)
    if names is None:
        names = [name for name in model.options.searched if options[name] == usual[name]]
    space = space_of(model.options, names)
    own = {name: value for name, value in model.options.in_a_trial.items() if options[name] == usual[name]}
    options |= own
    if options["validation_fraction"] == 0:
        raise InputError("validation_fraction: a search compares held-out losses: expected a value above 0, got 0")
    looked = type(model)(**options)
    with suppress(_Ready):
        looked.fit(*data, callback=_Stop())
    first = within(space, options | looked.chosen_)
    kept = {name: value for name, value in options.items() if name not in space}
    return Experiment(type(model), kept, space, first, data, looked.fingerprint_, options["seed"])


class _Ready(Exception):  # noqa: N818 -- no error
    """The data were read, and training would begin."""


class _Stop(Callback):
    def on_start(self, plan: Plan, counters: Counters) -> None:
        raise _Ready
