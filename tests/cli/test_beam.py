"""`elman predict --beam` and `--length-penalty` search as `predict` of the library does, and leave the model alone."""

import pandas as pd
import pytest

import elman
from elman.cli import main

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
SOURCES = [f"{a} and {b}" for a in NUMBERS for b in NUMBERS]
TARGETS = [f"{b}, {a}" for a in NUMBERS for b in NUMBERS]
OPTIONS = {"hidden_size": 12, "embedding_dim": 8, "epochs": 4, "batch_size": 8, "learning_rate": 0.02}
OPTIONS |= {"beam": 4, "length_penalty": 2.0, "answer": "network"}
OPTIONS |= {"source_tokens": "words", "target_tokens": "characters", "copying": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A translator that is trained so little that its searches find different texts, and sources."""
    place = tmp_path_factory.mktemp("beam")
    table = pd.DataFrame({"source": SOURCES, "target": TARGETS})
    elman.Translator(**OPTIONS).fit(table).save(place / "m.safetensors")
    table[["source"]].to_csv(place / "s.csv", index=False)
    return place


def predicted(folder, out, *more):
    assert main(["predict", str(folder / "m.safetensors"), str(folder / "s.csv"), "-o", str(out), *more]) == 0
    return pd.read_csv(out, keep_default_na=False)["target"].tolist()


@pytest.mark.parametrize(
    ("more", "search"),
    [
        ([], {}),
        (["--beam", "1"], {"beam": 1}),
        (["--length-penalty", "0"], {"length_penalty": 0.0}),
        (["--beam", "2", "--length-penalty", "0"], {"beam": 2, "length_penalty": 0.0}),
    ],
)
def test_a_search_of_the_command_is_the_librarys(folder, tmp_path, more, search):
    model = elman.load(folder / "m.safetensors", elman.Translator)
    before = (folder / "m.safetensors").read_bytes()
    got = predicted(folder, tmp_path / "p.csv", *more)
    assert got == model.set_params(**search).predict(SOURCES)
    usual = elman.load(folder / "m.safetensors", elman.Translator).predict(SOURCES)
    assert (got != usual) == bool(search), "another search of this model finds other texts"
    assert (folder / "m.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--beam", "0"], "beam: should be greater than or equal to 1, got 0"),
        (["--length-penalty=-1"], "length_penalty: should be greater than or equal to 0, got -1"),
    ],
)
def test_a_search_out_of_range_is_one_line(folder, refused, more, message):
    words = ["predict", str(folder / "m.safetensors"), str(folder / "s.csv"), "-o", str(folder / "p.csv"), *more]
    refused(folder, words, message)


def test_a_model_that_writes_no_texts_searches_for_none(folder, refused, tmp_path):
    elman.FeedForward(epochs=1).fit([[0.0], [1.0]] * 10, [0, 1] * 10).save(tmp_path / "v.safetensors")
    words = ["predict", str(tmp_path / "v.safetensors"), str(folder / "s.csv"), "-o", str(folder / "p.csv")]
    refused(folder, [*words, "--beam", "2"], "beam: only a translator or a captioner searches for texts")
