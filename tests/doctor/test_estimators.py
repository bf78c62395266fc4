"""The doctor looks at every model that learns from examples: its own batches, its own loss."""

import csv

import numpy as np
import pytest
import torch

import elman
from elman.cli import main
from elman.errors import DataError, InputError

RANDOM = np.random.default_rng(0)
WORDS = ["".join(RANDOM.choice(list("abcd"), RANDOM.integers(2, 9))) for _ in range(40)]
SMALL = {"hidden_size": 6, "epochs": 1, "batch_size": 8}
LABELS = ["long" if len(word) > 5 else "short" for word in WORDS]
TAGS = [list(word.upper()) for word in WORDS]
WAVE = (np.tile([0.0, 3, 1, -2], 25) + RANDOM.normal(size=100)).tolist()
IMAGES = RANDOM.integers(0, 256, (40, 6, 6), dtype=np.uint8)
EMBED = SMALL | {"embedding_dim": 4}
ALONE = {"ngrams": False, "validation_fraction": 0.1}
"""Fits the network once, and no slow model beside it."""

MODELS = {
    "classifier": (lambda: elman.SequenceClassifier(**EMBED, **ALONE, tokens="characters"), (WORDS, LABELS)),
    "tagger": (lambda: elman.SequenceTagger(**EMBED, answer="network"), (WORDS, TAGS)),
    "forecaster": (lambda: elman.Forecaster(**SMALL, horizon=3, season=4, context=6, members=2), WAVE),
    "translator": (lambda: elman.Translator(**EMBED, teacher_forcing=0.5), (WORDS, [w[::-1] for w in WORDS])),
    "captioner": (lambda: elman.Captioner(**EMBED, features=8), (IMAGES, WORDS)),
}
LAYERS = {
    "classifier": ["encoder.recurrent forward", "encoder.recurrent reverse"],
    "tagger": ["encoder.recurrent forward", "encoder.recurrent reverse"],
    "forecaster": ["members.0.recurrent", "members.1.recurrent"],
    "translator": ["encoder forward", "encoder reverse", "decoder.recurrent"],
    "captioner": ["decoder.recurrent"],
}


@pytest.fixture(scope="module")
def fitted():
    found = {}
    for name, (make, data) in MODELS.items():
        found[name] = make().fit(*data) if isinstance(data, tuple) else make().fit(data)
    return found


@pytest.mark.parametrize("name", MODELS)
def test_every_layer_of_every_model(fitted, name):
    model, data = fitted[name], MODELS[name][1]
    before = {key: value.clone() for key, value in model.network_.state_dict().items()}
    report = elman.diagnose(model, data)
    found = report.findings
    assert [layer.name for layer in report.layers] == LAYERS[name]
    assert all(len(layer.by_lag) > 1 for layer in report.layers)
    assert (found.batch, found.clip) == (8, 5.0)
    assert found.clipped_share == model.progress_.clipped_share
    assert len(found.norms) == min(8, -(-int(report.note.split()[4]) // 8))
    assert not model.network_.training
    assert all(torch.equal(value, model.network_.state_dict()[key]) for key, value in before.items())


def test_the_loss_is_that_of_training():
    """Of a classifier with weights for its classes, by hand from its probabilities, on a batch of middling length."""
    model = elman.SequenceClassifier(
        **EMBED, tokens="characters", class_weight="balanced", validation_fraction=0, ngrams=False
    )
    model.fit(WORDS, LABELS)
    some = list(range(8))
    words, labels = [WORDS[k] for k in some], [LABELS[k] for k in some]
    probabilities = model.predict_proba(words)
    wanted = [list(model.classes_).index(label) for label in labels]
    weights = np.array([1 / (2 * (LABELS.count(name) + 1) / (len(LABELS) + 2)) for name in model.classes_])[wanted]
    by_hand = -(weights * np.log(probabilities[np.arange(8), wanted])).sum() / weights.sum()
    assert elman.diagnose(model, (words, labels)).findings.loss == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_cannot_make_its_own_data(fitted, name):
    with pytest.raises(InputError, match="cannot make its own to be examined on: give a file such as"):
        elman.diagnose(fitted[name])


def test_what_training_never_saw(fitted):
    with pytest.raises(DataError, match="none of the classes of training"):
        elman.diagnose(fitted["classifier"], (WORDS, ["odd"] * 40))
    tags = [["?"] * len(word) for word in WORDS]
    with pytest.raises(DataError, match="every sequence has a tag that training never saw"):
        elman.diagnose(fitted["tagger"], (WORDS, tags))
    mixed = elman.diagnose(fitted["tagger"], (WORDS, TAGS[:20] + tags[20:]))
    assert "of 20 examples" in mixed.note
    with pytest.raises(DataError, match="got none that the model can be measured on"):
        elman.diagnose(fitted["forecaster"], WAVE[:7])
    with pytest.raises(DataError, match="resize"):
        elman.diagnose(fitted["captioner"], (IMAGES[:, :4], WORDS))


def test_a_model_without_recurrent_layers():
    model = elman.FeedForward(hidden_size=4, epochs=1).fit(RANDOM.normal(size=(20, 3)), [0, 1] * 10)
    with pytest.raises(InputError, match="FeedForwardNetwork has no recurrent layer"):
        elman.diagnose(model)


def test_the_command_line(fitted, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with open("words.csv", "w", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *zip(WORDS, LABELS, strict=True)])
    fitted["classifier"].save("m.safetensors")
    columns = fitted["classifier"].columns_
    assert main(["diagnose", "m.safetensors", "words.csv"]) == 0
    assert "Examined on 8 of 40 examples, of middling length." in capsys.readouterr().out
    elman.diagnose(fitted["classifier"], "words.csv")
    assert fitted["classifier"].columns_ is columns
    assert main(["diagnose", "m.safetensors"]) == 1
    assert "give a file such as it was trained on" in capsys.readouterr().err
