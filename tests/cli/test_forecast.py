"""`elman forecast` through its real entry, and its model in `elman predict` and `elman evaluate`."""

import csv

import numpy as np
import pandas as pd
import pytest
import typer

import elman
from elman.cli import main
from elman.models.forecasting.settings import ForecastSettings

QUICK = ["--horizon", "3", "--season", "4", "--members", "1", "--hidden", "4", "--epochs", "2", "--context", "8"]


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
    assert "sold.csv: 70 values, monthly" in said
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


def test_every_option_means_what_the_library_means():
    from elman.cli.app import app

    (command,) = [c for name, c in typer.main.get_command(app).commands.items() if name == "forecast"]
    shown = {parameter.name: parameter.default for parameter in command.params}
    for name, field in ForecastSettings.model_fields.items():
        if name in shown and name != "covariates":
            assert shown[name] == field.default, name


BAD = {
    "missing column": (["--time", "when"], "no column 'when': time has to be one of month, sold"),
    "levels": (["--levels", "high"], "levels: expected numbers with commas between them"),
    "level": (["--levels", "101"], "levels: expected per cent above 0 and below 100"),
    "horizon": (["--horizon", "300"], "301 origins with horizon 300 hold out 600 of its 70 values"),
    "fill": (["--fill", "mean"], "fill: should be forward, zero or interpolate"),
    "covariate": (["--covariates", "rain"], "no column 'rain'"),
    "series": (["--series", "shop"], "no column 'shop'"),
    "origins": (["--origins", "-1"], "origins: expected 1 or more, came -1"),
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
    assert "gaps: 2 stamps are missing, the first 2003-07-01 (monthly): give fill (--fill)" in capsys.readouterr().err
    assert main([*words, "--fill", "interpolate"]) == 0
    assert "2 filled in" in capsys.readouterr().out
