"""The simple models of a classifier: against plain computations and scikit-learn, and what they learn."""

import numpy as np
import pytest
import torch
from scipy import special
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import Ridge
from torch.nn.functional import conv1d

from elman.data.sequences import Sequences
from elman.errors import InputError
from elman.models.scoring import convolutions, trees
from elman.models.scoring.convolutions import KERNELS, Convolutions
from elman.models.scoring.positions import Columns, Positions, have_positions
from elman.models.scoring.positions_and_trees import PositionsAndTrees
from elman.models.scoring.ridge import PENALTIES, fit_ridge
from elman.models.scoring.trees import Trees

ROUNDING = 1e-5


def bumps(count=40, seed=0, features=2):
    """Series of unequal length with a short bump, up or down by class, anywhere in noise."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    series = []
    for label in labels:
        one = random.normal(0, 0.3, (random.integers(20, 60), features)).astype(np.float32)
        at = random.integers(0, len(one) - 9)
        one[at : at + 9, 0] += (1 if label else -1) * np.hanning(9) * 3
        series.append(one)
    return Sequences.of(series), labels


def test_convolutions_find_a_shape_anywhere_and_know_it_of_a_series_that_was_left_out():
    model, left_out = Convolutions.fit(*bumps(), False, None, 0)
    series, labels = bumps(40, seed=1)
    assert (model.scores(series).argmax(1) == labels).mean() > 0.9
    assert (left_out.argmax(1) == bumps()[1]).mean() > 0.8


def test_of_many_series_some_are_learned_and_all_are_scored(monkeypatch):
    series, labels = bumps(90)
    rare = np.where(np.arange(90) == 70, 2, labels)
    monkeypatch.setattr(convolutions, "LEARNED", 60)
    monkeypatch.setattr(convolutions, "AT_ONCE", 25)
    model, left_out = Convolutions.fit(series, rare, False, None, 0)
    scores = model.scores(series)
    learned = (left_out != scores).any(1)
    assert (learned.sum(), learned[70]) == (60, True)
    monkeypatch.setattr(convolutions, "AT_ONCE", 90)
    np.testing.assert_allclose(scores, model.scores(series), rtol=1e-5, atol=1e-5)
    assert (left_out.argmax(1) == rare).mean() > 0.7


def test_shares_are_those_of_torchs_convolution():
    series, labels = bumps(8)
    model, _ = Convolutions.fit(series, labels, False, None, 0)
    model.linear.slopes[:] = 0
    wanted = model.linear.slopes.reshape(2, len(model.dilations), 84, -1)
    for block, kernel, number in ((0, 3, 0), (1, 4, 1), (len(model.dilations) - 1, 7, 2)):
        wanted[:] = 0
        wanted[1, block, kernel, number] = 1
        got = model.scores(series)[:, 1] - model.linear.offsets[1]
        dilation = model.dilations[block]
        for row in range(len(series)):
            one = torch.from_numpy(series[row] * model.channels[block, kernel]).sum(1)
            if block % 2:
                one = torch.cat((torch.zeros(1), one.diff()))
            values = conv1d(
                one[None, None], torch.from_numpy(KERNELS[kernel])[None, None], padding=4 * dilation, dilation=dilation
            )[0, 0]
            if kernel % 2 and len(one) > 8 * dilation:
                values = values[4 * dilation : -4 * dilation]
            share = (values > float(model.biases[block, kernel, number])).float().mean()
            assert got[row] == pytest.approx(
                float(share), abs=1.5 / len(one)
            )  # values at the bias may round to either side


@pytest.mark.parametrize("weights", [None, np.array([1.0, 3.0, 0.5], np.float32)])
@pytest.mark.parametrize("features", [4, 60])
def test_ridge_scores_without_an_example_are_those_of_a_fit_without_it(features, weights):
    random = np.random.default_rng(0)
    x = random.normal(size=(30, features)).astype(np.float32)
    targets = np.arange(30) % 3
    linear, left_out = fit_ridge(x, targets, False, weights)
    each = np.ones(30) if weights is None else weights[targets].astype(float)
    each /= each.mean()
    mean = np.average(x, axis=0, weights=each)
    scaled = (x - mean) / np.sqrt(np.average((x - mean) ** 2, axis=0, weights=each))
    wanted = 2 * np.eye(3)[targets] - 1
    fits = []
    for penalty in PENALTIES * 30:
        ridge = Ridge(alpha=penalty).fit(scaled, wanted, sample_weight=each)
        fits.append(ridge.predict(scaled))
    whole = linear.scores(x)
    factors = [(whole * fit).sum() / (fit**2).sum() for fit in fits]
    best = int(np.argmin([np.abs(whole - factor * fit).max() for factor, fit in zip(factors, fits, strict=True)]))
    np.testing.assert_allclose(whole, factors[best] * fits[best], atol=1e-3 * np.abs(whole).max())
    rest = np.arange(30) != 7
    without = Ridge(alpha=PENALTIES[best] * 30).fit(scaled[rest], wanted[rest], sample_weight=each[rest])
    np.testing.assert_allclose(left_out[7], factors[best] * without.predict(scaled[7:8])[0], rtol=1e-3, atol=1e-4)


def test_scores_stay_finite_where_no_example_is_wrong():
    x = np.eye(2, dtype=np.float32)[np.arange(40) % 2]
    linear, _ = fit_ridge(x, np.arange(40) % 2, False)
    assert 0.9 < special.softmax(linear.scores(x), 1).max() < 0.9999


def windows(count=400, seed=0):
    """Sequences of 12 symbols whose class depends on two positions together."""
    random = np.random.default_rng(seed)
    symbols = random.integers(1, 5, (count, 12))
    return Sequences.of(list(symbols)), ((symbols[:, 3] > 2) ^ (symbols[:, 5] > 2)).astype(np.int64)


def test_positions_and_trees_see_two_positions_together():
    inputs, targets = windows()
    asked, answers = windows(seed=1)
    for model in (Positions.fit(inputs, targets, 5, None), Trees.fit(inputs, targets, 5, None, 0)):
        assert (model.scores(asked).argmax(1) == answers).mean() > 0.85


@pytest.mark.parametrize("classes", [2, 3])
def test_trees_are_scikit_learns(monkeypatch, classes):
    monkeypatch.setattr(trees, "ROUNDS", 40)
    kept = []
    fit = GradientBoostingClassifier.fit
    monkeypatch.setattr(
        GradientBoostingClassifier, "fit", lambda self, *a, **k: kept.append(fit(self, *a, **k)) or kept[-1]
    )
    inputs, targets = windows()
    targets = (targets + (np.arange(400) % 2) * (classes - 2)) % classes
    model = Trees.fit(inputs, targets, 5, None, 0)
    staged = list(kept[0].staged_decision_function(model.columns.table(inputs).toarray()))
    got = model.scores(inputs)
    wanted = staged[len(model.splits) - 1]
    if classes == 2:
        wanted = np.hstack((-wanted, wanted)) / 2
    np.testing.assert_allclose(got, wanted, atol=ROUNDING * 10)
    again = Trees.from_state(model.content(), model.tensors())
    np.testing.assert_array_equal(again.scores(inputs), got)
    with pytest.raises(InputError, match="tree splits"):
        Trees.from_state(model.content(), model.tensors() | {"tree splits": torch.full(model.splits.shape, 1e6)})


def test_columns_are_symbols_at_positions_and_pairs_that_training_has_twice():
    inputs = Sequences.of([np.array(row) for row in ([1, 2, 1], [1, 2, 2], [1, 0, 2])])
    columns = Columns.fit(inputs, 3, near=1)
    table = columns.table(inputs).toarray()
    assert table.sum(axis=0).tolist() == [3, 2, 2, 2]  # 1 first, 2 second, 2 third, 1 and 2 at the beginning
    longer = Sequences.of([np.array([1, 2, 2, 1]), np.array([1])])
    assert columns.table(longer).toarray().sum(axis=1).tolist() == [4, 1]
    assert have_positions(inputs, 3)
    assert not have_positions(longer, 3)
    assert not have_positions(inputs, None)


def test_positions_and_trees_count_as_they_are_worth(monkeypatch):
    monkeypatch.setattr(trees, "ROUNDS", 40)
    inputs, targets = windows(200)
    both = PositionsAndTrees.fit(inputs, targets, 5, None, 0)
    apart = Positions.fit(inputs, targets, 5, None), Trees.fit(inputs, targets, 5, None, 0)
    want = sum(factor * model.scores(inputs) for factor, model in zip(both.factors, apart, strict=True))
    np.testing.assert_allclose(both.scores(inputs), want, atol=ROUNDING * 10)
    noise = np.random.default_rng(0).integers(2, size=200)
    assert sum(PositionsAndTrees.fit(inputs, noise, 5, None, 0).factors) < sum(both.factors)
    assert PositionsAndTrees.fit(inputs, targets, 5, None, 0, (2.0, 0.0)).factors == (2.0, 0.0)


def test_a_tree_is_as_deep_as_it_may_be():
    assert (trees.SPLITS, trees.LEAVES) == (2**trees.DEPTH - 1, 2**trees.DEPTH)
