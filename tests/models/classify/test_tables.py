"""What the jobs take from tables: series by their ids, steps in their order, one text however it is written."""

import unicodedata

import numpy as np
import pandas as pd
import pytest

import elman
from elman.data.numbers import step_keys
from elman.data.tables import read_table, stream_table
from elman.errors import DataError
from elman.models.classify.columns import Columns
from elman.models.classify.options import ClassifierOptions
from elman.models.classify.series_columns import SeriesColumns

SMALL = {"hidden_size": 4, "embedding_dim": 4, "epochs": 2, "batch_size": 8, "min_count": 1}
SMALL |= {"validation_fraction": 0.2}  # so few sequences would be cross-validated otherwise, with six trainings
NANOSECOND = 1_609_459_200_000_000_000


def rows_of(step=str, series=6, steps=12):
    """Return a frame of series that rise or fall by turns, the rows shuffled."""
    rows = [
        (f"s{s}", step(t), (t if s % 2 else -t) + s / 10, "up" if s % 2 else "down")
        for s in range(series)
        for t in range(steps)
    ]
    return pd.DataFrame(rows, columns=["series", "step", "x", "label"])


def gathered(frame, **columns):
    found = SeriesColumns(**{"series": "series", "step": "step", "features": ("x",), "label": "label"} | columns)
    return found.gather(stream_table(frame, rows=7))


WAYS = {
    "numbers": str,
    "texts": lambda t: f"t{t}",
    "padded": lambda t: f"step {t:03}",
    "nanoseconds": lambda t: str(NANOSECOND + t),
    "whole numbers": lambda t: NANOSECOND + t,
    "fractions": lambda t: f"{t / 7:.9f}",
    "dates": lambda t: f"2015-{t + 1}-1" if t > 8 else f"2015-0{t + 1}-01",
    "times": lambda t: f"2015-01-01 10:00:{t:02}.{t:03}",
    "stamps": lambda t: pd.Timestamp("2015-01-01") + pd.Timedelta(t, "ns"),
}


@pytest.mark.parametrize("way", [way for way in WAYS if way != "dates"])
def test_series_are_gathered_by_their_ids_and_ordered_by_their_steps(way):
    frame = rows_of(WAYS[way])
    whole = gathered(frame)
    for seed in range(2):
        mixed = gathered(frame.sample(frac=1, random_state=seed))
        assert set(mixed.names) == {f"s{s}" for s in range(6)}
        for name, label, values in zip(mixed.names, mixed.labels, mixed.values, strict=True):
            at = whole.names.index(name)
            np.testing.assert_array_equal(values, whole.values[at])
            assert label == whole.labels[at]
            assert (np.diff(values[:, 0]) > 0).all() == (label == "up")


@pytest.mark.parametrize(
    "cells",
    [["Jan", "Feb"], ["1/2/2015", "2/2/2015"], ["t1", "u2"], ["2015-W03", "2015-W04"], ["1", "x"], [{"a": 1}, 2]],
)
def test_steps_without_a_sure_order_are_refused(cells):
    with pytest.raises(DataError, match="expected steps that are numbers, dates"):
        step_keys(cells, "table")


@pytest.mark.parametrize("cells", [["1", "1"], ["1", "1.0"], ["t1", "t01"], ["2015-01-01", "2015-01-01T00:00"]])
def test_a_step_that_a_series_has_twice_is_named(cells):
    frame = pd.DataFrame(
        {"series": "a", "step": ["0" if cells[0][0] != "t" else "t0", *cells][1:], "x": 1.0, "label": "b"}
    )
    with pytest.raises(DataError, match=r"rows 1 and 2: series 'a' has the step .* twice: mend column 'step'"):
        gathered(frame)


def test_ids_and_labels_have_no_white_space_around_them():
    frame = pd.DataFrame(
        {"series": ["a", " a", "b\u00a0"], "step": [0, 1, 0], "x": [1, 2, 3], "label": ["p", "p ", "\tq"]}
    )
    found = gathered(frame)
    assert (found.names, found.labels) == (["a", "b"], ["p", "q"])


