"""The wide part of a classifier: against scikit-learn's own pipeline, and beside the network."""

import numpy as np
import pytest
from scipy import special
from tests.models.classify.test_sequence_classifier import TINY

import elman
from elman.models.classify.network import scores_of
from elman.models.scoring.ngrams import NGrams, choose_mix

OPTIONS = TINY | {"epochs": 2}


def endings(count=60, seed=0):
    """Texts whose label is in how their words end, each word new."""
    random = np.random.default_rng(seed)
    texts, labels = [], []
    for row in range(count):
        words = ["".join(random.choice(list("bcdfg"), 4)) + ("ing" if row % 2 else "ous") for _ in range(5)]
        texts.append(" ".join(words))
        labels.append(["verb", "adjective"][row % 2])
    return texts, labels


@pytest.fixture(scope="module")
def model():
    return elman.SequenceClassifier(**OPTIONS).fit(*endings())


def test_it_reads_pieces_of_words_that_never_came(model):
    texts, labels = endings(20, seed=1)
    preprocessor = model.preprocessor_
    probabilities = preprocessor.baselines(preprocessor.input.encode(texts), preprocessor.wide(texts))
    assert (model.classes_[probabilities["n-grams"].argmax(1)] == labels).all()
    assert (model.predict(texts) == labels).all()


def test_the_network_and_the_n_grams_are_added_as_the_mix_says(model):
    texts = endings(7, seed=2)[0]
    network = scores_of(model.network_, model.preprocessor_.input.encode(texts))
    wide = model.preprocessor_.ngrams.scores(texts)
    want = special.softmax(model.mix_[0] * network + model.mix_[1] * wide, axis=1)
    np.testing.assert_allclose(model.predict_proba(texts), want, rtol=1e-12)
    alone = elman.SequenceClassifier(**OPTIONS, ngrams=False).fit(*endings())
    assert alone.mix_ == (1.0, 0.0)
    assert "n-grams" not in alone.held_out_.probabilities
    np.testing.assert_allclose(alone.predict_proba(texts), special.softmax(network, axis=1), rtol=1e-12)
    assert not np.allclose(alone.predict_proba(texts), want, rtol=1e-3)


@pytest.mark.parametrize("options", [{}, {"validation_fraction": 0}, {"tokens": "characters"}, {"ngrams": False}])
def test_a_saved_model_gives_the_same_probabilities(tmp_path, options):
    texts, labels = endings(30)
    for y in (labels, [[label] if row % 3 else [] for row, label in enumerate(labels)]):
        model = elman.SequenceClassifier(**OPTIONS | {"epochs": 1} | options).fit(texts, y)
        model.save(tmp_path / "m")
        again = elman.load(tmp_path / "m", elman.SequenceClassifier)
        np.testing.assert_array_equal(again.predict_proba(texts), model.predict_proba(texts))


def test_held_out_texts_never_change_what_the_n_grams_learned():
    texts, labels = endings()
    options = OPTIONS | {"epochs": 1, "split": "tail", "validation_fraction": 0.25}
    one = elman.SequenceClassifier(**options).fit(texts, labels).preprocessor_.ngrams
    two = elman.SequenceClassifier(**options).fit(texts[:45] + ["quite other words"] * 15, labels).preprocessor_.ngrams
    assert one.content() == two.content()
    assert all((one.tensors()[name] == tensor).all() for name, tensor in two.tensors().items())
    three = elman.SequenceClassifier(**options).fit(["quite other words"] * 2 + texts[2:], labels).preprocessor_.ngrams
    assert three.content() != one.content()


def test_the_mix_is_what_a_grid_finds_and_stays_near_one_for_few_texts():
    random = np.random.default_rng(0)
    targets = random.integers(0, 2, 500)
    truth = np.eye(2)[targets]
    network, ngrams = 4 * truth + random.normal(0, 4, (500, 2)), truth + random.normal(0, 1, (500, 2))
    found = choose_mix(network, ngrams, targets, multilabel=False)

    def regret(mix):
        probabilities = special.log_softmax(mix[0] * network + mix[1] * ngrams, axis=1)
        return -probabilities[np.arange(500), targets].sum() + sum((np.array(mix) - 1) ** 2) / 2

    grid = [(a, b) for a in np.arange(0, 2, 0.05) for b in np.arange(0, 3, 0.05)]
    assert regret(found) <= min(map(regret, grid))
    assert found[0] < 0.5
    assert choose_mix(network[:1], ngrams[:1], targets[:1], multilabel=False) == pytest.approx((1, 1), abs=0.6)


def test_there_are_none_where_no_piece_comes_twice():
    assert NGrams.fit(["", "b"], np.array([0, 1]), False, False, None) is None
    assert elman.SequenceClassifier(**OPTIONS).fit([["x"], ["y"]] * 8, [0, 1] * 8).preprocessor_.ngrams is None
