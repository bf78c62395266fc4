"""The translation memory: it answers where looking up is better, and never where the network is."""

import numpy as np
import pytest

import elman
from elman.errors import InputError
from elman.models.estimator.answer import Answer
from elman.models.networks.choices import choose_threshold, switch
from elman.models.translate.memory import NearestNeighbour, TranslationMemory

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
VERBS = {"open": "ouvrir", "close": "fermer", "print": "imprimer", "save": "enregistrer"}
# Every phrase comes twice, once with "now", so that a neighbour has its target.
ENGLISH = [f"{verb} file {number}{end}" for number in NUMBERS for end in ("", " now") for verb in VERBS]
FRENCH = [f"{VERBS[e.split()[0]]} le fichier {e.split()[2]}" for e in ENGLISH]
SMALL = {"hidden_size": 8, "embedding_dim": 8, "batch_size": 16, "epochs": 1, "memory": True, "target_tokens": "words"}
SMALL |= {"beam": 2, "length_penalty": 0.6}


@pytest.fixture(scope="module")
def model():
    return elman.Translator(**SMALL).fit(ENGLISH, FRENCH)


def test_similarity_is_one_for_the_same_and_least_for_texts_that_share_nothing():
    nearest = NearestNeighbour().fit(["open file", "quit"], ["ouvrir", "quitter"])
    targets, similarities = nearest.find(["quit", "open a file", "zzz"])
    assert targets[:2] == ["quitter", "ouvrir"] == nearest.predict(["quit", "open a file"])
    assert similarities[0] == pytest.approx(1)
    assert similarities[2] < similarities[1] < 1  # even these share where words begin and end


def test_the_memory_answers_from_its_threshold_on_and_the_network_is_asked_for_the_rest():
    sources, asked = ["open file", "quit"], ["quit", "zzz", "open a file"]
    similarity = NearestNeighbour().fit(sources, ["ouvrir", "quitter"]).find(asked)[1][2]

    def shout(texts):
        assert texts
        return [text.upper() for text in texts]

    last, known, unlike = "OPEN A FILE", "QUIT", "ZZZ"
    for threshold, wanted in [
        (similarity, ["quitter", unlike, "ouvrir"]),
        (np.nextafter(similarity, 1), ["quitter", unlike, last]),
        (0.0, ["quitter", "quitter", "ouvrir"]),
        (1.1, [known, unlike, last]),
        (None, [known, unlike, last]),
    ]:
        memory = TranslationMemory(sources, ["ouvrir", "quitter"], threshold)
        assert memory.translate(asked, shout) == wanted
        assert memory.answers(asked) == sum(text.islower() for text in wanted)


def test_the_threshold_is_the_best_of_all_that_could_be_tried():
    sacrebleu = pytest.importorskip("sacrebleu")
    random = np.random.default_rng(0)
    nearest = NearestNeighbour().fit(ENGLISH[:40], FRENCH[:40])
    asked, wanted = ENGLISH[40:], FRENCH[40:]
    looked_up, similarities = nearest.find(asked)

    def score(written, threshold):
        texts = [a if near >= threshold else b for a, b, near in zip(looked_up, written, similarities, strict=True)]
        return sacrebleu.corpus_chrf(texts, [wanted]).score

    for _ in range(10):
        written = [text if random.random() < 0.4 else text[: random.integers(1, 9)] for text in wanted]
        chosen = choose_threshold(similarities, looked_up, written, wanted)
        assert switch(similarities, looked_up, written, chosen) == [
            a if near >= (2 if chosen is None else chosen) else b
            for a, b, near in zip(looked_up, written, similarities, strict=True)
        ]
        tried = [score(written, threshold) for threshold in [*np.unique(similarities), 2]]
        assert score(written, 2 if chosen is None else chosen) == pytest.approx(max(tried), abs=1e-9)


