"""The n-grams of a classifier of texts: against scikit-learn's own pipeline, and as a part of the answer."""

import numpy as np
import pytest
from scipy import special
from tests.models.classify.test_sequence_classifier import TINY

import elman
from elman.models.classify.network import scores_of
from elman.models.scoring.classification import mean_nats
from elman.models.scoring.ngrams import NGrams

OPTIONS = TINY | {"epochs": 2, "ngrams": True}


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
    scores = model.simple_.scores(texts, model.preprocessor_.input.encode(texts))
    assert (model.classes_[scores["n-grams"].argmax(1)] == labels).all()
    assert (model.predict(texts) == labels).all()


def test_the_network_and_the_n_grams_count_as_the_answer_says(model):
    texts = endings(7, seed=2)[0]
    both = elman.SequenceClassifier(**OPTIONS | {"validation_fraction": 0}).fit(*endings())
    assert both.answer_.factors == {"network": 0.5, "n-grams": 0.5}
    network = scores_of(both.network_, both.preprocessor_.input.encode(texts))
    want = special.softmax((network + both.simple_.ngrams.scores(texts)) / 2, axis=1)
    np.testing.assert_allclose(both.predict_proba(texts), want, rtol=1e-12)
    alone = elman.SequenceClassifier(**OPTIONS | {"ngrams": False, "validation_fraction": 0}).fit(*endings())
    assert alone.answer_.factors == {"network": 1.0}
    np.testing.assert_allclose(alone.predict_proba(texts), special.softmax(network, axis=1), rtol=1e-12)
    assert not np.allclose(alone.predict_proba(texts), want, rtol=1e-3)
    named = elman.SequenceClassifier(**OPTIONS, answer="network").fit(*endings())
    assert named.answer_.name == "network"
    assert named.answer_.losses.keys() == model.answer_.losses.keys()


@pytest.mark.parametrize("options", [{}, {"validation_fraction": 0}, {"tokens": "characters"}, {"ngrams": False}])
def test_a_saved_model_gives_the_same_probabilities(tmp_path, options):
    texts, labels = endings(30)
    for y in (labels, [[label] if row % 3 else [] for row, label in enumerate(labels)]):
        model = elman.SequenceClassifier(**OPTIONS | {"epochs": 1} | options).fit(texts, y)
        model.save(tmp_path / "m")
        again = elman.load(tmp_path / "m", elman.SequenceClassifier)
        np.testing.assert_array_equal(again.predict_proba(texts), model.predict_proba(texts))


def test_held_out_texts_are_learned_from_only_once_the_answer_is_chosen():
    texts, labels = endings()
    options = OPTIONS | {"epochs": 1, "split": "tail", "validation_fraction": 0.25}
    model = elman.SequenceClassifier(**options).fit(texts, labels)
    targets = model.preprocessor_.labels.encode(labels)
    first, whole = (NGrams.fit(texts[:end], targets[:end], False, True, None) for end in (45, 60))
    scores = first.scores(texts[45:])
    assert model.baselines_["n-grams"] == pytest.approx(mean_nats(special.softmax(scores, 1), targets[45:]))
    np.testing.assert_array_equal(model.simple_.ngrams.scores(texts), whole.scores(texts))


def test_there_are_none_where_no_piece_comes_twice():
    assert NGrams.fit(["", "b"], np.array([0, 1]), False, False, None) is None
    assert elman.SequenceClassifier(**OPTIONS).fit([["x"], ["y"]] * 8, [0, 1] * 8).simple_.ngrams is None
