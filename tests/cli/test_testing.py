"""`--test` holds out rows, whole series or sentences, or the end of a text, which training never sees."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import elman
from elman.cli import main
from elman.cli.testing import divide
from elman.data.sets import data_set, write_data_set
from elman.data.tables import read_table
from elman.errors import DataError
from elman.models.caption.files import read_captioned
from elman.models.classify.columns import Columns
from elman.models.tag.columns import TagColumns
from elman.models.translate.preprocess import find_columns

TINY = ["--hidden-size", "4", "--epochs", "1"]


def read_classified(model, source):
    items, labels = Columns.found(read_table(source), model).examples(read_table(source))
    return [
        (item if isinstance(item, str) else item.tobytes(), label) for item, label in zip(items, labels, strict=True)
    ]


def read_tagged(model, source):
    return [(tuple(row), tuple(tags)) for row, tags in zip(*TagColumns.named(model).examples(source), strict=True)]


def read_pairs(model, source):
    table = read_table(source)
    return list(zip(*(table.texts(column) for column in find_columns(table, model)), strict=True))


def read_images(model, source):
    found = read_captioned(source, None, None)
    return [(image.tobytes(), text) for image, text in zip(found.images, found.texts, strict=True)]


JOBS = {
    "reviews": (elman.SequenceClassifier, read_classified, "200 of 800 rows"),
    "vowels": (elman.SequenceClassifier, read_classified, "60 of 240 series"),
    "words": (elman.SequenceTagger, read_tagged, "150 of 600 sequences"),
    "pairs": (elman.Translator, read_pairs, "1,000 of 4,000 rows"),
    "digits": (elman.Captioner, read_images, "375 of 1,500 images"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("testing")
    for name in (*JOBS, "zen"):
        write_data_set(data_set(name), place / data_set(name).file)
    return place


@pytest.mark.parametrize("name", JOBS)
def test_both_parts_together_are_the_file_and_have_no_row_in_common(folder, name):
    job, read, size = JOBS[name]
    file = folder / data_set(name).file
    divided = divide(job(), file, Path("0.25"))
    whole, training, test = (Counter(read(job(), part)) for part in (file, divided.training, divided.test))
    assert divided.size == size
    assert training + test == whole
    assert not set(divided.training.rows.tolist()) & set(divided.test.rows.tolist())
    again, other = (divide(job(seed=seed), file, Path("0.25")) for seed in (0, 1))
    assert again.test.rows.tolist() == divided.test.rows.tolist()
    assert other.test.rows.tolist() != divided.test.rows.tolist()


def test_classes_have_their_shares_in_the_test(folder):
    labels = [label for _, label in read_classified(elman.SequenceClassifier(), folder / "reviews.csv")]
    test = divide(elman.SequenceClassifier(), folder / "reviews.csv", Path("0.1")).test
    assert Counter(labels[row] for row in test.rows)["positive"] == pytest.approx(0.1 * labels.count("positive"), abs=1)


def test_nothing_is_learned_from_the_test_and_its_table_is_that_of_evaluate(tmp_path, capsys):
    names = [f"w{row}" for row in range(80)]
    table = pd.DataFrame({"text": [f"{name} is a word" for name in names], "label": ["x", "y"] * 40})
    table.to_csv(tmp_path / "t.csv", index=False)
    words = ["train", "classify", str(tmp_path / "t.csv"), "-o", str(tmp_path / "m.safetensors"), *TINY]
    words += ["--min-count", "1", "--tokens", "words", "--validation-fraction", "0.1"]
    assert main([*words, "--test", "0.25"]) == 0
    said = capsys.readouterr().out
    model = elman.load(tmp_path / "m.safetensors", elman.SequenceClassifier)
    known = {name for name in names if model.preprocessor_.input.vocabulary.encode([name])[0]}
    rows = divide(model, tmp_path / "t.csv", Path("0.25")).test.rows
    asked = {names[row] for row in rows}
    assert len(asked) == 20
    assert not asked & known
    assert len(known) == 54  # of the other 60 a tenth is held out
    head, table_of_test = said.split("\ntest, which training never saw: 20 of 80 rows\n")
    assert "t.csv: 60 rows read" in head
    table.iloc[rows].to_csv(tmp_path / "test.csv", index=False)
    assert main(["evaluate", str(tmp_path / "m.safetensors"), str(tmp_path / "test.csv")]) == 0
    title, evaluated = capsys.readouterr().out.split("\n", 1)
    assert title.endswith("test.csv: 20 sequences")
    assert table_of_test == evaluated


def test_another_file_is_tested_on_as_evaluate_does(folder, tmp_path, capsys):
    words = ["train", "tag", str(folder / "words.conll"), "-o", str(tmp_path / "m.safetensors"), *TINY]
    assert main([*words, "--test", str(folder / "words.conll")]) == 0
    said = capsys.readouterr().out.split("\ntest, which training never saw: ")[1]
    assert main(["evaluate", str(tmp_path / "m.safetensors"), str(folder / "words.conll")]) == 0
    assert said == capsys.readouterr().out


def test_a_row_keeps_its_number_in_messages(tmp_path):
    texts = [f"text {row}" for row in range(40)]
    pd.DataFrame({"source": texts, "target": texts}).to_csv(tmp_path / "t.csv", index=False)
    part = divide(elman.Translator(), tmp_path / "t.csv", Path("0.5")).training
    row = int(part.rows[-1])
    texts[row] = ""
    pd.DataFrame({"source": texts, "target": texts}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match=rf"t\.csv: row {row + 1}, column 'source' is missing"):
        elman.Translator(epochs=1).fit(part)


def test_the_end_of_a_text_is_tested_on(tmp_path, capsys):
    (tmp_path / "t.txt").write_text("to be or not to be. " * 20 + "ZZ" + "to be. " * 14, encoding="utf-8")
    words = ["train", "text", str(tmp_path / "t.txt"), "-o", str(tmp_path / "m.safetensors"), *TINY]
    assert main([*words, "--num-layers", "1", "--batch-size", "2", "--test", "0.2"]) == 0
    said = capsys.readouterr().out
    assert "test, which training never saw: the last 100 of 500 characters\n" in said
    assert "characters that training never saw, left out: 2" in said
    model = elman.load(tmp_path / "m.safetensors", elman.TextGenerator)
    assert "Z" not in model.alphabet_.characters
    loss = model.score("to be. " * 14)
    row = next(line for line in said.split("test, which")[1].splitlines() if line.startswith(model.answer_.name))
    assert float(row.split()[1]) == pytest.approx(loss, abs=5.1e-4)
    assert float(row.split()[2]) == pytest.approx(loss / np.log(2), abs=5.1e-4)


@pytest.mark.parametrize(
    ("share", "message"),
    [
        ("0", "--test: expected a share above 0 and below 1, or a file, got 0"),
        ("1", "--test: expected a share above 0 and below 1, or a file, got 1"),
        ("nan", "--test: expected a share above 0 and below 1, or a file, got nan"),
        ("none.csv", "none.csv: no such file: give a share such as 0.2, or a file"),
        ("0.001", "is 0 of 800 rows: give a larger share, or more data"),
    ],
)
def test_what_is_no_share_is_refused_before_training(folder, refused, share, message):
    refused(
        folder, ["train", "classify", str(folder / "reviews.csv"), "-o", str(folder / "m"), "--test", share], message
    )


@pytest.fixture(scope="module")
def generator(folder):
    path = folder / "zen.safetensors"
    words = ["train", "text", str(folder / "zen.txt"), "-o", str(path), *TINY, "--num-layers", "1"]
    assert main([*words, "--batch-size", "4"]) == 0
    return path


def test_a_generator_is_evaluated_beside_the_losses_of_its_training(folder, generator, capsys):
    assert main(["evaluate", str(generator), str(folder / "zen.txt"), "--picture", str(folder / "z.png")]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{folder / 'zen.txt'}: 85")
    assert "for comparison, the held-out end of the text of training:\n" in said
    assert all(f"\n{name} " in said for name in ("network", "uniform", "unigram", "bigram"))
    assert "no picture: what this model is measured by has none" in said
    assert not (folder / "z.png").exists()


def test_a_generator_scores_every_line(folder, generator, tmp_path, capsys):
    (tmp_path / "t.txt").write_text("Beautiful is better\n\nthan \u2603 ugly.\r\n", encoding="utf-8")
    assert main(["predict", str(generator), str(tmp_path / "t.txt"), "-o", str(tmp_path / "o.jsonl")]) == 0
    assert "3 predictions" in capsys.readouterr().out
    found = pd.read_json(tmp_path / "o.jsonl", lines=True)
    model = elman.load(generator, elman.TextGenerator)
    assert found["line"].tolist() == [1, 2, 3]
    assert found["unknown_characters"].tolist() == [0, 0, 1]
    texts = ["\nBeautiful is better\n", "\n\n", "\nthan  ugly.\n"]
    assert found["nats_per_char"].to_numpy() == pytest.approx([model.score(text) for text in texts], abs=1e-6)


def test_a_model_that_reads_no_file_is_refused(tmp_path, capsys):
    model = elman.WindowMLP(window=2, hidden_size=2, epochs=1).fit(["ab", "ba"] * 20, [0, 1] * 20)
    model.save(tmp_path / "m.safetensors")
    assert main(["evaluate", str(tmp_path / "m.safetensors"), "x.csv"]) == 1
    assert "does not support elman evaluate" in capsys.readouterr().err