def test_it_never_answers_where_the_network_is_as_good():
    nearest = NearestNeighbour().fit(ENGLISH[:40], FRENCH[:40])
    looked_up, similarities = nearest.find(ENGLISH[40:])
    assert choose_threshold(similarities, looked_up, FRENCH[40:], FRENCH[40:]) is None
    assert choose_threshold(similarities, looked_up, looked_up, FRENCH[40:]) is None


def test_a_poor_network_leaves_what_is_near_to_the_memory():
    alone = elman.Translator(**SMALL | {"memory": False, "target_tokens": "characters"}).fit(ENGLISH, FRENCH)
    assert alone.answer_.name in ("memory and network", "nearest neighbour")
    assert alone.predict(ENGLISH) == FRENCH  # all known by heart
    assert alone.write(ENGLISH) != FRENCH
    asked = elman.Translator(**SMALL | {"memory": False, "answer": "network"}).fit(ENGLISH, FRENCH)
    assert asked.answer_.name == "network"
    assert "as asked" in asked.answer_.line("") or asked.answer_.losses["network"] == min(asked.answer_.losses.values())
    assert asked.predict(ENGLISH) == asked.write(ENGLISH)


def test_a_batch_never_changes_a_translation_of_either(model):
    asked = [*(text.replace("file", "big file") for text in ENGLISH[:12]), "zzz", "never seen", "quit"]
    together = model.predict(asked)
    assert [model.predict([text])[0] for text in asked] == together
    assert model.predict(asked[::-1]) == together[::-1]


def test_the_memory_is_saved_with_the_model(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors")
    assert (again.memory_.threshold, again.doubt_) == (model.memory_.threshold, model.doubt_)
    assert (again.answer_, again.chosen_) == (model.answer_, model.chosen_)
    asked = [*ENGLISH, "open the door", "zzz"]
    assert again.predict(asked) == model.predict(asked)
    repeated = elman.Translator(**SMALL).fit(ENGLISH, FRENCH)
    assert repeated.memory_.threshold == model.memory_.threshold


def test_the_threshold_is_measured_on_pairs_the_memory_does_not_hold(monkeypatch):
    """A memory that held the held-out pairs would find each of them, and answer from nearly any similarity on."""
    seen = []

    def spy(values, above, below, wanted):
        seen.append((values, wanted))
        return 0.5

    monkeypatch.setattr("elman.models.translate.estimator.choose_threshold", spy)
    unlike = [f"{letter * 3} {letter * 4}" for letter in "qwxzkjvy"]
    model = elman.Translator(**SMALL, split="tail").fit(ENGLISH[:72] + unlike, FRENCH[:72] + unlike)
    similarities, wanted = seen[0]
    assert wanted == unlike
    assert similarities.max() < 0.5
    assert model.memory_.neighbours(unlike) == unlike  # once measured, all pairs are known


def test_without_held_out_pairs_it_cannot_be_measured():
    with pytest.raises(InputError, match=r"memory: it needs pairs held out.*set validation"):
        elman.Translator(**SMALL, validation_fraction=0).fit(ENGLISH, FRENCH)


def test_the_report_has_both_and_says_how_often_the_memory_answered(tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_text("source,target\n" + "".join(f"{e},{f}\n" for e, f in zip(ENGLISH, FRENCH, strict=True)))
    fitted = elman.Translator(**SMALL).fit(table)
    assert fitted.report(table).notes[-1] == f"predict answers with: {fitted.answer_.name}"
    fitted.answer_ = Answer.only("memory and network")
    fitted.memory_.threshold = 0.5
    report = fitted.report(table)
    assert [row[0] for row in report.grids[0].rows] == [
        "copy of the source",
        "nearest neighbour",
        "network",
        "memory and network",
    ]
    assert report.grids[0].rows[3][-1] == 1.0
    assert "the memory answered for 80 of 80 sources" in report.notes[1]
    fitted.memory_.threshold = None
    assert "the memory never answers" in fitted.report(table).notes[1]
    assert fitted.predict(ENGLISH) == fitted.write(ENGLISH)
