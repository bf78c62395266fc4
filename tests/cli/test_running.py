"""A training says how it ended, how large the held-out part was, and what to do next."""

import pytest

import elman
from elman.cli import main
from elman.cli.running import ending
from elman.data.sets import data_set, write_data_set
from elman.train import Counters


def ended(progress, **options):
    model = elman.SequenceTagger(**options)
    model.progress_, model.chosen_ = Counters(**progress), {}
    return ending(model)


BEST_LAST = {"step": 40, "best": 1.0, "best_step": 40}


@pytest.mark.parametrize(
    ("progress", "options", "said"),
    [
        (BEST_LAST, {"epochs": 5}, "still improving at the end: train longer, such as with --resume --epochs 10"),
        (BEST_LAST, {}, f"--resume --epochs {2 * elman.SequenceTagger.options.usual_epochs}"),
        (BEST_LAST, {"minutes": 1.5}, "--resume --minutes 3"),
        (BEST_LAST, {"epochs": 5, "schedule": "cosine"}, "--overwrite --epochs 10"),
        (
            {"step": 40, "best": 1.0, "best_step": 20, "worse": 3},
            {"patience": 3},
            "stopped early: no better held-out loss in 3 evaluations (--patience)",
        ),
        ({"step": 40, "best": 1.0, "best_step": 20, "worse": 1}, {"patience": 1}, "in 1 evaluation (--patience)"),
        ({"step": 40, "best": 1.0, "best_step": 20, "worse": 3}, {}, ""),
        ({"step": 40}, {}, ""),
    ],
)
def test_the_end_of_a_training(progress, options, said):
    assert ended(progress, **options).endswith(said)
    assert bool(ended(progress, **options)) == bool(said)


def test_the_advice_at_the_end_is_a_command_that_goes_on(tmp_path, capsys):
    write_data_set(data_set("reviews"), tmp_path / "reviews.csv")
    words = ["train", "classify", str(tmp_path / "reviews.csv"), "-o", str(tmp_path / "m"), "--hidden-size", "4"]
    assert main([*words, "--epochs", "1", "--no-ngrams"]) == 0
    said = capsys.readouterr().out
    assert "held out, 80 of 800 sequences, where the best weights were chosen:" in said
    assert "nats/sequence on 80 of 800 sequences, after step 16" in said
    assert "such as with --resume --epochs 2" in said
    assert "chosen for 800 rows: batch_size 45" in said
    accuracy = next(line for line in said.splitlines() if line.startswith("network")).split()[1]
    assert len(accuracy) == len("0.512")
    assert main([*words, "--no-ngrams", "--resume", "--epochs", "2"]) == 0
    assert "going on after step 16" in capsys.readouterr().out


def test_the_class_table_says_whose_predictions_it_shows(tmp_path, capsys):
    write_data_set(data_set("reviews"), tmp_path / "reviews.csv")
    path = str(tmp_path / "m.safetensors")
    assert main(["train", "classify", str(tmp_path / "reviews.csv"), "-o", path, "--epochs", "1"]) == 0
    assert main(["evaluate", path, str(tmp_path / "reviews.csv")]) == 0
    said = capsys.readouterr().out
    assert "\npredictions of " in said
    assert said.index("predictions of ") < said.index("precision")


@pytest.mark.parametrize("origins", [["--origins", "2"], []])
def test_minutes_are_for_both_trainings_of_a_forecast(tmp_path, capsys, monkeypatch, origins):
    write_data_set(data_set("airline"), tmp_path / "airline.csv")
    given = []

    def learn(self, run, data, begin, options=None):
        given.append(self.minutes)
        return self._learn_before(run, data, begin, options)

    monkeypatch.setattr(elman.Forecaster, "_learn_before", elman.Forecaster._learn, raising=False)
    monkeypatch.setattr(elman.Forecaster, "_learn", learn)
    words = [*data_set("airline").job_on(tmp_path / "airline.csv"), "-o", str(tmp_path / "m.safetensors"), *origins]
    assert main([*map(str, words), "--minutes", "0.01", "--members", "1"]) == 0
    assert sum(given) <= 0.01 * 1.25
    assert len(given) == 2
