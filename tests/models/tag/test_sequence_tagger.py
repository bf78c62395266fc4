import random

import numpy as np
import pandas as pd
import pytest

import elman
from elman.errors import DataError, InputError
from elman.ops.dispatch import use_backend

TINY = {"hidden_size": 12, "embedding_dim": 8, "epochs": 1, "batch_size": 8, "split": "tail"}
TINY |= {"answer": "network"}


def parity(count, seed=0):
    """Texts of a and b, each step tagged by whether the number of b's so far is odd and an a is still to come."""
    draw = random.Random(seed)
    texts = ["".join(draw.choice("ab") for _ in range(draw.randint(1, 9))) for _ in range(count)]
    return texts, ["".join("ny"[t[: k + 1].count("b") % 2 and "a" in t[k + 1 :]] for k in range(len(t))) for t in texts]


TEXTS, TAGS = parity(120)


@pytest.fixture(scope="module")
def model():
    return elman.SequenceTagger(
        hidden_size=16, embedding_dim=4, epochs=16, batch_size=8, learning_rate=0.03, dropout=0, split="tail"
    ).fit(TEXTS, TAGS)


def weights(model):
    return {name: t.numpy().tobytes() for name, t in model.network_.state_dict().items()}


def test_it_learns_what_needs_both_sides(model):
    texts, tags = parity(60, seed=1)
    assert model.score(texts, tags) > 0.97
    one_sided = elman.SequenceTagger(**model.get_params() | {"bidirectional": False, "answer": "network"}).fit(
        TEXTS, TAGS
    )
    assert one_sided.score(texts, tags) < 0.95
    assert model.progress_.best < 0.3 * min(model.baselines_.values())


def test_every_shape_of_data_says_the_same():
    texts, tags = TEXTS[:24], TAGS[:24]
    ways = [
        (texts, tags),
        ([list(t) for t in texts], [list(t) for t in tags]),
        ([" ".join(t) for t in texts], [" ".join(t) for t in tags]),
        (pd.Series(texts), pd.Series([np.array(list(t)) for t in tags])),
        (pd.DataFrame({"text": texts}), tags),
    ]
    models = [elman.SequenceTagger(**TINY).fit(*way) for way in ways]
    assert len({str(weights(model)) for model in models}) == 1
    assert models[0].predict(texts) == models[2].predict([" ".join(t) for t in texts])


@pytest.mark.parametrize("label", [int, bool, str])
def test_labels_come_back_as_they_were(label, tmp_path):
    tags = [[label(tag == "y") for tag in row] for row in TAGS[:30]]
    model = elman.SequenceTagger(**TINY).fit(TEXTS[:30], tags)
    model.save(tmp_path / "m.safetensors")
    for one in (model, elman.load(tmp_path / "m.safetensors")):
        assert all(type(tag) is label for row in one.predict(TEXTS[:9]) for tag in row)
        assert one.classes_ == [label(False), label(True)]


def test_numbers_are_tagged_too_and_scaled_by_the_training_part():
    draw = np.random.default_rng(0)
    series = [1000 + 50 * draw.standard_normal((length, 2)) for length in draw.integers(1, 12, 80)]
    tags = [(s[:, 0] > s[:, 1]).astype(int) for s in series]
    model = elman.SequenceTagger(**TINY | {"epochs": 12, "learning_rate": 0.02}).fit(series, tags)
    assert model.score(series[-8:], tags[-8:]) > 0.9
    assert model.held_out_.summary().rows[0][0] == "most frequent tag"  # numbers are no tokens
    assert list(model.baselines_) == ["tag counts"]
    assert np.allclose(model.preprocessor_.input.mean, np.concatenate(series[:72]).mean(axis=0), rtol=1e-5)
    flat = np.stack([s[:4, 0] for s in series if len(s) >= 4])
    found = elman.SequenceTagger(**TINY).fit(flat, (flat > 1000).astype(int)).predict_proba(flat)
    assert {p.shape for p in found} == {(4, 2)}


def test_words_fold_case_and_symbols_keep_it():
    rows, tags = ["A b", "a B", "A B"] * 4, ["X Y", "Z W", "X W"] * 4
    words = elman.SequenceTagger(**TINY, tokens="words").fit(rows, tags)
    assert words.predict(["A b"]) == words.predict(["a B"]) == words.predict([["a", "b"]])
    assert elman.SequenceTagger(**TINY).fit(rows, tags).preprocessor_.symbols == 1 + 4
    assert words.preprocessor_.symbols == 1 + 2


