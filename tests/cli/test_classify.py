"""Train, predict and evaluate through the command line: texts and series, what it prints, what it leaves, bad input."""

import json

import numpy as np
import pandas as pd
import pytest

import elman
from elman.cli import main

CROSS_VALIDATED = ["--hidden-size", "6", "--embedding-dim", "4", "--epochs", "2", "--min-count", "1"]
TINY = [*CROSS_VALIDATED, "--validation-fraction", "0.2"]  # with one training in place of six


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table of texts, one of series, and a model trained on each."""
    place = tmp_path_factory.mktemp("classify")
    random = np.random.default_rng(0)
    names = ["good", "bad"] * 20
    texts = [" ".join(random.permutation(["a", name, "film", "it", "was"])) for name in names]
    pd.DataFrame({"id": range(40), "text": texts, "label": names}).to_csv(place / "t.csv", index=False)
    rows = [(k, t, random.normal(k % 2), random.normal(), "xy"[k % 2]) for k in range(30) for t in range(3 + k % 3)]
    series = pd.DataFrame(rows, columns=["series", "step", "a", "b", "label"])
    series.to_csv(place / "s.csv", index=False)
    assert main(["train", "classify", str(place / "t.csv"), "-o", str(place / "t.safetensors"), *TINY]) == 0
    assert main(["train", "classify", str(place / "s.csv"), "-o", str(place / "s.safetensors"), *TINY]) == 0
    return place


def test_training_shows_the_baselines_beside(folder, tmp_path, capsys):
    assert main(["train", "classify", str(folder / "t.csv"), "-o", str(tmp_path / "m.safetensors"), *TINY]) == 0
    said = capsys.readouterr().out
    for part in (
        "to beat: class frequencies",
        "class frequencies",
        "bag of words",
        "network",
        "accuracy",
        "m.loss.png",
    ):
        assert part in said


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_predictions_are_the_librarys(folder, tmp_path, ending):
    out = tmp_path / f"p.{ending}"
    assert main(["predict", str(folder / "t.safetensors"), str(folder / "t.csv"), "-o", str(out)]) == 0
    read = {"csv": pd.read_csv, "jsonl": lambda p: pd.read_json(p, lines=True), "parquet": pd.read_parquet}[ending]
    got, texts = read(out), pd.read_csv(folder / "t.csv")["text"].tolist()
    model = elman.load(folder / "t.safetensors", elman.SequenceClassifier)
    assert got["label"].tolist() == model.predict(texts).tolist()
    assert got["row"].tolist() == list(range(1, 41))
    np.testing.assert_allclose(got["p(good)"], model.predict_proba(texts)[:, 1], atol=1e-6)


def test_series_cut_by_chunks_are_predicted_whole_wherever_their_rows_are(folder, monkeypatch):
    model = elman.load(folder / "s.safetensors", elman.SequenceClassifier)
    whole = [model.rows(piece) for piece in model.read(folder / "s.csv")]
    from elman.data.tables import stream_table

    monkeypatch.setattr("elman.models.classify.columns.stream_table", lambda source: stream_table(source, rows=7))
    pieces = [model.rows(piece) for piece in model.read(folder / "s.csv")]
    assert [name for piece in pieces for name in piece["series"]] == [str(k) for k in range(30)]
    joined = [chance for piece in pieces for chance in piece["p(x)"]]
    np.testing.assert_allclose(joined, [chance for piece in whole for chance in piece["p(x)"]], atol=2e-6)


def test_steps_are_put_in_order(folder, tmp_path):
    table = pd.read_csv(folder / "s.csv", dtype=str)
    mixed = table.sample(frac=1, random_state=0).sort_values("series", key=lambda s: s.astype(int), kind="stable")
    mixed.to_csv(tmp_path / "mixed.csv", index=False)
    model = elman.load(folder / "s.safetensors", elman.SequenceClassifier)
    one, two = (list(map(model.rows, model.read(path))) for path in (folder / "s.csv", tmp_path / "mixed.csv"))
    assert mixed["step"].tolist() != table["step"].tolist()
    assert one == two


def test_evaluation_stands_beside_its_baselines_and_draws(folder, tmp_path, capsys):
    picture = tmp_path / "c.png"
    words = ["evaluate", str(folder / "t.safetensors"), str(folder / "t.csv"), "--picture", str(picture)]
    assert main(words) == 0
    said = capsys.readouterr().out
    lines = {line.split("  ")[0]: line.split() for line in said.splitlines() if line}
    model = elman.load(folder / "t.safetensors", elman.SequenceClassifier)
    table = pd.read_csv(folder / "t.csv")
    accuracy = model.score(table["text"].tolist(), table["label"].tolist())
    assert lines[model.answer_.name][-3] == f"{accuracy:.3f}"
    assert lines["class frequencies"][2] == "0.500"
    assert lines["good"][-1] == "20"
    assert picture.read_bytes().startswith(b"\x89PNG")


def changed(folder, name, change, source="t.csv"):
    table = pd.read_csv(folder / source, dtype=str)
    change(table).to_csv(folder / name, index=False)
    return str(folder / name)


def train(folder, name, *more):
    return ["train", "classify", name, "-o", str(folder / "x.safetensors"), *TINY, *more]


def model_of(folder, name="t"):
    return str(folder / f"{name}.safetensors")


BAD = {
    "no label column": (
        lambda f: train(f, changed(f, "a.csv", lambda t: t.drop(columns="label"))),
        "which column is the label? There is none by a usual name: name one of id, text",
    ),
    "wrong column": (
        lambda f: train(f, str(f / "t.csv"), "--text", "words"),
        "no column 'words': text has to be one of",
    ),
    "one class": (lambda f: train(f, changed(f, "a.csv", lambda t: t.assign(label="x"))), "got one class, 'x'"),
    "empty label": (
        lambda f: train(f, changed(f, "a.csv", lambda t: t.assign(label=t["label"].mask(t.index == 3)))),
        "row 4, column 'label' is missing (1 of 40 rows)",
    ),
    "two labels a series": (
        lambda f: train(f, changed(f, "a.csv", lambda t: t.assign(label=t["label"].mask(t.index == 1, "y")), "s.csv")),
        "row 2: a series has one label, got 'y' after 'x'",
    ),
    "no number": (
        lambda f: train(f, changed(f, "a.csv", lambda t: t.assign(a=t["a"].mask(t.index == 5, "wet")), "s.csv")),
        "row 6, column 'a': expected a number, got 'wet'",
    ),
    "missing file": (lambda f: train(f, str(f / "none.csv")), "none.csv: no such file"),
    "pooling": (lambda f: train(f, str(f / "t.csv"), "--pooling", "sum"), "pooling: should be last, mean, max"),
    "pretrained": (
        lambda f: train(f, str(f / "s.csv"), "--pretrained", str(f / "t.csv")),
        "pretrained: expected texts",
    ),
    "column gone at prediction": (
        lambda f: [
            "predict",
            model_of(f),
            changed(f, "a.csv", lambda t: t.drop(columns="text")),
            "-o",
            str(f / "o.csv"),
        ],
        "no column 'text': text has to be one of id, label",
    ),
    "unseen label": (
        lambda f: ["evaluate", model_of(f), changed(f, "a.csv", lambda t: t.assign(label="odd"))],
        "row 1: 'odd' is none of the classes of training, 'bad', 'good'",
    ),
    "output of no kind": (
        lambda f: ["predict", model_of(f), str(f / "t.csv"), "-o", str(f / "o.xls")],
        "o.xls: expected a name that ends in .csv",
    ),
    "a model of another job": (
        lambda f: ["generate", model_of(f)],
        "expected the model of a text-generator, got a sequence-classifier file",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_line_and_leaves_nothing_half_written(folder, refused, case):
    words, message = BAD[case]
    refused(folder, words(folder), message)


def test_several_labels_in_a_cell(tmp_path, capsys):
    rows = [{"text": f"{a} {b}", "label": f"{a}; {b}"} for a in ("red", "blue") for b in ("big", "small")] * 8
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = str(tmp_path / "m.safetensors")
    words = ["train", "classify", str(tmp_path / "t.jsonl"), "-o", model, "--label-separator", ";", *CROSS_VALIDATED]
    assert main(words) == 0
    assert main(["predict", model, str(tmp_path / "t.jsonl"), "-o", str(tmp_path / "p.csv")]) == 0
    assert "p(small)" in (tmp_path / "p.csv").read_text()
    assert main(["evaluate", model, str(tmp_path / "t.jsonl")]) == 0
    assert "small" in capsys.readouterr().out
