"""The classifier on small data that it has to learn, and the honesty of everything it learns from data."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import DataConversionWarning
from tests.tolerance import assert_close, relative_error

import elman
from elman.data.items import as_items
from elman.data.sequences import Sequences
from elman.errors import DataError, InputError
from elman.models.classify.augmentation import augmented
from elman.models.classify.network import LabelledSequences, loss_of, members_of, scores_of
from elman.models.classify.options import FOLDS, ClassifierOptions, Sizes, chosen, cross_validates
from elman.models.networks.encoder import Pooling, packed, rows_of
from elman.models.scoring.bag_of_words import BagOfWords
from elman.models.scoring.classification import mean_nats
from elman.models.scoring.labels import as_labels
from elman.ops.dispatch import use_backend
from elman.train import Callback, RunFiles, read_container

TINY = {"hidden_size": 8, "embedding_dim": 8, "min_count": 1, "epochs": 12, "learning_rate": 0.01, "dropout": 0.0}
TINY |= {"input_dropout": 0.0, "symbol_dropout": 0.0, "batch_size": 8}
TINY |= {"validation_fraction": 0.2}  # so few sequences would be cross-validated otherwise, with six trainings
TINY |= dict.fromkeys(("ngrams", "convolutions", "positions"), False)  # slow: tests of these models name them


def order_matters(count=60, seed=0):
    """Texts of the same words: the label is which of two words comes first, so that no bag of words can know."""
    random = np.random.default_rng(seed)
    texts, labels = [], []
    for row in range(count):
        words = ["the"] * random.integers(1, 5)
        first, second = ("cat", "dog") if row % 2 else ("dog", "cat")
        at, after = sorted(random.choice(len(words) + 1, 2))
        words.insert(after, second)
        words.insert(at, first)
        texts.append(" ".join(words))
        labels.append(first)
    return texts, labels


def series_of(count=40, seed=0):
    random = np.random.default_rng(seed)
    labels = [row % 3 for row in range(count)]
    return [random.normal(label, 0.3, (random.integers(1, 9), 2)) + 100 for label in labels], labels


@pytest.fixture(scope="module")
def model():
    return elman.SequenceClassifier(
        **TINY | {"epochs": 20, "learning_rate": 0.02, "ngrams": True, "answer": "network"}
    ).fit(*order_matters())


def test_it_learns_what_no_bag_of_words_can(model):
    texts, labels = order_matters(40, seed=1)
    assert model.score(texts, labels) > 0.9
    assert BagOfWords(tokens="words", min_count=1).fit(*order_matters()).score(texts, labels) < 0.7
    assert set(model.baselines_) == {"class frequencies", "bag of words", "n-grams"}
    assert model.classes_.tolist() == ["cat", "dog"]


@pytest.mark.parametrize(
    ("pooling", "cell"),
    [("last", "rnn"), ("last", "lstm"), ("mean", "gru"), ("max", "lstm"), ("mean+max", "rnn"), ("attention", "gru")],
)
def test_company_never_changes_a_result(pooling, cell):
    series, labels = series_of()
    model = elman.SequenceClassifier(**TINY | {"epochs": 1, "pooling": pooling, "cell": cell}).fit(series, labels)
    together = model.predict_proba(series)
    alone = np.concatenate([model.predict_proba([one]) for one in series])
    np.testing.assert_allclose(together, alone, rtol=1e-4)
    backwards = model.predict_proba(series[::-1])[::-1]
    np.testing.assert_allclose(together, backwards, rtol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=7), st.sampled_from(["mean", "max", "mean+max", "attention"]))
def test_pooling_is_what_a_loop_over_the_sequences_gives(lengths, name):
    torch.manual_seed(0)
    parts = [
        np.random.default_rng(row).normal(size=(length, 3)).astype(np.float32) for row, length in enumerate(lengths)
    ]
    sequences = Sequences.of(parts)
    packing = sequences.pack(np.arange(len(parts)))
    pool = Pooling(name, 3)
    got = pool(packed(sequences, packing), torch.zeros(len(parts), 3))
    for place, row in enumerate(packing.rows):
        x = torch.from_numpy(parts[row])
        weights = torch.softmax(pool.score(x), 0) if pool.score else None
        found = {"mean": x.mean(0), "max": x.max(0).values}
        found |= {"mean+max": torch.cat((found["mean"], found["max"]))}
        want = (weights * x).sum(0) if weights is not None else found[name]
        torch.testing.assert_close(got[place], want, rtol=1e-5, atol=1e-6)


def test_rows_of_packed_steps():
    assert rows_of(torch.tensor([3, 1])).tolist() == [0, 1, 2, 0]


def test_what_is_learned_from_data_comes_from_the_training_part_alone():
    """Change the held-out texts and series, and neither vocabulary, scale nor bag of words changes."""
    texts, labels = order_matters()
    options = TINY | {"epochs": 1, "split": "tail", "validation_fraction": 0.25}
    one = elman.SequenceClassifier(**options).fit(texts, labels)
    two = elman.SequenceClassifier(**options).fit(texts[:45] + ["quite other words here"] * 15, labels)
    assert one.preprocessor_.content() == two.preprocessor_.content()
    assert "quite" not in two.preprocessor_.input.vocabulary
    series, kinds = series_of()
    first = elman.SequenceClassifier(**options | {"convolutions": True}).fit(series, kinds)
    second = elman.SequenceClassifier(**options).fit(series[:30] + [one * 9 for one in series[30:]], kinds)
    assert set(first.baselines_) == {"class frequencies", "bag of steps", "convolutions"}
    assert first.preprocessor_.content() == second.preprocessor_.content()
    weights = [m.network_.head.weight for m in (first, second)]
    assert torch.equal(*weights)  # one epoch is kept whatever its held-out loss


def test_a_label_that_only_the_held_out_part_has_is_named():
    texts, labels = order_matters()
    with pytest.raises(DataError, match="'bird' is none of the classes of training, 'cat', 'dog'"):
        elman.SequenceClassifier(**TINY, split="tail").fit(texts, [*labels[:-1], "bird"])


def test_duplicates_across_the_split_are_counted():
    texts, labels = ["same words here"] * 20 + ["other words there"] * 20, [0] * 20 + [1] * 20
    model = elman.SequenceClassifier(**TINY | {"epochs": 1, "validation_fraction": 0.25}).fit(texts, labels)
    assert model.duplicates_ == 10


@pytest.mark.parametrize(
    ("X", "tokens", "first"),
    [
        (["a b c d", "d c b a"], "words", 4),
        (["abcd", "dcba"], "characters", 4),
        ([["x1", "x2"], ["x2", "x1"]], "symbols", 2),
    ],
)
def test_texts_are_cut_as_they_look(X, tokens, first):
    model = elman.SequenceClassifier(**TINY | {"epochs": 1, "validation_fraction": 0}).fit(X * 3, ["p", "q"] * 3)
    assert model.preprocessor_.input.tokens == tokens
    assert model.preprocessor_.input.encode(X).lengths[0] == first
    assert model.predict(["e" if tokens != "symbols" else ["x9"], *X][0:1]).shape == (1,)
    assert model.predict_proba([""] if tokens != "symbols" else [["new"]]).shape == (1, 2)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_of_texts_and_of_numbers(frame):
    texts, labels = order_matters()
    from_lists = elman.SequenceClassifier(**TINY | {"epochs": 1}).fit(texts, labels)
    from_frame = elman.SequenceClassifier(**TINY | {"epochs": 1}).fit(frame({"t": texts}), labels)
    whole = elman.SequenceClassifier(**TINY | {"epochs": 1}).fit(frame({"t": texts, "label": labels}))
    for other in (from_frame, whole):
        assert torch.equal(other.network_.head.weight, from_lists.network_.head.weight)
    numbers = np.random.default_rng(0).normal(size=(20, 6))
    columns = frame({f"c{k}": numbers[:, k] for k in range(6)})
    model = elman.SequenceClassifier(**TINY | {"epochs": 1}).fit(columns, [0, 1] * 10)
    np.testing.assert_allclose(model.predict_proba(columns), model.predict_proba(numbers), rtol=1e-6)


def test_several_labels():
    random = np.random.default_rng(0)
    texts, labels = [], []
    for _ in range(80):
        chosen = [name for name in ("red", "round", "small") if random.random() < 0.5]
        texts.append(" ".join(random.permutation(["it", "is", "a", "thing", *chosen])))
        labels.append(chosen)
    model = elman.SequenceClassifier(**TINY | {"epochs": 20, "learning_rate": 0.03}).fit(texts, labels)
    assert model.classes_.tolist() == ["red", "round", "small"]
    assert model.predict(["a red thing it is", "a small round thing", "it is a thing"]) == [
        ["red"],
        ["round", "small"],
        [],
    ]
    assert model.held_out_.accuracy("network") > 0.8
    with pytest.raises(DataError, match="row 2: expected a list of labels, got 'red'"):
        elman.SequenceClassifier(**TINY).fit(["a", "b"], [["red"], "red"])


def test_a_column_of_labels_is_taken_and_warned_of_as_scikit_learn_does():
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"):
        assert as_labels(np.array([["red"], ["round"]]), 2) == ["red", "round"]
    with pytest.raises(DataError, match=r"expected one label a sequence, got shape \(2, 2\)"):
        as_labels(np.eye(2), 2)


def test_weights_of_classes():
    texts, labels = ["aa", "ab", "ac", "b"] * 10, [0, 0, 0, 1] * 10
    base = TINY | {"epochs": 1, "validation_fraction": 0, "tokens": "characters"}
    plain, balanced, by_hand, other = (
        elman.SequenceClassifier(**base, class_weight=weight).fit(texts, labels).predict_proba(["zz"])[0, 1]
        for weight in (None, "balanced", {0: 42 / 62, 1: 42 / 22}, {1: 9.0})
    )
    assert balanced == pytest.approx(by_hand, rel=1e-5)
    assert plain < balanced < other
    with pytest.raises(DataError, match=r"class_weight: .*'2'.* not among the classes 0, 1"):
        elman.SequenceClassifier(**base, class_weight={2: 1.0}).fit(texts, labels)


def test_word_vectors_are_begun_with(tmp_path):
    texts, labels = order_matters()
    path = tmp_path / "vectors.txt"
    path.write_text("2 3\ncat 1 2 3\nzebra 4 5 6\n")
    options = TINY | {"epochs": 1, "learning_rate": 1e-12, "clip": None, "pretrained": str(path), "ema_decay": 0}
    model = elman.SequenceClassifier(**options).fit(texts, labels)
    weight = model.network_.encoder.embed.weight
    assert weight.shape[1] == 3
    cat = model.preprocessor_.input.vocabulary.number("cat")
    torch.testing.assert_close(weight[cat], torch.tensor([1.0, 2.0, 3.0]))
    model.save(tmp_path / "m")
    path.unlink()
    assert elman.load(tmp_path / "m").predict(texts[:5]).tolist() == model.predict(texts[:5]).tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cat 1 2\ndog 1\n", "line 2: expected a word and 2 numbers, got 1"),
        ("cat 1 x\n", "line 1: expected numbers after the word"),
        ("zebra 1 2\n", "none of its words is among"),
    ],
)
def test_word_vectors_that_cannot_be_read_are_named(tmp_path, text, message):
    path = tmp_path / "vectors.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        elman.SequenceClassifier(**TINY, pretrained=path).fit(*order_matters())


BAD = {
    "one class": (lambda: (["a", "b"], ["x", "x"]), "two classes or more, got one class, 'x'"),
    "no rows": (lambda: ([], []), "0 sequences"),
    "one text": (lambda: ("abc", ["x"]), "expected a list of sequences, got one str"),
    "labels missing": (lambda: (["a", "b"], None), "requires y to be passed"),
    "fewer labels": (lambda: (["a", "b"], ["x"]), "X 2, y 1"),
    "NaN label": (lambda: (["a", "b"], ["x", float("nan")]), "row 2: the label is missing"),
    "None label": (lambda: (["a", "b"], [None, "x"]), "row 1: the label is missing"),
    "fractions": (lambda: (["a", "b"], [0.5, 1.5]), "Unknown label type"),
    "mixed labels": (lambda: (["a", "b"], ["x", 1]), "labels of several types"),
    "NaN in a series": (lambda: ([[1.0], [float("nan")]], [0, 1]), "sequence 2: it contains NaN"),
    "no steps": (lambda: ([[1.0], []], [0, 1]), "sequence 2: expected numbers"),
    "features": (lambda: ([[[1.0, 2.0]], [[1.0]]], [0, 1]), "the same features in every sequence, got 1, 2 of them"),
    "mixed": (lambda: (["a", [1.0]], [0, 1]), "sequence 1: expected numbers as in the others, got str"),
    "four dimensions": (lambda: (np.zeros((2, 2, 2, 2)), [0, 1]), "4 dimensions"),
}


@pytest.mark.parametrize("case", BAD)
def test_data_that_cannot_be_learned_says_why(case):
    make, message = BAD[case]
    with pytest.raises(DataError, match=message):
        elman.SequenceClassifier(**TINY).fit(*make())


def test_another_kind_of_sequence_is_refused_at_prediction(model):
    with pytest.raises(DataError, match="the model reads words, got series"):
        model.predict([[1.0, 2.0]])
    series = elman.SequenceClassifier(**TINY | {"epochs": 1}).fit(*series_of())
    with pytest.raises(DataError, match="reads series of numbers, got texts"):
        series.predict(["a text"])
    with pytest.raises(DataError, match="expected 2 features at each step, got 1"):
        series.predict([[1.0, 2.0]])


def test_both_backends_learn_the_same(model):
    texts, labels = order_matters()
    with use_backend("reference"):
        other = elman.SequenceClassifier(**TINY | {"epochs": 2}).fit(texts, labels)
    native = elman.SequenceClassifier(**TINY | {"epochs": 2}).fit(texts, labels)
    np.testing.assert_allclose(other.predict_proba(texts), native.predict_proba(texts), rtol=1e-3)


def test_settings_follow_the_number_and_the_length_of_the_sequences():
    found = {}
    for rows, steps in ((20, 200), (300, 3_000), (5_000, 50_000), (5_000, 5_000_000)):
        s = chosen(ClassifierOptions(), Sizes(rows, steps, 2), "words", True, 0)
        found[rows, steps] = (s.hidden_size, s.batch_size, s.epochs, s.patience, s.tokens)
    assert found == {
        (20, 200): (64, 8, 120, 30, "words"),
        (300, 3_000): (64, 18, 120, 30, "words"),
        (5_000, 50_000): (96, 64, 20, 5, "words"),
        (5_000, 5_000_000): (96, 64, 4, 4, "words"),
    }
    given = ClassifierOptions(batch_size=5, minutes=1.0, hidden_size=3, tokens="characters", members=2)
    assert vars(chosen(given, Sizes(300, 3_000, 2), "characters", True, 0)) == vars(given)
    assert chosen(ClassifierOptions(epochs=7), Sizes(300, 3_000, 2), None, True, 0).patience is None
    for rows, steps, epochs, patience in ((40, 400, 60, 10), (400, 40_000, 25, 4)):  # all six trainings together
        folded = chosen(ClassifierOptions(), Sizes(rows, steps, 2), None, False, FOLDS)
        assert (folded.epochs, folded.patience) == (epochs, patience)


@pytest.mark.parametrize(
    ("rows", "classes", "folds", "members"), [(39, 2, FOLDS, 3), (40, 2, FOLDS, 1), (39, 2, 0, 1), (199, 10, FOLDS, 3)]
)
def test_several_networks_are_averaged_where_a_class_has_few_sequences(rows, classes, folds, members):
    assert chosen(ClassifierOptions(), Sizes(rows, 10 * rows, classes), None, False, folds).members == members


def test_the_mean_score_of_networks_counts_and_each_learns_for_itself():
    X, y = series_of(25)
    model = elman.SequenceClassifier(**TINY | {"epochs": 2, "validation_fraction": 0}, members=3).fit(X, y)
    network, data = model.network_, model.preprocessor_.label(as_items(X), as_labels(y, len(X)))
    alone = members_of(network)
    parts = torch.from_numpy(np.stack([scores_of(one, data.inputs) for one in alone]))
    said = torch.from_numpy(model.predict_proba(X))
    assert relative_error(parts[0], parts[1]) > 0.1
    assert_close(parts.mean(dim=0).softmax(dim=1).float(), said.float(), "probabilities")
    rows = np.arange(len(X))
    together = LabelledSequences(network, data, loss_of(False))
    losses = [LabelledSequences(one, data, loss_of(False)).loss(rows).loss for one in alone]
    assert together.loss(rows).loss.item() == pytest.approx(mean_nats(said.numpy(), data.targets), rel=1e-5)
    network.train()
    assert_close(together.loss(rows).loss, torch.stack(losses).mean(), "loss in training")


@pytest.mark.parametrize(
    ("rows", "classes", "options", "wanted"),
    [
        (9, 2, {}, False),
        (10, 2, {}, True),
        (499, 2, {}, True),
        (500, 2, {}, False),
        (800, 30, {}, True),
        (900, 30, {}, False),
        (2_000, 100, {}, False),
        (100, 2, {"validation_fraction": 0.1}, False),
        (100, 2, {"split": "tail"}, False),
        (100, 2, {"minutes": 1.0}, False),
        (100, 2, {"patience": 3}, False),
    ],
)
def test_few_sequences_are_cross_validated(rows, classes, options, wanted):
    assert cross_validates(ClassifierOptions(**options), rows, classes) == wanted


def test_a_model_of_lists_cannot_read_a_file(model, tmp_path):
    with pytest.raises(InputError, match="trained on sequences, not on a file"):
        model.read(tmp_path / "x.csv")


def test_few_series_are_cross_validated_and_a_simple_model_may_answer(tmp_path):
    random = np.random.default_rng(0)
    labels = ["up" if row % 2 else "down" for row in range(24)]
    series = [random.normal(0, 0.3, (random.integers(20, 40), 1)) for _ in labels]
    for one, label in zip(series, labels, strict=True):
        at = random.integers(0, len(one) - 9)
        one[at : at + 9, 0] += (1 if label == "up" else -1) * np.hanning(9) * 3
    options = TINY | {"hidden_size": 2, "epochs": 1, "augment": "all", "validation_fraction": None}
    options["convolutions"] = True
    model = elman.SequenceClassifier(**options).fit(series, labels)
    assert model.answer_.factors["convolutions"] == max(model.answer_.factors.values())
    assert model.answer_.losses["convolutions"] < model.answer_.losses["network"]
    assert len(model.held_out_.targets) == len(series)
    assert model.held_out_.model == model.answer_.name == "mixture"
    measured = mean_nats(model.held_out_.probabilities["mixture"], model.held_out_.targets)
    assert measured == pytest.approx(model.answer_.losses["mixture"])  # by factors that had not seen the sequence
    assert "hidden_size" not in model.chosen_
    model.save(tmp_path / "m")
    loaded = elman.load(tmp_path / "m")
    np.testing.assert_array_equal(loaded.predict_proba(series), model.predict_proba(series))


@pytest.mark.parametrize("how", ["jitter", "scale", "warp"])
def test_series_are_varied_in_training_alone(how):
    inputs = Sequences.of([np.sin(np.arange(30, dtype=np.float32) / 5)[:, None], np.ones((3, 1), np.float32)])
    torch.manual_seed(0)
    varied = augmented(inputs, np.array([1, 0]), how)
    assert varied.lengths.tolist() == [3, 30]
    assert not np.allclose(varied[1], inputs[0], atol=1e-3)
    assert np.abs(varied[1] - inputs[0]).max() < 1
    torch.manual_seed(0)
    np.testing.assert_array_equal(varied.values, augmented(inputs, np.array([1, 0]), how).values)


class CutOffError(Exception):
    pass


class Cut(Callback):
    """Ends a training in the middle of its second epoch, as a crash would."""

    def on_step(self, progress):
        if progress.counters.step == 7:
            raise CutOffError


@pytest.mark.parametrize(
    ("kind", "epochs"),
    [("texts", 2), ("series", 2), *(pytest.param(kind, None, marks=pytest.mark.study) for kind in ("texts", "series"))],
)
def test_cross_validated_cut_off_and_resumed_it_ends_with_the_same_bits(kind, epochs, tmp_path, monkeypatch):
    """With the epochs left open, as many as the cross-validation finds."""
    monkeypatch.setattr("elman.train.monitor.SHOW_EVERY", 0.0)  # a callback for every step
    X, y = order_matters(25) if kind == "texts" else series_of(25)
    options = TINY | {"epochs": epochs, "validation_fraction": None, "dropout": 0.3, "augment": "all", "ema_decay": 0.9}
    options |= {"ngrams": epochs is None, "convolutions": True}
    whole = elman.SequenceClassifier(**options).fit(X, y)
    files = RunFiles.within(tmp_path)
    with pytest.raises(CutOffError):
        elman.SequenceClassifier(**options).fit(X, y, files=files, callback=Cut(), checkpoint_seconds=0.0)
    torch.rand(5)
    resumed = elman.SequenceClassifier(**options).fit(X, y, files=files, resume=True)
    assert len(whole.held_out_.targets) == len(X)
    for name, weight in whole.network_.state_dict().items():
        assert torch.equal(resumed.network_.state_dict()[name], weight), name
    assert resumed.progress_.step == whole.progress_.step > 7
    assert resumed.answer_ == whole.answer_
    whole.save(tmp_path / "whole")
    (_, one, tensors), (_, two, others) = (read_container(path) for path in (tmp_path / "whole", files.model))
    assert one | {"progress": None} == two | {"progress": None}  # it has times
    assert all(torch.equal(tensors[name], others[name]) for name in tensors | others)
    np.testing.assert_array_equal(resumed.predict_proba(X), whole.predict_proba(X))