@pytest.mark.parametrize("backend", ["native", "reference"])
def test_company_never_changes_a_result(model, backend):
    texts, _ = parity(20, seed=2)
    with use_backend(backend):
        together = model.predict_proba(texts)
        for text, found in zip(texts, together, strict=True):
            (alone,) = model.predict_proba([text])
            assert np.allclose(alone, found, rtol=1e-5)
            assert np.allclose(found.sum(axis=1), 1, rtol=1e-5)
            assert model.predict([text]) == [["ny"[k] for k in found.argmax(axis=1)]]


def test_a_saved_model_is_the_same_model(model, tmp_path):
    model.save(tmp_path / "m.safetensors")
    again = elman.load(tmp_path / "m.safetensors")
    assert type(again) is elman.SequenceTagger
    assert again.get_params() == model.get_params()
    assert weights(again) == weights(model)
    assert again.predict_counts(TEXTS) == model.predict_counts(TEXTS)
    assert (again.duplicates_, again.unseen_tags_, again.baselines_) == (
        model.duplicates_,
        model.unseen_tags_,
        model.baselines_,
    )
    for one, other in zip(again.predict_proba(TEXTS), model.predict_proba(TEXTS), strict=True):
        assert one.tobytes() == other.tobytes()


def test_all_that_is_learned_is_learned_from_the_training_part():
    rows, tags = [*TEXTS[:18], "abc", "ab"], [*TAGS[:18], "nnz", "nn"]
    model = elman.SequenceTagger(**TINY).fit(rows, tags)
    same = elman.SequenceTagger(**TINY, validation_fraction=0).fit(rows[:18], tags[:18])
    assert "c" not in model.preprocessor_.input.vocabulary
    assert model.classes_ == ["n", "y"]
    assert model.unseen_tags_ == 1
    assert model.likeliest_.tolist() == same.likeliest_.tolist()
    assert model.preprocessor_.content() == same.preprocessor_.content()
    everything = elman.SequenceTagger(**TINY, validation_fraction=0).fit(rows, tags)
    assert everything.classes_ == ["n", "y", "z"]


def test_the_held_out_part_is_measured(model):
    assert model.held_out_.found == model.predict(TEXTS[-12:])
    assert model.held_out_.wanted == [list(row) for row in TAGS[-12:]]
    assert model.held_out_.summary().rows[1][1] == model.score(TEXTS[-12:], TAGS[-12:])
    assert elman.SequenceTagger(**TINY, validation_fraction=0).fit(TEXTS[:9], TAGS[:9]).held_out_ is None


def test_duplicates_across_the_split_are_counted():
    assert elman.SequenceTagger(**TINY).fit(["ab", "ba", "bb", "aa"] * 5, ["xy", "yx", "xx", "yy"] * 5).duplicates_ == 2
    assert elman.SequenceTagger(**TINY).fit([*["ab"] * 9, "ba"], ["xy"] * 10).duplicates_ == 0


def test_the_count_predictor_knows_tokens_and_no_neighbours():
    model = elman.SequenceTagger(**TINY, validation_fraction=0).fit(["aab", "ba"], ["xyz", "zx"])
    assert model.predict_counts(["abc"]) == [["x", "z", "x"]]


def test_an_unfitted_model_says_so(tmp_path):
    model = elman.SequenceTagger()
    acts = (lambda: model.predict(["a"]), lambda: model.predict_proba(["a"]), lambda: model.predict_counts(["a"]))
    for act in (*acts, lambda: model.score(["a"], ["x"]), lambda: model.save(tmp_path / "m")):
        with pytest.raises(InputError, match="not trained yet"):
            act()


@pytest.mark.parametrize(
    ("rows", "tags", "message"),
    [
        (["ab", "ba"], ["xy", "x"], "row 2: 2 steps, but 1 tags"),
        (["ab", ""], ["xy", ""], "row 2: the sequence is empty"),
        (["ab", "ba"], ["xx", "xx"], "every step has the tag 'x'"),
        ([["a"], ["b"]], [["x"], [1]], "tags of several kinds"),
        (["ab", "ba"], [["x", "y"], ["x", None]], "row 2: a tag is missing"),
        ("ab", "xy", "expected a list of sequences"),
        ([], [], "0 sequences"),
        ([[1.0, float("nan")]], ["xy"], "NaN"),
    ],
)
def test_data_that_cannot_be_learned_is_named(rows, tags, message):
    with pytest.raises(DataError, match=message):
        elman.SequenceTagger(**TINY, validation_fraction=0).fit(rows, tags)


def test_other_data_than_in_training_is_refused(model):
    with pytest.raises(DataError, match="got series of numbers"):
        model.predict([np.zeros(3)])
    with pytest.raises(DataError, match="row 2: the sequence is empty"):
        model.predict(["ab", ""])
    with pytest.raises(InputError, match="for each of 1 sequences"):
        model.score(["ab"], ["nn", "nn"])
    with pytest.raises(InputError, match="bidirectional"):
        elman.SequenceTagger(bidirectional=3)
