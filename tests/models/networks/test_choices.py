"""Search and answer of a model that writes are those with the best chrF on texts that they were not chosen on."""

import numpy as np
import pytest

import elman
from elman.errors import InputError
from elman.models.estimator.answer import NETWORK
from elman.models.networks.beam_search import Beam
from elman.models.networks.choices import (
    PENALTIES,
    choose_answer,
    choose_beam,
    choose_threshold,
    cross_switched,
    failure,
    score,
    switch,
)

WANTED = [f"text {row}" for row in range(40)]
NOTHING = [""] * 40


def test_the_score_is_that_of_sacrebleu():
    sacrebleu = pytest.importorskip("sacrebleu")
    got = [text.replace("t", "d", row % 3) for row, text in enumerate(WANTED)]
    assert score(got, WANTED) == pytest.approx(sacrebleu.corpus_chrf(got, [WANTED]).score / 100)


@pytest.mark.parametrize(
    ("given", "best", "tried"),
    [
        ({}, Beam(5, 2.0), [Beam(5, penalty) for penalty in PENALTIES] + [Beam(1, 0.6)]),
        ({"beam": 3}, Beam(3, 2.0), [Beam(3, penalty) for penalty in PENALTIES]),
        ({"length_penalty": 2.0}, Beam(1, 2.0), [Beam(5, 2.0), Beam(1, 2.0)]),
        ({"beam": 3, "length_penalty": 1.0}, Beam(3, 1.0), []),
    ],
    ids=str,
)
def test_the_search_with_the_best_texts_is_taken_and_what_is_given_stays(given, best, tried):
    seen = []

    def write(beam):
        seen.append(beam)
        return WANTED if beam == best else NOTHING

    options = elman.Translator(**given)._options()
    assert choose_beam(write, WANTED, options) == best
    assert seen == tried
    assert choose_beam(lambda beam: WANTED, WANTED, options) == (tried or [best])[0]


def test_the_answer_has_the_best_texts_and_the_network_wins_where_all_are_as_good():
    written = {NETWORK: NOTHING, "simple": WANTED}
    answer = choose_answer(written, WANTED, "best")
    assert (answer.name, answer.losses) == ("simple", {NETWORK: 1.0, "simple": 0.0})
    assert answer.line("") == "answers with: simple, the least held-out loss (network 1.000, simple 0.000 1 - chrF)"
    asked = choose_answer(written, WANTED, "network")
    assert asked.line("") == "answers with: network, as asked; held-out losses (network 1.000, simple 0.000 1 - chrF)"
    assert choose_answer({NETWORK: WANTED, "simple": WANTED}, WANTED, "best").name == NETWORK


def test_a_threshold_is_measured_on_texts_that_it_was_not_chosen_on():
    """Values that say nothing look useful on the texts that their threshold was chosen on, and not on others."""
    wanted = [f"text {row}" for row in range(40)]
    odd = [text if row % 2 else "" for row, text in enumerate(wanted)]
    even = ["" if row % 2 else text for row, text in enumerate(wanted)]
    useful = np.arange(40) % 2.0
    assert cross_switched(useful, odd, even, wanted) == wanted
    noise = np.random.default_rng(3).permutation(40).astype(float)
    right = sum(a == b for a, b in zip(cross_switched(noise, odd, even, wanted), wanted, strict=True))
    chosen = switch(noise, odd, even, choose_threshold(noise, odd, even, wanted))
    assert right < sum(a == b for a, b in zip(chosen, wanted, strict=True))
    assert cross_switched(noise[:1], odd[:1], even[:1], wanted[:1]) == even[:1]


def test_a_network_that_writes_nothing_is_named_with_what_to_do():
    assert failure(WANTED, WANTED, "best") is None
    said = failure(NOTHING[:30] + WANTED[30:], WANTED, "best")
    assert said.startswith("the network wrote nothing for 30 of 40 held-out texts: train it longer (epochs)")
    assert "wrote no held-out text right: set answer to best, or" in failure(["zzz"] * 40, WANTED, "network")


def test_the_search_of_a_model_may_change_after_training():
    words = ["".join("abc"[(k * j) % 3] for j in range(1, 2 + k % 5)) for k in range(60)]
    model = elman.Translator(hidden_size=4, embedding_dim=4, epochs=1, answer="network").fit(words, words[::-1])
    assert {"beam", "length_penalty"} <= model.chosen_.keys()
    chosen = model._beam()
    assert (chosen.width, chosen.length_penalty) == (model.chosen_["beam"], model.chosen_["length_penalty"])
    assert model._beam(beam=7) == Beam(7, chosen.length_penalty)
    assert model.set_params(length_penalty=1.5)._beam() == Beam(chosen.width, 1.5)
    assert model.predict(words[:5], beam=1) == model.set_params(beam=1).predict(words[:5])
    with pytest.raises(InputError, match="beam: should be greater than or equal to 1, got 0"):
        model.predict(words[:5], beam=0)
