"""A tagger on files: what it reads, what it writes, what it reports, and the commands that do so."""

import json

import numpy as np
import pandas as pd
import pytest

import elman
from elman.cli import main
from elman.errors import DataError
from elman.models.estimator.reports import OnFiles
from elman.models.tag.report import MeasuredTags

TINY = {"hidden_size": 8, "embedding_dim": 4, "epochs": 1, "batch_size": 8, "answer": "network"}
WORDS = ["the cat sat", "a dog ran", "the dog sat", "a cat", "ran"] * 8
TAGS = ["D N V", "D N V", "D N V", "D N", "V"] * 8
SPLIT = [text.split() for text in WORDS], [text.split() for text in TAGS]


def lines(rows, tags):
    return "\n\n".join("\n".join(map(" x ".join, zip(*pair, strict=True))) for pair in zip(rows, tags, strict=True))


@pytest.fixture
def files(tmp_path):
    """The same examples in every kind of file."""
    frame = pd.DataFrame({"source": WORDS, "target": TAGS})
    lists = pd.DataFrame({"tokens": SPLIT[0], "tags": SPLIT[1]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "a.parquet")
    lists.to_parquet(tmp_path / "lists.parquet")
    lists.to_json(tmp_path / "lists.jsonl", orient="records", lines=True)
    (tmp_path / "a.conll").write_text(lines(*SPLIT))
    return tmp_path


@pytest.fixture(scope="module")
def model():
    return elman.SequenceTagger(**TINY | {"epochs": 15, "answer": "best"}).fit(WORDS, TAGS)


@pytest.fixture(scope="module")
def probabilities():
    """Of the first text, by a model that no file was read for."""
    return elman.SequenceTagger(**TINY).fit(WORDS, TAGS).predict_proba(WORDS[:1])[0]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet", "lists.parquet", "lists.jsonl", "a.conll"])
def test_every_file_says_the_same(files, name, probabilities):
    (first,) = (piece for piece in elman.SequenceTagger().read(files / name))
    rows = [row.split() if isinstance(row, str) else list(row) for row in first.rows]
    assert rows == SPLIT[0]
    assert first.numbers == list(range(1, 41))
    fitted = elman.SequenceTagger(**TINY).fit(files / name)
    assert fitted.predict_proba(WORDS[:1])[0].tobytes() == probabilities.tobytes()
    assert fitted.report(files / name).grids == fitted.report(str(files / name)).grids


def test_columns_may_be_named(files):
    frame = pd.read_csv(files / "a.csv").rename(columns={"source": "x", "target": "y"})
    assert elman.SequenceTagger(**TINY, source="x", target="y").fit(frame).classes_ == ["D", "N", "V"]
    with pytest.raises(DataError, match="no column 'z': source has to be one of x, y"):
        elman.SequenceTagger(**TINY, source="z", target="y").fit(frame)
    with pytest.raises(DataError, match=r"which column is the source.*x, y"):
        elman.SequenceTagger(**TINY).fit(frame)
    swapped = elman.SequenceTagger(**TINY, token=3, tag=1).fit(files / "a.conll")
    assert swapped.classes_ == sorted({token for row in SPLIT[0] for token in row})


def test_it_is_a_model_on_files(model, files):
    assert isinstance(model, OnFiles)
    (piece,) = model.read(files / "a.conll")
    found = model.rows(piece)
    assert found == {"row": piece.numbers, "source": WORDS, "tags": [" ".join(tags) for tags in model.predict(WORDS)]}


def test_the_report_is_right_by_hand():
    wanted, found = [["A", "A", "B"], ["B"]], [["A", "B", "B"], ["B"]]
    unknown = [np.array([False, True, False]), np.array([True])]
    measured = MeasuredTags(wanted, {"counts": [["A", "A", "A"], ["C"]], "network": found}, 0, unknown)
    counted, network = measured.summary().rows
    assert counted[1:] == [0.5, 0.5, 0.0, pytest.approx((4 / 5 + 0) / 2)]
    assert network[1:] == [0.75, 0.5, 0.5, pytest.approx((2 / 3 + 4 / 5) / 2)]
    rows = measured.by_tag().rows
    assert rows[0] == ["A", 1.0, 0.5, pytest.approx(2 / 3), pytest.approx(4 / 5), 2]
    assert rows[1] == ["B", pytest.approx(2 / 3), 1.0, pytest.approx(4 / 5), 0.0, 2]
    assert measured.confusion().tolist() == [[1, 1], [0, 2]]


def test_a_tag_that_training_never_saw_counts_as_wrong_and_is_noted(model):
    frame = pd.DataFrame({"source": ["the cat", "a dog"], "target": ["D N", "D Q"]})
    report = model.report(frame)
    assert report.title == "table: 2 sequences, 4 steps"
    assert report.grids[0].rows[1][1:3] == [0.75, 0.5]
    assert report.notes == ["tags that training never saw, which count as wrong: 1 of 4 steps"]
    assert ["Q", 0.0, 0.0, 0.0, 0.0, 1] in report.grids[1].rows
    with pytest.raises(DataError, match="no tag was in training, such as 'cat'"):
        model.report(frame.assign(target=["cat cat", "cat cat"]))


def test_commands(model, files, capsys):
    model.save(files / "m.safetensors")
    assert main(["predict", str(files / "m.safetensors"), str(files / "a.conll"), "-o", str(files / "o.jsonl")]) == 0
    written = [json.loads(line) for line in (files / "o.jsonl").read_text().splitlines()]
    assert [row["tags"].split() for row in written] == model.predict(WORDS)
    picture = files / "p.png"
    assert main(["evaluate", str(files / "m.safetensors"), str(files / "a.csv"), "--picture", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    said = capsys.readouterr().out
    for part in ("a.csv: 40 sequences, 96 steps", "most frequent tag of the token", "F1 by counts"):
        assert part in said


def test_a_bad_row_is_named_by_its_number_in_the_file(model, files, capsys, monkeypatch):
    monkeypatch.setattr("elman.models.tag.columns.PIECE", 3)
    assert len(list(model.read(files / "a.conll"))) == 14
    monkeypatch.setattr("elman.data.table_files.CHUNK", 3)
    pd.DataFrame({"source": [*WORDS, " "], "more": 1}).to_csv(files / "b.csv", index=False)
    model.save(files / "m.safetensors")
    assert main(["predict", str(files / "m.safetensors"), str(files / "b.csv"), "-o", str(files / "o.csv")]) == 1
    assert "row 41: the sequence is empty" in capsys.readouterr().err
    assert not (files / "o.csv").exists()
    pd.DataFrame({"source": ["the cat"], "target": ["D"]}).to_csv(files / "c.csv", index=False)
    assert main(["evaluate", str(files / "m.safetensors"), str(files / "c.csv")]) == 1
    assert "row 1: 2 steps, but 1 tags" in capsys.readouterr().err


NUMBERS = ["3-2", "2.5", "1808-1895", "won", "#1", "4.1", "10-12"]
NUMBER_TAGS = ["SCORE", "NUM", "YEARS", "VERB", "RANK", "NUM", "SCORE"]


def columns(rows, tags, header="", last=""):
    sequences = zip(rows, tags, strict=True)
    lines = ("".join(f"{token}\t{tag}{last}\n" for token, tag in zip(*pair, strict=True)) for pair in sequences)
    return header + "\n".join(lines)


@pytest.mark.usefixtures("without_pictures")
def test_no_token_is_lost_from_training_to_the_written_file(tmp_path, capsys):
    """Tokens such as 3-2 and 2.5 between tabs are tokens, and what is predicted lines up with them."""
    rows = [[*NUMBERS[k % 7 :], *NUMBERS[: k % 7]] for k in range(20)]
    tags = [[*NUMBER_TAGS[k % 7 :], *NUMBER_TAGS[: k % 7]] for k in range(20)]
    (tmp_path / "a.conll").write_text(columns(rows, tags))
    (tmp_path / "a.tsv").write_text(columns(rows, tags, "word\tpos\n"))
    (tmp_path / "plain.tsv").write_text(columns(rows, tags))
    for name, token, tag in (("a.conll", "1", "2"), ("a.tsv", "word", "pos"), ("plain.tsv", "1", "2")):
        model = tmp_path / f"{name}.safetensors"
        words = [
            "--hidden-size",
            "8",
            "--embedding-dim",
            "8",
            "--epochs",
            "12",
            "--batch-size",
            "4",
            "--answer",
            "network",
            "--learning-rate",
            "0.04",
        ]
        words += ["--validation-fraction", "0", "--token", token, "--tag", tag]
        assert main(["train", "tag", str(tmp_path / name), "-o", str(model), *words]) == 0
        assert f"{name}: 20 sequences, 140 tags read" in capsys.readouterr().out
        assert main(["predict", str(model), str(tmp_path / name), "-o", str(tmp_path / "out.conll")]) == 0
        assert "20 predictions" in capsys.readouterr().out
        # Learned well enough to give the tags back: same lines, same columns.
        assert (tmp_path / "out.conll").read_text() == (tmp_path / name).read_text() + "\n"


def test_what_is_written_is_read_again(model, files):
    """Comments, and the words of CoNLL-U that are made of others, stay where they are."""
    tagger = elman.SequenceTagger(**model.get_params() | {"token": 2, "tag": 4, "epochs": 1})
    rest = "\t_" * 6
    tokens = "".join(
        f"{at}\t{word}\t_\t{tag}{rest}\n" for at, (word, tag) in enumerate(zip("ab", "XY", strict=True), 1)
    )
    text = f"# one\n1-2\tab\t_\t_{rest}\n{tokens}2.1\tc\t_\t_{rest}\n\n{tokens}\n"
    (files / "a.conllu").write_text(text)
    tagger.fit(files / "a.conllu")
    assert tagger.classes_ == ["X", "Y"]
    tagger.save(files / "u.safetensors")
    assert main(["predict", str(files / "u.safetensors"), str(files / "a.conllu"), "-o", str(files / "o.conllu")]) == 0
    written = (files / "o.conllu").read_text()
    assert [line.split("\t")[:3] for line in written.splitlines()] == [
        line.split("\t")[:3] for line in text.splitlines()
    ]
    assert len(list(tagger.lines(files / "o.conllu"))) == 2


def test_lines_are_written_from_lines_alone(model, files, capsys):
    model.save(files / "m.safetensors")
    assert main(["predict", str(files / "m.safetensors"), str(files / "a.csv"), "-o", str(files / "o.conll")]) == 1
    assert "output: a table is written as a table: give a .csv, .tsv, .jsonl or .parquet" in capsys.readouterr().err
    assert not (files / "o.conll").exists()
    with pytest.raises(DataError, match="a table, but token='word' names a column of a file with one token a line"):
        elman.SequenceTagger(token="word").fit(files / "a.csv")


def test_a_tsv_file_is_a_table_unless_its_columns_are_named(files):
    (first,) = elman.SequenceTagger().read(files / "a.tsv")
    assert first.rows == WORDS
    (files / "lines.tsv").write_text("word\tpos\nthe\tD\ncat\tN\n\nran\tV\n")
    (first,) = elman.SequenceTagger(token="word", tag="pos").read(files / "lines.tsv")
    assert first.rows == [["the", "cat"], ["ran"]]
