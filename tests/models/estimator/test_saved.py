"""The file of a model has the options that `fit` chose for the data, and the answer."""

import pytest

import elman
from elman.errors import ModelFileError
from elman.models.estimator.answer import Answer
from elman.options import AnsweringOptions, declared
from elman.train import read_container, write_container

TEXTS = ["what a good film", "what a bad film", "a good cast and a good plot", "a bad plot badly cast"]
LABELS = ["good", "bad", "good", "bad"]


@pytest.fixture(scope="module")
def model():
    return elman.SequenceClassifier(
        hidden_size=4, embedding_dim=4, min_count=1, epochs=1, ngrams=False, validation_fraction=0
    ).fit(TEXTS, LABELS)


def test_options_left_open_are_told_apart_from_the_users(model, tmp_path):
    assert model.chosen_ == {"batch_size": 8, "members": 1, "tokens": "words"}  # epochs are given
    model.save(tmp_path / "m.safetensors")
    loaded = elman.load(tmp_path / "m.safetensors")
    assert loaded.chosen_ == model.chosen_
    assert loaded.batch_size is None
    assert loaded._filled_options().batch_size == 8


MIXED = Answer("mixture", {"network": 0.7, "bag of words": 0.4}, {"network": 0.5})


@pytest.mark.parametrize("answer", [Answer.only(), MIXED])
def test_the_answer_is_saved(model, tmp_path, answer):
    model.answer_ = answer
    model.save(tmp_path / "m.safetensors")
    assert elman.load(tmp_path / "m.safetensors").answer_ == answer


BROKEN = [
    {"answer": {"name": "network"}},
    {"answer": {"name": "", "factors": {}, "losses": {}}},
    {"answer": 3},
    {"chosen": None},
    {"chosen": {"batch_size": 0}},
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_file_with_a_broken_choice_is_refused(model, tmp_path, broken):
    path = tmp_path / "m.safetensors"
    model.save(path)
    kind, content, tensors = read_container(path)
    write_container(path, kind, content | broken, tensors)
    with pytest.raises(ModelFileError, match=r"\b(answer|chosen|batch_size)\b"):
        elman.load(path)


def test_the_option_is_declared_once():
    (answer,) = declared(AnsweringOptions)
    assert (answer.name, answer.default) == ("answer", "best")
