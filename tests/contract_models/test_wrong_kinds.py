"""Data of the wrong kind gets one clear line from every estimator: never an error of Python's own, never an answer."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from tests.contract_models.registry import CASES

import elman
from elman.errors import ElmanError

WRONG = {
    "None": lambda: None,
    "an integer": lambda: 3,
    "a float": lambda: 2.5,
    "a type": lambda: int,
    "bytes": lambda: b"abc",
    "a dictionary": lambda: {"a": [1, 2], "b": [3, 4]},
    "a set": lambda: {"one", "two"},
    "no rows": list,
    "rows of None": lambda: [None] * 40,
    "a missing row": lambda: ["a b", None] * 20,
    "nested unevenly": lambda: [[[1.0, 2.0], [3.0]], [1.0, [2.0, [3.0]]]] * 20,
    "a single number": lambda: np.array(3.0),
    "a single text": lambda: np.array("abc"),
    "objects": lambda: [object()] * 40,
    "dictionaries": lambda: [{"a": 1}] * 40,
    "complex numbers": lambda: np.full((40, 3), 1j),
    "numbers too large": lambda: np.full((40, 3), 1e39),
    "infinite numbers": lambda: np.full((40, 3), np.inf),
    "an integer too large": lambda: [[10**400, 1]] * 40,
    "five dimensions": lambda: np.zeros((2, 2, 2, 2, 2)),
    "dates": lambda: np.array(["2020-01-01"] * 40, dtype="datetime64[D]"),
    "a frame without rows": lambda: pd.DataFrame({"a": []}),
    "a frame without columns": lambda: pd.DataFrame(index=range(40)),
    "a frame of two columns of one name": lambda: pd.DataFrame([[1.0, 2.0]] * 40, columns=["a", "a"]),
    "a generator of nothing": lambda: (x for x in ()),
}
"""None of these is a text, a list of sequences, a table or images, whatever the estimator."""


def refused(call):
    with pytest.raises(ElmanError) as caught:
        call()
    message = str(caught.value)
    assert len(message) <= 300
    assert message.isprintable()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", CASES)
def test_fit_refuses_in_one_line(name, kind):
    case = CASES[name]
    _, *y = case.data()
    refused(lambda: case.make().fit(WRONG[kind](), *y))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
@pytest.mark.parametrize("kind", sorted(set(WRONG) - {"None"}))
@pytest.mark.parametrize("name", [name for name in CASES if len(CASES[name].data()) > 1])
def test_fit_refuses_such_answers_in_one_line(name, kind):
    case = CASES[name]
    refused(lambda: case.make().fit(case.data()[0], WRONG[kind]()))


@pytest.mark.parametrize("name", CASES)
def test_predict_refuses_in_one_line(name):
    case = CASES[name]
    model = case.make(epochs=1).fit(*case.data())
    ask = model.score if name == "text generator" else model.predict
    if name == "forecaster":
        ask = partial(model.predict, None)
    for kind in sorted(set(WRONG) - {"None"} if name == "forecaster" else WRONG):
        refused(lambda kind=kind: ask(WRONG[kind]()))


def test_tags_that_are_no_rows_are_named():
    for tags in ([1, 2], [[1, 2], 3], [[1, object()], [1, 2]], [np.array(1), np.array(2)]):
        refused(lambda tags=tags: elman.SequenceTagger().fit(["a b", "b a"], tags))


def test_a_generator_is_read_as_a_list_is():
    X, y = CASES["classifier of texts"].data()
    model = elman.SequenceClassifier(hidden_size=2, embedding_dim=2, epochs=1, batch_size=8, validation_fraction=0.1)
    one, two = (model.fit(each, y).predict_proba(X[:3]) for each in ((text for text in X), X))
    np.testing.assert_array_equal(one, two)
