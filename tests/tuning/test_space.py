"""The ranges of a search are those that the options declare, and each is inside what the option allows."""

from typing import get_args

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from elman.errors import InputError
from elman.models.loading import ESTIMATORS
from elman.options import Range, Search, declared, searchable
from elman.tuning.space import space_of, within

OPTIONS = [estimator.options for estimator in ESTIMATORS]
SEARCHED = [(options, option) for options in OPTIONS for option in searchable(options)]


@pytest.mark.parametrize(("options", "option"), SEARCHED, ids=lambda one: getattr(one, "__name__", None) or one.name)
def test_a_declared_range_is_one_that_the_option_allows(options, option):
    mark, bounds = option.mark(Search), option.mark(Range)
    if mark.low is None:
        assert option.choices == (get_args(option.base) or (False, True))
        assert len(option.choices) > 1
        return
    assert mark.low < mark.high
    for value in (mark.low, mark.high):
        kept = bounds.keywords()
        assert value >= kept.get("ge", value)
        assert value <= kept.get("le", value)
        assert value > kept.get("gt", value - 1)
        assert value < kept.get("lt", value + 1)
    assert mark.low > 0 or not mark.log


@pytest.mark.parametrize("options", OPTIONS, ids=lambda one: one.__name__)
def test_a_job_names_options_that_it_has(options):
    assert set(options.searched) <= {option.name for option in searchable(options)}
    assert set(options.in_a_trial) <= {option.name for option in declared(options)}


def test_distributions_follow_the_type_of_an_option():
    options = next(one for one in OPTIONS if one.__name__ == "TaggerOptions")
    names = ["hidden_size", "learning_rate", "dropout", "cell", "crf"]
    assert space_of(options, names) == {
        "hidden_size": IntDistribution(16, 256, log=True),
        "learning_rate": FloatDistribution(3e-4, 3e-2, log=True),
        "dropout": FloatDistribution(0, 0.6),
        "cell": CategoricalDistribution(("rnn", "gru", "lstm")),
        "crf": CategoricalDistribution((False, True)),
    }


def test_only_values_in_the_ranges_are_asked_for():
    space = space_of(OPTIONS[0], ["hidden_size", "cell", "batch_size"])
    values = {"hidden_size": 1000, "cell": "gru", "batch_size": None, "seed": 3}
    assert within(space, values) == {"cell": "gru"}
    assert within(space, {"hidden_size": 256, "cell": "none"}) == {"hidden_size": 256}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["seed"], "'seed': an option that cannot be searched: choose from "),
        (["epochs", "cell"], "'epochs': an option that cannot be searched: choose from "),
        (["nonsense\n"], "an option that cannot be searched: choose from "),
        (["cell", "cell"], "cell: expected each option once, got it twice: leave one out"),
        ([], "search: expected an option to search, got none: choose from "),
    ],
)
def test_other_names_are_one_line(names, said):
    with pytest.raises(InputError) as caught:
        space_of(OPTIONS[0], names)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
