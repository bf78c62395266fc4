"""A prediction depends on the values in its window alone."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import elman
from elman.errors import DataError, InputError
from elman.models.scoring.bag_of_words import BagOfWords

SMALL = {
    "hidden_size": 16,
    "embedding_dim": 4,
    "batch_size": 8,
    "epochs": 12,
    "learning_rate": 0.04,
    "dropout": 0.0,
    "min_count": 1,
}


def ordered(place, count=60, length=9, seed=0):
    """Rows of o with one a and one b, side by side from a place on; the label is which of the two comes first."""
    draw = np.random.default_rng(seed)
    pairs = draw.choice(["ab", "ba"], count)
    rows = [" ".join("o" * place + pair + "o" * (length - place - 2)) for pair in pairs]
    return rows, pairs.tolist()


def test_it_learns_an_order_that_a_bag_of_words_cannot_see():
    taught, unseen = ordered(7), ordered(7, seed=1)
    assert elman.WindowMLP(window=2, **SMALL).fit(*taught).score(*unseen) == 1
    assert BagOfWords().fit(*taught).score(*unseen) < 0.7


@pytest.mark.parametrize(("side", "place"), [("last", 7), ("first", 0)])
def test_what_lies_outside_the_window_is_lost(side, place):
    inside, outside = ordered(place), ordered(7 - place)
    model = elman.WindowMLP(window=4, side=side, **SMALL)
    assert model.fit(*inside).score(*inside) == 1
    changed = ordered(7 - place, seed=3)[0]
    assert changed != outside[0]
    assert model.fit(*outside).predict_proba(changed).tobytes() == model.predict_proba(outside[0]).tobytes()
    assert model.duplicates_ == len(outside[0]) // 10
    assert elman.WindowMLP(window=9, side=side, **SMALL).fit(*outside).score(*outside) == 1


def test_places_without_a_step_stay_nothing():
    model = elman.WindowMLP(window=12, **SMALL).fit(["a b", "b", "b b a", "a"] * 10, [1, 0, 1, 1] * 10)
    embed, flat, perceptron = model.network_
    assert embed.weight[-1].abs().max() == 0
    assert embed.weight[:-1].abs().max() > 0
    alone = torch.zeros(1, 12, 4)
    alone[0, -1] = embed.weight[model.preprocessor_.input.vocabulary.number("b")]
    want = perceptron(flat(alone)).double().softmax(-1).detach().numpy()
    np.testing.assert_allclose(model.predict_proba(["b"]), want, rtol=1e-5)


def test_series_are_scaled_and_laid_side_by_side():
    draw = np.random.default_rng(0)
    rows = [draw.normal(5, 3, (draw.integers(1, 7), 2)).astype(np.float32) for _ in range(40)]
    model = elman.WindowMLP(window=3, side="first", hidden_size=8, epochs=2).fit(rows, [len(row) > 3 for row in rows])
    long = next(row for row in rows if len(row) > 3)
    scaled = (long[:3] - model.preprocessor_.input.mean) / model.preprocessor_.input.deviation
    want = model.network_[-1](torch.from_numpy(scaled.reshape(1, -1))).double().softmax(-1).detach().numpy()
    np.testing.assert_allclose(model.predict_proba([long]), want, rtol=1e-5)
    with pytest.raises(DataError, match="expected 2 features"):
        model.predict([np.zeros((4, 3))])


def test_a_search_finds_the_window_that_is_wide_enough():
    X, y = ordered(4)
    search = GridSearchCV(elman.WindowMLP(**SMALL), {"window": [3, 6]}, cv=2).fit(X, y)
    assert search.best_params_ == {"window": 6}
    assert search.best_score_ == 1


def test_cross_validation_and_pipelines_take_it():
    X = np.random.default_rng(0).normal(0, 1, (40, 5))
    pipeline = make_pipeline(StandardScaler(), elman.WindowMLP(window=5, **SMALL))
    assert cross_val_score(pipeline, X, X[:, 2] > 0, cv=2).mean() > 0.75


def test_options_changed_after_training_change_no_answer():
    X, y = ordered(7)
    model = elman.WindowMLP(window=4, **SMALL).fit(X, y)
    before = model.predict_proba(X)
    assert model.set_params(window=2, side="first").predict_proba(X).tobytes() == before.tobytes()


def test_what_cannot_be_learned_is_named():
    X, y = ordered(7)
    with pytest.raises(DataError, match="one label a sequence, got a list: take SequenceClassifier"):
        elman.WindowMLP(**SMALL).fit(X, [[label] for label in y])
    with pytest.raises(DataError, match="got series of numbers"):
        elman.WindowMLP(**SMALL).fit(X, y).predict([[1.0, 2.0]])
    with pytest.raises(InputError, match="side: should be first or last"):
        elman.WindowMLP(side="middle")
