"""`elman search` searches the options that a job declares, trains with the best, and says each mistake in one line."""

import re

import pytest

import elman
from elman.cli import main

WORDS = "--trials 2 --workers 1 --search learning-rate".split()  # noqa: SIM905 -- as it is typed
SMALL = "--hidden-size 4 --embedding-dim 4 --epochs 1".split()  # noqa: SIM905


@pytest.fixture
def files(tmp_path, monkeypatch, one_thread):
    monkeypatch.chdir(tmp_path)
    rows = [("one two" * (n % 3), "ab"[n % 2]) for n in range(60)]
    (tmp_path / "t.csv").write_text("text,label\n" + "".join(f"x {text},{label}\n" for text, label in rows))
    return tmp_path


def search(*more, job="classify", file="t.csv"):
    return main(["search", job, file, "--storage", "study.log", *WORDS, *more])


def test_the_best_options_train_the_model(files, capsys):
    assert search(*SMALL, "--validation-fraction", "0.2", "-o", "m.safetensors") == 0
    said = capsys.readouterr().out
    losses = {float(loss): float(rate) for loss, rate in re.findall(r"trial \d: (\S+) nats.*learning_rate (\S+)", said)}
    model = elman.load("m.safetensors")
    assert model.learning_rate == pytest.approx(losses[min(losses)], rel=0.01)
    assert (model.hidden_size, model.epochs) == (4, 1)
    assert model.progress_.best == pytest.approx(min(losses), abs=0.001)
    assert {path.name for path in (files / "study.plots").iterdir()} == {"history.png", "options.png", "importance.png"}
    assert search(*SMALL, "--validation-fraction", "0.2", "-o", "m.safetensors") == 0  # nothing is left to do
    assert "answers with" in capsys.readouterr().out


def test_without_a_model_the_command_that_trains_it_is_printed(files, capsys):
    assert search(*SMALL, "--forward-only") == 0
    line = capsys.readouterr().out.splitlines()[-1]
    words = "--hidden-size 4 --epochs 1 --embedding-dim 4 --forward-only --learning-rate 0.0"
    assert f"train classify t.csv {words}" in line
    assert line.endswith(" -o MODEL")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--learning-rate", "0.1"], "--search: learning-rate has a value in this command as well: leave one of them"),
        (["--search", "seed"], "'seed': an option that cannot be searched: choose from pooling, "),
        (["--search", ","], "search: expected an option to search, got none"),
        (["--trials", "0"], "trials: expected 1 or more, got 0"),
        (["--workers", "0"], "workers: expected 1 or more, got 0"),
        (["--validation-fraction", "0"], "validation_fraction: a search compares held-out losses"),
        (["--storage", "t.csv"], "this file is an input of this command as well"),
        (["--storage", "."], "a folder is there, not a file"),
        (["--hidden-size", "0"], "hidden_size: should be greater than or equal to 1, got 0"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_file(files, refused, more, said):
    refused(files, ["search", "classify", "t.csv", "--storage", "study.log", *WORDS, *more], said)
    assert not (files / "study.log").exists()


def test_a_study_of_another_job_is_refused(files, refused):
    assert search(*SMALL) == 0
    (files / "n.csv").write_text("x,label\n" + "1,a\n2,b\n" * 20)
    words = ["search", "vectors", "n.csv", "--storage", "study.log", *WORDS]
    refused(files, words, "study.log: a search of another job: expected feed-forward, got sequence-classifier: choose")
    refused(files, ["search", "classify", "t.csv", "--storage", "study.log", *WORDS], "hidden_size: expected None, got")


@pytest.mark.parametrize("job", ["text", "classify", "translate", "caption", "tag", "vectors", "forecast"])
def test_help_names_the_ranges(job, capsys):
    assert main(["search", job, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split()).replace("- ", "-")  # a line may end at a hyphen
    assert "hidden-size (16 to 256)" in said


def test_a_forecast_is_searched_and_made(files, capsys):
    (files / "s.csv").write_text("t,y\n" + "".join(f"{n},{n % 5 + n / 50}\n" for n in range(60)))
    more = ["--horizon", "2", "--time", "t", "--hidden-size", "4", "--epochs", "1", "--members", "1", "--origins", "0"]
    assert search(*more, "-o", "f.safetensors", job="forecast", file="s.csv") == 0
    assert "forecast: f.forecast.csv" in capsys.readouterr().out