def test_two_labels_of_a_series_are_named():
    frame = pd.DataFrame({"series": ["a", "b", "a"], "step": [0, 0, 1], "x": [1, 2, 3], "label": ["p", "q", "q"]})
    with pytest.raises(DataError, match="row 3: a series has one label, got 'q' after 'p'"):
        gathered(frame)


def test_predictions_for_rows_in_any_order_are_the_same(tmp_path):
    frame, options = rows_of(), {"hidden_size": 4, "epochs": 2, "batch_size": 4, "validation_fraction": 0}
    one, two = (
        elman.SequenceClassifier(**options).fit(each) for each in (frame, frame.sort_values("step", kind="stable"))
    )
    answers = []
    for model in (one, two):
        for each in (frame, frame.sort_values(["step", "series"])):
            each.to_csv(tmp_path / "a.csv", index=False)
            (piece,) = model.read(tmp_path / "a.csv")
            rows = model.rows(piece)
            answers.append(dict(zip(rows["series"], rows["p(up)"], strict=True)))
            assert model.report(tmp_path / "a.csv").title.endswith("6 sequences")
    assert all(answer == answers[0] for answer in answers[1:])


def test_composed_and_decomposed_letters_are_one_text():
    texts = ["très réussi", "gâchée", "élégant", "déçu", "génial", "médiocre"] * 4
    apart = [unicodedata.normalize("NFD", text) for text in texts]
    labels = ["pos", "neg"] * 12
    assert texts != apart
    for fit, ask in ((texts, apart), (apart, texts)):
        for model in (elman.SequenceClassifier(**SMALL), elman.WindowMLP(**SMALL | {"window": 4})):
            model.fit(fit, labels)
            np.testing.assert_array_equal(model.predict_proba(fit), model.predict_proba(ask))
        translator = elman.Translator(**SMALL).fit(fit, ask)
        assert translator.predict(fit) == translator.predict(ask)
        assert translator.pairs_[0] == texts
        tagger = elman.SequenceTagger(hidden_size=4, embedding_dim=4, epochs=1, tokens="symbols").fit(
            fit, [t.split() for t in ask]
        )
        assert tagger.predict(fit) == tagger.predict(ask)


def test_a_label_that_every_row_has_is_learned():
    texts = [" ".join(["one", "two", "three"][: 1 + k % 3]) for k in range(20)]
    labels = [["always", "even"] if k % 2 else ["always"] for k in range(20)]
    model = elman.SequenceClassifier(**SMALL, tokens="words").fit(texts, labels)
    found = model.simple_.bag.probabilities(model.preprocessor_.input.encode(texts))
    assert (found[:, 0] > 0.9).all()


def test_a_symbol_that_is_called_as_ours_is_a_symbol_like_others():
    sources, targets = ["say <unknown> now", "end of text here"] * 10, ["<unknown> dit", "fin end of text"] * 10
    model = elman.Translator(
        hidden_size=16,
        embedding_dim=8,
        epochs=20,
        batch_size=8,
        learning_rate=0.03,
        beam=1,
        length_penalty=0.0,
        source_tokens="symbols",
        target_tokens="symbols",
    )
    assert model.fit(sources, targets).predict(sources[:2]) == targets[:2]
    lists = [["<unknown>", "a"], ["b", "a"]] * 10
    classifier = elman.SequenceClassifier(**SMALL, positions=False).fit(lists, ["x", "y"] * 10)
    assert classifier.preprocessor_.input.vocabulary.encode(["<unknown>", "new"]).tolist()[0] > 0


