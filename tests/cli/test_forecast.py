"""`elman forecast` through its real entry, and its model in `elman predict` and `elman evaluate`."""

import csv
import re

import numpy as np
import pandas as pd
import pytest

import elman
from elman.cli import main

QUICK = ["--horizon", "3", "--season", "4", "--members", "1", "--hidden-size", "4", "--epochs", "2", "--context", "8"]


def monthly(rows, seed=0):
    noise = np.random.default_rng(seed).normal(size=200)[:rows]
    stamps = pd.date_range("2001-01-01", periods=rows, freq="MS").strftime("%Y-%m-%d")
    return pd.DataFrame({"month": stamps, "sold": 20 + np.tile([1.0, 5, 2, 8], 60)[:rows] + noise})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a series, a longer one, and a model of the first."""
    place = tmp_path_factory.mktemp("forecast")
    monthly(70).to_csv(place / "sold.csv", index=False)
    monthly(80).to_csv(place / "later.csv", index=False)
    words = ["--time", "month", "--value", "sold", "--levels", "80,95", "-o", str(place / "m.safetensors"), *QUICK]
    assert main(["forecast", str(place / "sold.csv"), *words]) == 0
    return place


def cells(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_prints_the_table_and_leaves_model_forecast_and_picture(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    assert main(["forecast", "sold.csv", "--time", "month", "--value", "sold", *QUICK]) == 0
    said = capsys.readouterr().out
    assert "sold.csv: 70 rows, 1 series of 70 values, monthly from 2001-01-01 to 2006-10-01" in said
    assert "backtest: sold.csv: 4 origins from 2006-05-01 on, 3 steps ahead" in said
    for method in ("Elman", "last value", "drift", "seasonal naive", "seasonal mean", "within 95 %"):
        assert method in said
    made = {"sold.safetensors", "sold.forecast.csv", "sold.forecast.png", "sold.loss.png", "sold.metrics.jsonl"}
    assert made < {path.name for path in (folder / "runs").iterdir()}
    rows = cells(folder / "runs" / "sold.forecast.csv")
    assert [row["ds"] for row in rows] == ["2006-11-01", "2006-12-01", "2007-01-01"]
    assert float(rows[0]["lo-95"]) < float(rows[0]["y"]) < float(rows[0]["hi-95"])


def test_the_model_goes_on_from_a_newer_file(folder, capsys):
    out = folder / "next.csv"
    assert main(["predict", str(folder / "m.safetensors"), str(folder / "later.csv"), "-o", str(out)]) == 0
    rows = cells(out)
    assert [row["ds"] for row in rows] == ["2007-09-01", "2007-10-01", "2007-11-01"]
    want = elman.load(folder / "m.safetensors").predict(X=folder / "later.csv")
    np.testing.assert_allclose([float(row["y"]) for row in rows], want["y"])


def test_the_model_is_measured_on_what_it_has_not_seen(folder, capsys):
    picture = folder / "measured.png"
    words = ["evaluate", str(folder / "m.safetensors"), str(folder / "later.csv"), "--picture", str(picture)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "8 origins from 2006-11-01 on, 3 steps ahead" in said
    assert "seasonal naive" in said
    assert picture.stat().st_size > 1000


BAD = {
    "missing column": (["--time", "when"], "no column 'when': time has to be one of month, sold"),
    "levels": (["--levels", "high"], "levels: expected numbers with commas between them"),
    "level": (["--levels", "101"], "levels: expected per cent above 0 and below 100"),
    "horizon": (["--horizon", "300"], "1 origin with horizon 300 hold out 300 of its 70 values"),
    "fill": (["--fill", "mean"], "fill: should be forward, zero or interpolate"),
    "covariate": (["--covariates", "rain"], "no column 'rain'"),
    "series": (["--series", "shop"], "no column 'shop'"),
    "origins": (["--origins", "-1"], "origins: expected 1 or more, got -1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_line_and_leaves_nothing(folder, capsys, case, tmp_path):
    words, message = BAD[case]
    columns = ["--time", "month", "--value", "sold"]
    start = ["forecast", str(folder / "sold.csv"), *columns, *QUICK, "-o", str(tmp_path / "m.safetensors")]
    assert main([*start, *words]) == 1
    error = capsys.readouterr().err
    assert error.startswith("elman: ")
    assert error.count("\n") == 1
    assert message in error
    assert not list(tmp_path.glob("m.safetensors"))


def test_a_gap_is_named_and_filled_on_request(folder, capsys, tmp_path):
    monthly(70).drop(index=[30, 31]).to_csv(tmp_path / "gap.csv", index=False)
    words = ["forecast", str(tmp_path / "gap.csv"), "--time", "month", "--value", "sold", *QUICK, "--origins", "0"]
    words += ["-o", str(tmp_path / "m.safetensors")]
    assert main(words) == 1
    assert "gaps: 2 stamps are missing, the first 2003-07-01 (monthly), the longest gap" in capsys.readouterr().err
    assert main([*words, "--fill", "interpolate"]) == 0
    assert "2 filled in" in capsys.readouterr().out


def run(folder, stamps, values, *words):
    pd.DataFrame({"ds": stamps, "y": values}).to_csv(folder / "t.csv", index=False)
    start = ["forecast", str(folder / "t.csv"), "-o", str(folder / "m.safetensors"), "--origins", "0", "--overwrite"]
    return main([*start, "--horizon", "3", "--members", "1", "--hidden-size", "4", "--epochs", "1", *words])


def test_small_numbers_are_printed_and_counts_are_not_forecast_below_zero(tmp_path, capsys):
    days = pd.date_range("2022-01-01", periods=60).strftime("%Y%m%d")
    assert run(tmp_path, days, np.linspace(3e-6, 4e-6, 60)) == 0
    said = capsys.readouterr().out
    assert "stamps read as YYYYMMDD" in said
    assert "0.0000" not in said
    assert re.search(r" [34]\.\d{4}e-06  ", said)
    assert [row["ds"] for row in cells(tmp_path / "m.forecast.csv")] == ["2022-03-02", "2022-03-03", "2022-03-04"]
    counts = np.random.default_rng(0).poisson(0.3, 60)
    assert run(tmp_path, days, counts) == 0
    assert all(float(row[name]) >= 0 for row in cells(tmp_path / "m.forecast.csv") for name in ("y", "lo-95"))
    assert "1 not forecast below 0" in capsys.readouterr().out
    assert run(tmp_path, days, counts, "--any-sign") == 0
    assert min(float(row["lo-95"]) for row in cells(tmp_path / "m.forecast.csv")) < 0


def test_large_numbers_do_not_fill_the_screen(tmp_path, capsys):
    assert run(tmp_path, range(60), np.linspace(1e36, 2e36, 60)) == 0
    numbers = [line for line in capsys.readouterr().out.splitlines() if "e+36" in line]
    assert len(numbers) > 2
    assert max(map(len, numbers)) < 80


@pytest.mark.parametrize("years", [range(9940, 10000), range(1, 41)])
def test_a_picture_that_cannot_be_drawn_is_left_out_and_the_run_ends_well(tmp_path, capsys, years):
    assert run(tmp_path, [f"{year:04}-01-01" for year in years], np.arange(float(len(years)))) == 0
    assert "picture: left out (times: expected dates well within the years 1 to 9999" in capsys.readouterr().out
    assert {"m.safetensors", "m.forecast.csv"} <= {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("failure", [OverflowError, RuntimeError, MemoryError, KeyError, ZeroDivisionError])
def test_whatever_the_picture_raises_the_rest_is_left(tmp_path, capsys, monkeypatch, failure):
    def fail(*_):
        raise failure("too\nmuch")

    monkeypatch.setattr("elman.models.forecast.report.draw", fail)
    assert run(tmp_path, range(60), np.arange(60.0)) == 0
    out = capsys.readouterr().out
    assert "picture: left out (" in out
    assert (tmp_path / "m.forecast.csv").exists()


def test_a_picture_that_was_asked_for_gets_one_line(tmp_path, capsys):
    years = [f"{year}-01-01" for year in range(9950, 10000)]
    assert run(tmp_path, years[:-6], np.arange(44.0)) == 0
    pd.DataFrame({"ds": years, "y": np.arange(50.0)}).to_csv(tmp_path / "later.csv", index=False)
    words = ["evaluate", str(tmp_path / "m.safetensors"), str(tmp_path / "later.csv")]
    capsys.readouterr()
    assert main([*words, "--picture", str(tmp_path / "p.png")]) == 1
    assert capsys.readouterr().err.startswith("elman: times: expected dates well within the years 1 to 9999")
