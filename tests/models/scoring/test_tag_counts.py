import numpy as np
import pytest

from elman.models.scoring.tag_counts import TagCounts

SYMBOLS, TAGS = np.array([1, 1, 1, 2, 2, 2]), np.array([0, 0, 1, 2, 2, 2])  # token 0 never came


def test_the_likeliest_tag_of_each_token():
    assert TagCounts.of(SYMBOLS, TAGS, 3, 3).likeliest().tolist() == [2, 0, 2]


def test_losses_are_those_of_the_mixed_counts():
    counts = TagCounts.of(SYMBOLS, TAGS, 3, 3)
    overall = (np.array([2, 1, 3]) + 1 / 3) / 7
    found = counts.losses(np.array([1, 0]), np.array([0, 1]))
    assert list(found) == ["tag counts", "token's tags"]
    assert found["tag counts"] == pytest.approx(-np.log(overall[[0, 1]]).mean())
    assert found["token's tags"] == pytest.approx(-(np.log((2 + overall[0]) / 4) + np.log(overall[1])) / 2)


def test_each_predictor_is_a_distribution():
    counts = TagCounts.of(SYMBOLS, TAGS, 3, 3)
    for name in ("tag counts", "token's tags"):
        for symbol in range(3):
            losses = [counts.losses(np.array([symbol]), np.array([tag]))[name] for tag in range(3)]
            assert np.exp(-np.array(losses)).sum() == pytest.approx(1)


def test_steps_without_a_name_have_the_tag_counts_alone():
    counts = TagCounts.of(np.zeros_like(TAGS), TAGS, 1, 3)
    assert counts.likeliest().tolist() == [2]
    assert list(counts.losses(np.array([0]), np.array([0]))) == ["tag counts"]
