"""The small data sets are the same everywhere, hold what they say, and keep unseen rows apart."""

import hashlib
import io
import json
from datetime import date

import numpy as np
import pytest

from elman.data.sets import DataSet, data_set, data_sets, write_data_set
from elman.data.sets.texts import in_words, plural
from elman.data.table_files import read_chunks
from elman.errors import InputError

SETS = data_sets()
SPLIT = [one for one in SETS.values() if one.splits]
SAME = {  # of those that are made by rules: the first digits of a SHA-256
    "airline": "4e0bc6c81038",
    "pairs": "0a1ad449ced6",
    "promoters": "2fdb41f7f77b",
    "reviews": "b62f12045433",
    "vowels": "b9f6cc42da7c",
    "words": "a4b2e3b3f1d3",
}


def rows(one: DataSet, unseen: bool = False) -> list[object]:
    content = one.content(unseen)
    if isinstance(content, str):
        return content.split("\n\n")[:-1]
    return list(zip(*(np.asarray(values).tolist() for values in content.values()), strict=True))


@pytest.mark.parametrize("name", SAME)
def test_made_rows_are_the_same_everywhere(name):
    parts = [SETS[name].content(), *([SETS[name].content(unseen=True)] if SETS[name].splits else [])]
    assert hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12] == SAME[name]


@pytest.mark.parametrize("one", SPLIT, ids=lambda one: one.name)
def test_unseen_rows_are_others(one):
    known, unseen = rows(one), rows(one, unseen=True)
    assert len(unseen) >= 100
    if one.name == "vowels":
        known, unseen = [row[3:] for row in known], [row[3:] for row in unseen]
    seen = {json.dumps(row) for row in known}
    assert not any(json.dumps(row) in seen for row in unseen)


def test_the_airline_has_its_years():
    content = SETS["airline"].content()
    assert (content["month"][0], content["month"][-1]) == ("1949-01-01", "1960-12-01")
    assert (len(content["passengers"]), sum(content["passengers"]), max(content["passengers"])) == (144, 40363, 622)


def test_pairs_follow_their_rules():
    for source, target in rows(SETS["pairs"]):
        if target.count("-") == 2 and target[0].isdigit():
            day = date.fromisoformat(target)
            assert str(day.year) in source
            assert f"{day:%B}" in source
    assert [in_words(n) for n in (0, 19, 20, 42, 100, 101, 999)] == [
        "zero",
        "nineteen",
        "twenty",
        "forty-two",
        "one hundred",
        "one hundred and one",
        "nine hundred and ninety-nine",
    ]
    assert [plural(noun) for noun in ("city", "boy", "box", "glass", "match", "wish", "dog")] == [
        "cities",
        "boys",
        "boxes",
        "glasses",
        "matches",
        "wishes",
        "dogs",
    ]


def test_digits_are_images_with_names():
    content = SETS["digits"].content()
    assert (content["images"].shape, content["images"].dtype) == ((1500, 8, 8), np.uint8)
    assert content["images"].max() == 255
    assert {"zero", "three", "nine"} < set(content["captions"].tolist())


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_a_table_is_written_as_any_kind(ending, tmp_path):
    path = tmp_path / f"new/reviews.{ending}"
    assert write_data_set(SETS["reviews"], path) == 800
    (chunk,) = read_chunks(path)
    assert (list(chunk.frame.columns), len(chunk.frame)) == (["text", "label"], 800)


def test_the_same_file_is_written_every_time(tmp_path):
    for one in SETS.values():
        first, second = tmp_path / f"1{one.file}", tmp_path / f"2{one.file}"
        write_data_set(one, first)
        write_data_set(one, second)
        assert first.read_bytes() == second.read_bytes(), one.name
    assert set(np.load(io.BytesIO((tmp_path / "1digits.npz").read_bytes())).files) == {"images", "captions"}


def test_a_file_that_is_there_stays(tmp_path):
    path = tmp_path / "zen.txt"
    path.write_text("mine")
    with pytest.raises(InputError, match=r"there is a file already: choose another name with -o, or add --overwrite"):
        write_data_set(SETS["zen"], path)
    assert path.read_text() == "mine"
    write_data_set(SETS["zen"], path, overwrite=True)
    assert path.read_text().startswith("The Zen of Python")


@pytest.mark.parametrize(
    ("name", "file"), [("zen", "zen.csv"), ("pairs", "pairs.xlsx"), ("digits", "d"), ("words", "w.txt")]
)
def test_another_ending_is_refused(name, file, tmp_path):
    with pytest.raises(InputError, match=r"expected a name that ends in \."):
        write_data_set(SETS[name], tmp_path / file)
    assert list(tmp_path.iterdir()) == []


def test_what_there_is_not_is_refused():
    with pytest.raises(InputError, match=r"expected one of airline, .*, got 'nothing'"):
        data_set("nothing")
    with pytest.raises(InputError, match="zen: expected a data set with rows apart"):
        SETS["zen"].content(unseen=True)
