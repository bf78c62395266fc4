"""A tagger's stream tags as `predict` does, token by token, or says why it cannot."""

import random

import numpy as np
import pytest
import torch

import elman
from elman import kernels
from elman.errors import DataError, InputError

pytestmark = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())
SMALL = {"hidden_size": 12, "embedding_dim": 8, "epochs": 3, "batch_size": 8, "split": "tail"}
STREAMS = SMALL | {"bidirectional": False, "crf": False, "answer": "network"}


def rows(count, seed=0):
    draw = random.Random(seed)
    texts = ["".join(draw.choice("abcd") for _ in range(draw.randint(2, 9))) for _ in range(count)]
    return texts, ["".join("ny"[t[: k + 1].count("b") % 2] for k in range(len(t))) for t in texts]


@pytest.fixture(scope="module")
def model():
    return elman.SequenceTagger(**STREAMS).fit(*rows(60))


def agree(model, row, stream, tokens):
    """Compare tags and probabilities with those of the whole sequence."""
    (want,), (probabilities,) = model.predict([row]), model.predict_proba([row])
    stream.reset()
    for k, token in enumerate(tokens):
        assert stream.step(token) == [want[k]]
        np.testing.assert_allclose(stream.probabilities[0], probabilities[k], atol=1e-5)


def test_tokens_are_tagged_as_they_arrive(model):
    stream = model.stream()
    for row in rows(5, seed=1)[0] + ["az", "zz"]:  # z is unknown
        agree(model, row, stream, row)


def test_words_are_read_by_their_parts(tmp_path):
    draw = random.Random(0)
    words = ["".join(draw.choice("abcdefg") for _ in range(5)) for _ in range(300)]
    texts = [" ".join(draw.choice(words) for _ in range(6)) for _ in range(100)]
    tags = [" ".join("y" if w[-1] in "abc" else "n" for w in text.split()) for text in texts]
    model = elman.SequenceTagger(**STREAMS, tokens="words").fit(texts, tags)
    assert model.preprocessor_.words is not None
    agree(model, "Abcde gggga zz", model.stream(), ["Abcde", "gggga", "zz"])
    model.save(tmp_path / "model.safetensors")
    loaded = elman.load(tmp_path / "model.safetensors")
    assert loaded.stream().step("abcde") == model.stream().step("abcde")


def test_series_are_scaled():
    draw = np.random.default_rng(0)
    series = [draw.normal(50, 20, (draw.integers(3, 8), 2)) for _ in range(40)]
    tags = [["up" if step[0] > 50 else "down" for step in one] for one in series]
    model = elman.SequenceTagger(**STREAMS).fit(series, tags)
    agree(model, series[0], model.stream(), series[0][:, None])


def test_rows_are_sequences_of_their_own(model):
    stream, texts = model.stream(batch=2), ["abbad", "dcbab"]
    saved = None
    for k in range(5):
        if k == 3:
            saved = stream.state.to_bytes()
        found = stream.step([text[k] for text in texts])
        assert found == [model.predict([text])[0][k] for text in texts]
    stream.state = elman.StreamState.from_bytes(saved)
    stream.reset(1)
    assert stream.step(["a", "b"])[0] == model.predict(["abba"])[0][3]
    assert stream.probabilities[1] == pytest.approx(model.predict_proba(["b"])[0][0], abs=1e-5)


def test_later_changes_of_the_model_are_not_seen():
    model = elman.SequenceTagger(**STREAMS).fit(*rows(30))
    stream, other = model.stream(), model.stream()
    other.step("a")
    with torch.no_grad():
        for weight in model.network_.parameters():
            weight.zero_()
    stream.step("a")
    assert (stream.probabilities == other.probabilities).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crf": True}, "crf=False, got one whose tags depend on those after them"),
        ({"bidirectional": True}, "LSTM .* is bidirectional: .*bidirectional=False"),
    ],
)
def test_what_cannot_stream(options, message):
    model = elman.SequenceTagger(**STREAMS | options).fit(*rows(30))
    with pytest.raises(InputError, match=message):
        model.stream()


def test_the_network_alone_answers_or_is_asked_for():
    model = elman.SequenceTagger(**STREAMS | {"answer": "best", "epochs": 1}).fit(*rows(60))
    assert model.answer_.name != "network"
    with pytest.raises(InputError, match=rf"answers with {model.answer_.name} .* stream\(answer='network'\)"):
        model.stream()
    assert model.stream(answer="network").step("a")[0] in model.classes_
    with pytest.raises(InputError, match="expected answer to be 'best' or 'network', got 'counts'"):
        model.stream(answer="counts")


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (["a"], InputError, "expected one step for each of 2 rows, got 1: give a list of 2 symbols"),
        ("ab", InputError, "for each of 2 rows, got 1"),
        (np.zeros((2, 3)), DataError, "the model reads"),
        (["a", None], DataError, "step: "),
        ([], DataError, "step: "),
        (3, DataError, "step: "),
    ],
)
def test_a_wrong_step_changes_nothing(model, x, error, message):
    stream = model.stream(batch=2)
    stream.step(["a", "b"])
    before = stream.state.to_bytes()
    with pytest.raises(error, match=message):
        stream.step(x)
    assert stream.state.to_bytes() == before


def test_an_untrained_tagger_has_no_stream():
    with pytest.raises(InputError, match="not trained yet"):
        elman.SequenceTagger().stream()
