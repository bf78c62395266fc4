import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import elman
from elman.cli import main
from elman.errors import DataError, InputError
from elman.models.estimator.reports import OnFiles

TINY = {"hidden_size": 8, "batch_size": 8, "epochs": 2}


def exclusive_or(count=80, seed=0):
    """Vectors far from the origin whose class is whether their two halves have one sign: no line tells them apart."""
    draw = np.random.default_rng(seed)
    signs = draw.choice([-1, 1], (count, 2))
    return 100 + signs + draw.normal(0, 0.2, (count, 2)), np.where(signs[:, 0] == signs[:, 1], "same", "other")


X, Y = exclusive_or()


@pytest.fixture(scope="module")
def model():
    return elman.FeedForward(hidden_size=16, epochs=25, batch_size=8, learning_rate=0.04, dropout=0).fit(X, Y)


def weights(model):
    return {name: t.numpy().tobytes() for name, t in model.network_.state_dict().items()}


def test_it_learns_what_no_line_can(model):
    assert model.score(*exclusive_or(seed=1)) > 0.97
    assert model.progress_.best < 0.3 * model.baselines_["class frequencies"]
    assert model.held_out_.accuracy("network") > 0.8


def test_every_shape_of_data_says_the_same():
    ways = [X, X.tolist(), pd.DataFrame(X), X.reshape(80, 1, 2), X.astype(np.float32), [x[:, None] for x in X]]
    models = [elman.FeedForward(**TINY).fit(way, Y) for way in ways]
    assert len({str(weights(one)) for one in models}) == 1
    assert models[0].predict(ways[3]).tolist() == models[0].predict(X).tolist()


def test_one_input_knows_nothing_of_another(model):
    together = model.predict_proba(X)
    alone = np.concatenate([model.predict_proba(x[None]) for x in X])
    assert np.allclose(together, alone, rtol=1e-5)
    assert np.allclose(together.sum(axis=1), 1)


def test_same_seed_same_weights_and_a_saved_model_is_the_same(tmp_path):
    options = TINY | {"dropout": 0.5, "num_layers": 2}
    first, second = elman.FeedForward(**options).fit(X, Y), elman.FeedForward(**options).fit(X, Y)
    assert weights(first) == weights(second)
    assert weights(first) != weights(elman.FeedForward(**options, seed=1).fit(X, Y))
    first.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors")
    assert again.predict_proba(X).tobytes() == first.predict_proba(X).tobytes()
    assert again.get_params() == first.get_params()
    assert again.duplicates_ == first.duplicates_


def test_scale_and_classes_come_from_the_training_part():
    rows = np.concatenate([X[:72], X[72:] + 1e6])
    one = elman.FeedForward(**TINY, split="tail").fit(rows, Y)
    other = elman.FeedForward(**TINY, validation_fraction=0).fit(X[:72], Y[:72])
    assert one.preprocessor_.input.mean.tolist() == other.preprocessor_.input.mean.tolist()
    assert one.duplicates_ == 0
    assert elman.FeedForward(**TINY, split="tail").fit(np.concatenate([X, X[:8]]), [*Y, *Y[:8]]).duplicates_ == 8


def test_scikit_learn_takes_it_for_one_of_its_own():
    search = GridSearchCV(clone(elman.FeedForward(**TINY)), {"hidden_size": [2, 8]}, cv=2).fit(X, Y)
    assert search.best_params_["hidden_size"] in (2, 8)
    assert make_pipeline(StandardScaler(), elman.FeedForward(**TINY)).fit(X, Y).predict(X[:3]).shape == (3,)


def test_a_table_from_the_command_line(tmp_path, capsys):
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(name="x", label=Y)
    frame.to_csv(tmp_path / "t.csv", index=False)
    out = str(tmp_path / "m.safetensors")
    train = ["train", "vectors", str(tmp_path / "t.csv"), "-o", out, "--hidden-size", "8", "--epochs", "2"]
    assert main(train) == 1
    assert "column 'name': expected a number, got 'x'" in capsys.readouterr().err
    assert main([*train, "--features", "a,b"]) == 0
    assert "class frequencies" in capsys.readouterr().out
    model = elman.load(out)
    assert isinstance(model, OnFiles)
    assert main(["evaluate", out, str(tmp_path / "t.csv")]) == 0
    assert "t.csv: 80 vectors" in capsys.readouterr().out
    assert main(["predict", out, str(tmp_path / "t.csv"), "-o", str(tmp_path / "o.csv")]) == 0
    assert pd.read_csv(tmp_path / "o.csv").label.tolist() == model.predict(X).tolist()


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ([[1, 2], [1, 2, 3]], [0, 1], "vectors of one length, got 2 to 3 numbers"),
        (["ab", "cd"], [0, 1], "got texts"),
        (X, [0] * 80, "one class"),
        (X, [["a", "b"]] * 80, "one label a vector"),
        (X, Y[:5], "inconsistent numbers of samples"),
    ],
)
def test_data_that_cannot_be_learned_is_named(rows, labels, message):
    with pytest.raises(DataError, match=message):
        elman.FeedForward(**TINY, validation_fraction=0).fit(rows, labels)


def test_an_unfitted_model_and_vectors_of_another_length(model):
    with pytest.raises(InputError, match="not trained yet"):
        elman.FeedForward().predict(X)
    with pytest.raises(DataError, match="expected 2 features"):
        model.predict(np.zeros((2, 3)))
    with pytest.raises(InputError, match="trained on vectors, not on a file"):
        model.report(pd.DataFrame(X).assign(label=Y))


def test_the_network_is_what_torch_computes(model):
    with torch.no_grad():
        x = torch.from_numpy(model.preprocessor_.input.encode([X.astype(np.float32)]).values)
        first, last = model.network_[0], model.network_[-1]
        want = (torch.relu(x @ first.weight.T + first.bias) @ last.weight.T + last.bias).double().softmax(-1)
    assert np.allclose(model.predict_proba(X), want.numpy(), rtol=1e-4)