def test_figures_agree_whatever_white_space_targets_have():
    pairs = pd.DataFrame(
        {"source": ["roses are red", "tea for two"] * 20, "target": ["rouge\nbleu ", "thé  pour\tdeux"] * 20}
    )
    model = elman.Translator(hidden_size=16, embedding_dim=8, epochs=15, batch_size=8, learning_rate=0.03).fit(pairs)
    (grid,) = model.report(pairs).grids
    scores = dict(zip(grid.columns, grid.rows[-1], strict=True))
    assert scores["text errors"] == pytest.approx(1 - scores["exact"])
    assert scores["exact"] == model.score(list(pairs["source"]), list(pairs["target"])) == 1


def test_a_blank_source_is_named_by_its_row_in_the_file(tmp_path):
    model = elman.Translator(**SMALL).fit(pd.DataFrame({"source": ["one", "two"] * 10, "target": ["1", "2"] * 10}))
    (tmp_path / "a.csv").write_text("source\n" + "one\n" * 50_001 + '" "\n')
    with pytest.raises(DataError, match="column 'source': row 50,002 is empty"):
        list(model.read(tmp_path / "a.csv"))


def wide(count):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(40, count)).astype(np.float32))
    frame.columns = [f"c{k}" for k in range(count)]
    return frame, ["up" if value > 0 else "down" for value in frame["c0"]]


MAKE = {
    "feed forward": lambda: elman.FeedForward(hidden_size=4, epochs=2, batch_size=8),
    "classifier": lambda: elman.SequenceClassifier(
        hidden_size=4, epochs=1, batch_size=8, validation_fraction=0.2, convolutions=False
    ),
    "window": lambda: elman.WindowMLP(hidden_size=4, epochs=1, batch_size=8, window=3),
}


@pytest.mark.parametrize("name", MAKE)
def test_columns_of_a_frame_are_read_by_name(name, tmp_path):
    X, y = wide(4)
    model = MAKE[name]().fit(X, y)
    model.save(tmp_path / "m.safetensors")
    for again in (model, elman.load(tmp_path / "m.safetensors")):
        assert list(again.feature_names_in_) == list(X.columns)
        for frame in (X[X.columns[::-1]], X[["c2", "c0", "c3", "c1"]]):
            np.testing.assert_array_equal(again.predict_proba(frame), model.predict_proba(X))
        np.testing.assert_array_equal(again.predict_proba(X.to_numpy()), model.predict_proba(X))
        with pytest.raises(DataError, match="should match those of fit: missing c1: give"):
            again.predict(X.drop(columns="c1"))
        with pytest.raises(DataError, match="missing c1; unexpected z: give"):
            again.predict(X.rename(columns={"c1": "z"}))
        with pytest.raises(DataError, match=r"unexpected d0, d1, .*, d9 and 3 more"):
            again.predict(X.assign(**{f"d{k}": 0.0 for k in range(13)}))
    assert not hasattr(model.fit(X.to_numpy(), y), "feature_names_in_")


def test_a_table_with_its_labels_has_names_too():
    X, y = wide(3)
    model = MAKE["feed forward"]().fit(X.assign(label=y))
    assert list(model.feature_names_in_) == list(X.columns)
    np.testing.assert_array_equal(model.predict(X.assign(label=y)[["label", "c2", "c1", "c0"]]), model.predict(X))


def test_time_grows_with_the_number_of_columns_and_no_faster():
    """The names are looked up a number of times that is proportional to the columns, and never joined."""
    names = ["series", "label", *(f"c{k}" for k in range(3000))]
    table = read_table(pd.DataFrame([["a", "b", *[0.5] * 3000]] * 2, columns=names))
    found = Columns.found(table, ClassifierOptions())
    calls = []
    object.__setattr__(table, "columns", _Counted(names, calls))
    found.examples(table)
    assert sum(calls) <= 10 * len(names)


class _Counted(list):
    """A list of names that counts how many are looked at."""

    def __init__(self, names, calls):
        super().__init__(names)
        self._calls = calls

    def __iter__(self):
        self._calls.append(len(self))
        return super().__iter__()

    def __contains__(self, name):
        self._calls.append(len(self))
        return super().__contains__(name)
