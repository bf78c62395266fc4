"""A generator's stream predicts the next character as `score` does, whatever it answers with."""

from itertools import pairwise

import numpy as np
import pytest

import elman
from elman import kernels
from elman.errors import DataError, InputError

pytestmark = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())
TEXT = "to be, or not to be, that is the question:\n" * 40
SMALL = {"hidden_size": 16, "num_layers": 1, "batch_size": 4, "k1": 16, "epochs": 1}


@pytest.fixture(scope="module", params=[{"answer": "network"}, {"embedding_dim": None, "answer": "network"}, {}])
def model(request):
    return elman.TextGenerator(**SMALL | request.param).fit(TEXT)


def loss(stream, text):
    """Return the mean loss of each character but the first, in nats."""
    found = [stream.step(one)[0, stream.characters.index(after)] for one, after in pairwise(text)]
    return -np.log(found).mean()


def test_it_predicts_what_score_measures(model):
    stream = model.stream()
    for text in ("to be that", "question", "sssss to"):
        stream.reset()
        assert loss(stream, text) == pytest.approx(model.score(text), abs=1e-5)


def test_rows_and_saved_states(model):
    stream, alone = model.stream(batch=2), model.stream()
    stream.step("to")
    stream.step("oh")
    saved = stream.state.to_bytes()
    want = stream.step(" a")
    stream.reset()
    stream.state = elman.StreamState.from_bytes(saved)
    stream.reset([1])
    found = stream.step(" t")
    assert (found[0] == want[0]).all()
    np.testing.assert_array_equal(found[1], alone.step("t")[0])
    assert found.sum(axis=1) == pytest.approx(1)


def test_a_wrong_step_changes_nothing(model):
    stream = model.stream(batch=2)
    stream.step("to")
    before = stream.state.to_bytes()
    for wrong, error, message in (
        ("t", InputError, "a character for each of 2 rows, got 't'"),
        (["t", "o"], InputError, "for each of 2 rows, got"),
        ("té", DataError, "step: 'é' .* not among the"),
    ):
        with pytest.raises(error, match=message):
            stream.step(wrong)
    assert stream.state.to_bytes() == before


def test_n_grams_alone_may_answer(model):
    """The stream then has the n-grams' probabilities."""
    if model.ngrams_ is None:
        return
    alone = elman.TextGenerator(**SMALL | {"epochs": 1, "learning_rate": 1e-6}).fit(TEXT)
    assert loss(alone.stream(), "question: to be") == pytest.approx(alone.score("question: to be"), abs=1e-5)
