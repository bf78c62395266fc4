"""Turn the declared ranges of options (`Search` in `elman/options.py`) into Optuna's distributions."""

from collections.abc import Iterable
from typing import Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from elman.errors import InputError
from elman.options import Declared, Search, TrainingOptions, searchable
from elman.quoting import quote

Distribution = CategoricalDistribution | IntDistribution | FloatDistribution
Space = dict[str, Distribution]


def space_of(options: type[TrainingOptions], names: Iterable[str]) -> Space:
    """Return the distributions of some options, by name.

    Raises:
        InputError: a name is no option that can be searched, or is there twice; or there is none.
    """
    known = {option.name: option for option in searchable(options)}
    found: Space = {}
    for name in names:
        if name not in known:
            raise InputError(f"{quote(name)}: an option that cannot be searched: choose from {', '.join(known)}")
        if name in found:
            raise InputError(f"{name}: expected each option once, got it twice: leave one out")
        found[name] = _distribution(known[name])
    if not found:
        raise InputError(f"search: expected an option to search, got none: choose from {', '.join(known)}")
    return found


def _distribution(option: Declared) -> Distribution:
    mark: Search = option.mark(Search)
    if mark.low is None or mark.high is None:
        return CategoricalDistribution(option.choices)
    if option.base is int:
        return IntDistribution(int(mark.low), int(mark.high), log=mark.log)
    return FloatDistribution(mark.low, mark.high, log=mark.log)


def within(space: Space, values: dict[str, Any]) -> dict[str, Any]:
    """Return those of some values that a search could try itself."""
    found = {}
    for name, distribution in space.items():
        value = values.get(name)
        if isinstance(distribution, CategoricalDistribution):
            inside = value in distribution.choices
        else:
            inside = value is not None and distribution.low <= value <= distribution.high
        if inside:
            found[name] = value
    return found
