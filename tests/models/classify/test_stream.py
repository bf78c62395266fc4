"""A classifier's stream says what `predict` says of the beginning of a sequence, or why it cannot."""

import functools
import random

import numpy as np
import pytest

import elman
from elman import kernels
from elman.errors import DataError, InputError

pytestmark = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())
SMALL = {"hidden_size": 12, "embedding_dim": 8, "epochs": 2, "batch_size": 8, "bidirectional": False}
STREAMS = SMALL | {"answer": "network", "validation_fraction": 0.2, "min_count": 1}
STREAMS |= {"ngrams": False, "convolutions": False, "positions": False}
KINDS = [*({"pooling": name} for name in ("last", "mean", "max", "mean+max")), {"members": 3}]
KINDS += [{"members": 2, "pooling": "last"}]


def rows(count=40, seed=0):
    draw = random.Random(seed)
    words = ["good", "bad", "film", "plot", "a", "the"]
    texts = [" ".join(draw.choice(words) for _ in range(draw.randint(4, 9))) for _ in range(count)]
    return texts, ["yes" if t.count("good") > t.count("bad") else "no" for t in texts]


@functools.cache
def model(**options):
    return elman.SequenceClassifier(**STREAMS | options).fit(*rows())


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_it_thinks_so_far(kind):
    found = model(**kind)
    stream = found.stream()
    assert stream.probabilities.sum() == pytest.approx(1)
    for text in rows(3, seed=1)[0] + ["Unseen film"]:
        stream.reset()
        words = text.split()
        for k, word in enumerate(words, 1):
            beginning = " ".join(words[:k])
            assert stream.step(word).tolist() == found.predict([beginning]).tolist()
            np.testing.assert_allclose(stream.probabilities, found.predict_proba([beginning]), atol=1e-5)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_rows_and_saved_states(kind):
    found = model(**kind)
    stream, texts = found.stream(batch=2), [["good", "a", "film"], ["bad", "the", "plot"]]
    stream.step([text[0] for text in texts])
    saved = stream.state.to_bytes()
    stream.step([text[1] for text in texts])
    want = stream.probabilities
    stream.reset()
    stream.state = elman.StreamState.from_bytes(saved)
    stream.step([text[1] for text in texts])
    assert (stream.probabilities == want).all()
    with pytest.raises(InputError, match="expected a state of the"):
        model(**kind | {"hidden_size": 11}).stream(batch=2).state = stream.state
    stream.reset([0])
    stream.step(["film", "plot"])
    whole = ["film", "bad the plot"]
    np.testing.assert_allclose(stream.probabilities, found.predict_proba(whole), atol=1e-5)


def test_a_state_belongs_to_its_pooling():
    stream, other = model(pooling="mean").stream(), model(pooling="max").stream()
    before = other.state.values
    with pytest.raises(InputError, match="mean of steps"):
        other.state = stream.state
    with pytest.raises(InputError, match="expected a StreamState, got bytes"):
        other.state = stream.state.to_bytes()
    assert (other.state.values == before).all()


def test_series_are_scaled():
    draw = np.random.default_rng(0)
    series = [draw.normal(50, 20, (draw.integers(3, 8), 2)) for _ in range(40)]
    labels = ["up" if one.mean() > 50 else "down" for one in series]
    found = elman.SequenceClassifier(**STREAMS).fit(series, labels)
    stream = found.stream()
    for step in series[0]:
        stream.step(step[None])
    np.testing.assert_allclose(stream.probabilities, found.predict_proba(series[:1]), atol=1e-5)


def test_several_labels():
    texts, labels = rows()
    found = elman.SequenceClassifier(**STREAMS).fit(texts, [[one] if one == "yes" else [] for one in labels])
    assert found.stream().step("good") == found.predict(["good"])


def test_characters_and_symbols():
    texts, labels = rows()
    found = elman.SequenceClassifier(**STREAMS, tokens="characters").fit(texts, labels)
    stream = found.stream()
    for character in "a g":
        stream.step(character)
    np.testing.assert_allclose(stream.probabilities, found.predict_proba(["a g"]), atol=1e-5)
    found = elman.SequenceClassifier(**STREAMS).fit([text.split() for text in texts], labels)
    stream = found.stream()
    stream.step(["good"])
    np.testing.assert_allclose(stream.probabilities, found.predict_proba([["good"]]), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pooling": "attention"}, "mean\\+max, got attention, which weighs the whole input: fit with another"),
        ({"bidirectional": True}, "is bidirectional: .*bidirectional=False"),
    ],
)
def test_what_cannot_stream(options, message):
    with pytest.raises(InputError, match=message):
        model(**options).stream()


def test_the_network_of_a_pooled_classifier_is_no_stream_of_its_own():
    with pytest.raises(InputError, match=r"pooling='last', got mean, over all steps\. Use model.stream\(\)"):
        elman.Stream(model(pooling="mean").network_)
    assert elman.Stream(model(pooling="last").network_).step(np.array([1])).shape == (1, 2)
    with pytest.raises(InputError, match=r"with one network, got 2 that are averaged\. Use model.stream\(\)"):
        elman.Stream(model(members=2, pooling="last").network_)


def test_the_network_alone_answers_or_is_asked_for():
    found = model(answer="best", epochs=1)
    assert found.answer_.name != "network"
    with pytest.raises(InputError, match=r"reads whole sequences: ask for stream\(answer='network'\)"):
        found.stream()
    assert found.stream(answer="network").step("a")[0] in found.classes_


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (["a good"], InputError, "expected one of the model's words for each row, got 'a good', which is 2"),
        ("", InputError, "which is 0"),
        (["a", "b"], InputError, "for each of 1 rows, got 2"),
        (np.zeros((1, 1)), DataError, "the model reads words, got series"),
    ],
)
def test_a_wrong_step_changes_nothing(x, error, message):
    stream = model().stream()
    stream.step("good")
    before = stream.state.to_bytes()
    with pytest.raises(error, match=message):
        stream.step(x)
    assert stream.state.to_bytes() == before
