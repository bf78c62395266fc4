"""Tests of the choice between a network, simple models and their mixture."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.models.estimator.answer import MIXTURE, NETWORK, Answer
from elman.models.scoring.answer import LEAST, choose, fit_factors
from elman.models.scoring.bag_of_words import likelihoods
from elman.models.scoring.classification import mean_nats

Scores = npt.NDArray[np.float64]
ROWS, CLASSES = 400, 3


def _data(seed: int, *strengths: float) -> tuple[dict[str, Scores], npt.NDArray[np.int64]]:
    """Return parts that know the truth more or less well, with noise of their own, and the truth."""
    draw = np.random.default_rng(seed)
    targets = draw.integers(CLASSES, size=ROWS)
    names = [NETWORK, "n-grams", "other"][: len(strengths)]
    truth = np.eye(CLASSES)[targets]
    return {n: s * truth + draw.normal(size=truth.shape) for n, s in zip(names, strengths, strict=True)}, targets


def test_the_better_part_is_chosen_where_the_other_knows_nothing() -> None:
    parts, targets = _data(0, 3.0, 0.0)
    parts["n-grams"] = np.zeros_like(parts[NETWORK])
    chosen, _ = choose(parts, targets, multilabel=False)
    assert set(chosen.losses) == {NETWORK, "n-grams", MIXTURE}
    assert chosen.losses[NETWORK] < chosen.losses["n-grams"]
    assert chosen.name != "n-grams"


def test_a_simple_part_is_chosen_over_a_network_that_is_sure_and_wrong() -> None:
    parts, targets = _data(1, 0.0, 2.0)
    parts[NETWORK] *= 20
    few = {name: scores[: LEAST - 1] for name, scores in parts.items()}
    chosen, _ = choose(few, targets[: LEAST - 1], multilabel=False)
    assert (chosen.name, chosen.factors) == ("n-grams", {"n-grams": 1.0})
    assert MIXTURE not in chosen.losses  # too few to fit its factors on


def test_a_mixture_of_two_that_err_apart_is_better_on_new_data_too() -> None:
    parts, targets = _data(2, 1.5, 1.5)
    half = ROWS // 2
    chosen, _ = choose({name: scores[:half] for name, scores in parts.items()}, targets[:half], multilabel=False)
    assert chosen.name == MIXTURE
    new = {name: scores[half:] for name, scores in parts.items()}
    nats = mean_nats(likelihoods(chosen.scores(new), False), targets[half:])
    assert all(nats < mean_nats(likelihoods(scores, False), targets[half:]) for scores in new.values())


def test_the_loss_of_a_mixture_does_not_flatter_it() -> None:
    """Parts of pure noise: factors fitted and measured on the same rows would look better than they are."""
    draw = np.random.default_rng(3)
    targets = draw.integers(2, size=40)
    noise = {f"{number}": draw.normal(size=(40, 2)) for number in range(8)}
    factors = fit_factors(np.stack(list(noise.values())), targets, multilabel=False)
    flattering = mean_nats(likelihoods(np.tensordot(factors, np.stack(list(noise.values())), 1), False), targets)
    assert choose(noise, targets, multilabel=False)[0].losses[MIXTURE] > flattering


def test_several_labels() -> None:
    draw = np.random.default_rng(4)
    targets = (draw.random((ROWS, CLASSES)) > 0.5).astype(np.float32)
    parts = {NETWORK: 4 * targets - 2 + draw.normal(size=targets.shape), "n-grams": draw.normal(size=targets.shape)}
    assert choose(parts, targets, multilabel=True)[0].name != "n-grams"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**16), st.floats(0, 3), st.floats(0, 3))
def test_the_answer_is_the_least_of_its_losses(seed: int, one: float, other: float) -> None:
    parts, targets = _data(seed, one, other)
    chosen, _ = choose(parts, targets, multilabel=False)
    assert chosen.losses[chosen.name] == min(chosen.losses.values())
    assert chosen.scores(parts).shape == (ROWS, CLASSES)
    assert all(factor >= 0 for factor in chosen.factors.values())


def test_the_line_says_what_and_why() -> None:
    line = Answer("n-grams", {"n-grams": 1.0}, {NETWORK: 0.55, "n-grams": 0.52}).line("nats/sequence")
    assert line == "answers with: n-grams, the least held-out loss (network 0.550, n-grams 0.520 nats/sequence)"
    assert "nothing was held out" in Answer.only().line("nats/sequence")


@pytest.mark.parametrize("name", [NETWORK, "n-grams"])
def test_content_makes_the_same_answer(name: str) -> None:
    answer = Answer(name, {name: 1.0}, {name: 0.5})
    assert Answer(**answer.content()) == answer


@pytest.mark.parametrize(("heavy", "name"), [(0, "first"), (1, "second")])
def test_the_weights_of_classes_decide_what_answers(heavy: int, name: str) -> None:
    """Each part knows one class alone: the one that knows the class that counts is the answer."""
    targets = np.arange(LEAST - 1) % 2
    sure = np.eye(2)[targets] * 6
    parts = {"first": np.where(targets[:, None] == 0, sure, -sure), "second": np.where(targets[:, None], sure, -sure)}
    weights = np.where(np.arange(2) == heavy, 1000, 0.001).astype(np.float32)
    assert choose(parts, targets, multilabel=False, weights=weights)[0].name == name
