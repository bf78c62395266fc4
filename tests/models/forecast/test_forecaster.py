"""The forecaster: nothing after an origin is read, intervals hold what they promise, files and resuming are exact."""

import copy
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone
from tests.tolerance import assert_close

import elman
from elman.data.series_table import read_panel
from elman.errors import DataError, InputError, ModelFileError
from elman.models.forecast.network import forecast_changes
from elman.models.forecast.windows import Windows
from elman.ops.dispatch import use_backend
from elman.train import Callback, Interrupted, RunFiles

QUICK = {"horizon": 3, "season": 4, "context": 8, "members": 2, "hidden_size": 8, "epochs": 2}
QUICK |= {"target_transform": "none"}  # half the simple methods; of positive series their logarithms are read too


def wavy(length=80, seed=0, start="2020-01-01", name="a"):
    """A season of 4 with noise, and a covariate that says something about the next step."""
    random = np.random.default_rng(seed)
    push = random.normal(size=length + 1)
    y = 10 + np.tile([0.0, 3, 1, -2], length)[:length] + push[:-1]
    stamps = pd.date_range(start, periods=length, freq="D")
    return pd.DataFrame({"unique_id": name, "ds": stamps, "y": y, "push": push[1:]})


@pytest.fixture(scope="module")
def fitted():
    return elman.Forecaster(**QUICK, covariates=("push",)).fit(wavy())


def forecasts_at(model, frame, cut):
    """What is forecast at the origin `cut`, with whatever `frame` has after it."""
    panel = read_panel(frame, covariates=["push"])
    found = model.evaluate(panel)
    return {name: values[list(found.origins).index(cut)] for name, values in found.forecasts.items()}


def test_no_value_after_an_origin_changes_a_forecast_made_there(fitted):
    longer = wavy(100)
    cut = 90
    before = forecasts_at(fitted, longer, cut)
    changed = longer.copy()
    changed.loc[cut:, ["y", "push"]] = 1e6
    after = forecasts_at(fitted, changed, cut)
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)
    # The twin that must differ: the last step before the origin is read.
    changed.loc[cut - 1, "y"] += 1
    assert (forecasts_at(fitted, changed, cut)["Elman"] != before["Elman"]).any()


def test_what_is_held_out_leaves_no_trace_in_scales_season_or_first_windows():
    frame = wavy(80)
    changed = frame.copy()
    changed.loc[64:, ["y", "push"]] *= 50  # a fifth of 80
    made = [elman.Forecaster(**QUICK | {"season": None, "epochs": 1}, covariates=("push",)) for _ in range(2)]
    one, other = (model.fit(data) for model, data in zip(made, (frame, changed), strict=True))
    assert one.preprocessor_.content() == other.preprocessor_.content()
    for (name, weights), (_, others) in zip(
        one.network_.state_dict().items(), other.network_.state_dict().items(), strict=True
    ):
        assert torch.equal(weights, others), name
    assert one.intervals_.numbers() != other.intervals_.numbers()


def test_a_backtest_learns_nothing_after_its_first_origin():
    frame = wavy(80)
    changed = frame.copy()
    changed.loc[79, "y"] = 1e6  # the last step of the last horizon
    found = [elman.Forecaster(**QUICK).backtest(data, 3).forecasts["Elman"] for data in (frame, changed)]
    np.testing.assert_array_equal(*found)


def test_a_step_that_was_interpolated_is_no_origin_and_is_not_measured(fitted):
    longer = wavy(100).drop(index=[88, 89, 95])
    model = copy.copy(fitted).set_params(fill="interpolate")
    found = model.evaluate(longer)
    assert not {89, 90, 96} & set(found.origins)
    row = list(found.origins).index(88)
    np.testing.assert_array_equal(np.isnan(found.truth[row]), [True, True, False])
    assert all(np.isfinite(line["MAE"]) for line in found.table())


def test_the_network_begins_as_the_naive_forecast_and_then_beats_it():
    frame = wavy(150)
    options = QUICK | {"epochs": 15, "hidden_size": 16, "learning_rate": 0.02, "answer": "network"}
    model = elman.Forecaster(**options, covariates=("push",))
    errors = {row["method"]: row["MAE"] for row in model.backtest(frame, 20).table()}
    assert errors["Elman"] < min(errors["last value"], errors["drift"])
    # The push of the last step is the whole noise of the next: the covariate has to pay.
    blind = elman.Forecaster(**options)
    assert errors["Elman"] < {row["method"]: row["MAE"] for row in blind.backtest(frame, 20).table()}["Elman"]


@pytest.mark.parametrize("level", [50, 90])
def test_intervals_hold_what_they_promise(level):
    random = np.random.default_rng(5)
    walk = np.cumsum(random.normal(size=1200))
    model = elman.Forecaster(
        horizon=4, context=4, members=1, hidden_size=4, epochs=1, batch_size=256, validation_fraction=0.5
    )
    row = model.backtest(walk, 400, levels=(level,)).table()[0]
    assert row[f"coverage-{level}"] == pytest.approx(level / 100, abs=0.07)


def test_intervals_widen_with_the_horizon_and_the_level(fitted):
    frame = fitted.predict(levels=(50, 95))
    narrow, wide = frame["hi-50"] - frame["lo-50"], frame["hi-95"] - frame["lo-95"]
    assert (np.diff(wide) > -1e-9).all()
    assert (wide > narrow).all()
    assert ((frame["lo-95"] < frame["y"]) & (frame["y"] < frame["hi-95"])).all()


def test_forecasts_come_as_the_users_library_has_them(fitted, tmp_path):
    frame = fitted.predict(2)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["ds"]) == list(pd.date_range("2020-03-21", periods=2))
    assert set(frame["unique_id"]) == {"a"}
    newer = fitted.predict(X=pl.from_pandas(wavy(83)))
    assert isinstance(newer, pl.DataFrame)
    assert str(newer["ds"][0])[:10] == "2020-03-24"
    np.testing.assert_array_equal(fitted.predict(X=wavy(80))["y"], fitted.predict()["y"])


def test_many_series_of_unequal_length_do_not_disturb_each_other():
    both = pd.concat([wavy(80), wavy(60, 1, "2020-02-01", "b")])
    model = elman.Forecaster(**QUICK, covariates=("push",)).fit(both)
    frame = model.predict()
    assert list(frame["unique_id"]) == ["a"] * 3 + ["b"] * 3
    alone = model.predict(X=wavy(60, 1, "2020-02-01", "b"))
    np.testing.assert_allclose(alone["y"], frame["y"][3:], rtol=1e-6)


def test_a_shorter_window_is_not_padded(fitted):
    panel = read_panel(wavy(80), covariates=["push"])
    encoded, origins = fitted.preprocessor_.encode(panel), np.array([8, 40, 10])

    def changes(origins):
        windows = Windows(encoded, np.zeros(len(origins), dtype=np.int64), origins)
        return windows.lengths.tolist(), torch.from_numpy(forecast_changes(fitted.network_, windows)).float()

    lengths, together = changes(origins)
    assert lengths == [4, 8, 6]
    alone = torch.cat([changes(origins[row : row + 1])[1] for row in range(3)])
    assert_close(together, alone, "forecasts")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_both_backends_forecast_alike(cell):
    model = elman.Forecaster(**QUICK | {"epochs": 1}, cell=cell, num_layers=2).fit(wavy())
    with use_backend("reference"):
        want = torch.tensor(model.predict()["y"], dtype=torch.float32)
    assert_close(torch.tensor(model.predict()["y"], dtype=torch.float32), want, cell)


def test_a_saved_model_forecasts_the_same(fitted, tmp_path):
    fitted.save(tmp_path / "m.safetensors")
    loaded = elman.load(tmp_path / "m.safetensors")
    pd.testing.assert_frame_equal(loaded.predict(), fitted.predict())
    assert loaded.get_params() == fitted.get_params() | {"covariates": ["push"]}
    assert loaded.score(wavy(90)) == fitted.score(wavy(90))
    numbered = elman.Forecaster(**QUICK).fit([1.0, 2, 4, 3] * 20)
    numbered.save(tmp_path / "n.safetensors")
    pd.testing.assert_frame_equal(elman.load(tmp_path / "n.safetensors").predict(), numbered.predict())


def test_same_seed_same_weights_and_clone_is_unfitted(fitted):
    again = clone(fitted)
    with pytest.raises(InputError, match="not trained yet"):
        again.predict()
    pd.testing.assert_frame_equal(again.fit(wavy()).predict(), fitted.predict())
    one, other = (clone(fitted).set_params(seed=seed, answer="network").fit(wavy()) for seed in (0, 1))
    assert (other.predict()["y"] != one.predict()["y"]).any()


class StopAt(Callback):
    """Presses Ctrl-C after some updates."""

    def __init__(self, step):
        self.step = step

    def on_evaluation(self, progress):
        import signal

        if progress.counters.step >= self.step:
            signal.raise_signal(signal.SIGINT)


def test_a_stopped_training_goes_on_to_the_same_bits(tmp_path):
    whole = elman.Forecaster(**QUICK).fit(wavy())
    files = RunFiles.within(tmp_path)
    with pytest.raises(Interrupted):
        elman.Forecaster(**QUICK).fit(wavy(), files=files, callback=StopAt(1))
    with pytest.raises(ModelFileError, match="series was"):
        elman.Forecaster(**QUICK).fit(wavy(81), files=files, resume=True)
    resumed = elman.Forecaster(**QUICK).fit(wavy(), files=files, resume=True)
    pd.testing.assert_frame_equal(resumed.predict(), whole.predict())
    lines = [json.loads(line) for line in files.metrics.read_text().splitlines()]
    assert lines[0]["loss_unit"] == "scaled MAE"
    assert set(lines[0]["baselines"]) == {"last value", "seasonal naive", "ridge", "simple methods"}


def test_a_constant_series_goes_on_as_it_was():
    frame = elman.Forecaster(**QUICK).fit([5.0] * 60).predict()
    np.testing.assert_allclose(frame[["y", "lo-95", "hi-95"]], 5.0)


def test_growth_in_proportion_is_taken_in_logarithms():
    t = np.arange(96)
    y = np.exp(t / 30) * (2 + np.sin(2 * np.pi * t / 12))
    model = elman.Forecaster(horizon=6, season=12, members=1, epochs=1).fit(y)
    assert model.preprocessor_.scales["y"].log
    assert (model.predict(levels=(99.9,))["lo-99.9"] > 0).all()
    with pytest.raises(DataError, match="-1 at 96 has no logarithm"):
        model.predict(X=[*y, -1.0])


def test_a_shuffled_split_warns():
    with pytest.warns(UserWarning, match="knows the future"):
        elman.Forecaster(**QUICK, split="shuffled").fit(wavy())


def test_nothing_held_out_means_no_intervals():
    model = elman.Forecaster(**QUICK, validation_fraction=0, patience=None).fit(wavy())
    with pytest.raises(InputError, match=r"validation=0.*give levels="):
        model.predict()
    assert list(model.predict(levels=()).columns) == ["unique_id", "ds", "y"]
    assert elman.Forecaster(**QUICK, validation_fraction=0, patience=None).backtest(wavy(), 2).intervals == {}


def test_an_evaluation_in_the_long_format(fitted):
    found = fitted.evaluate(wavy(84))
    frame = pd.DataFrame(found.columns())
    assert list(frame.columns[:7]) == ["unique_id", "cutoff", "ds", "y", "Elman", "lo-95", "hi-95"]
    assert len(frame) == 2 * 3
    assert (frame["ds"] - frame["cutoff"]).dt.days.tolist() == [1, 2, 3] * 2
    np.testing.assert_allclose(frame["y"][:3], wavy(84)["y"][80:83])


WRONG = {
    "bidirectional": (lambda: elman.Forecaster(bidirectional=True), "bidirectional: a forecast reads forward only"),
    "horizon": (lambda: elman.Forecaster(horizon=0), "horizon: should be greater than or equal to 1"),
    "fill": (lambda: elman.Forecaster(fill="mean"), "fill: should be forward, zero or interpolate"),
    "twice": (lambda: elman.Forecaster(value="y", covariates=("y",)), "column 'y' is named for two things"),
    "too short": (
        lambda: elman.Forecaster(**QUICK).fit(wavy(13)),
        "series 'a': too short: 13 values, horizon 3 takes 14 or more, 3 of them held out .season 4, context 8.: give",
    ),
    "horizon beyond the history": (
        lambda: elman.Forecaster(horizon=500).fit(wavy()),
        "too short: 80 values, horizon 500 takes",
    ),
    "backtest beyond the history": (
        lambda: elman.Forecaster(**QUICK).backtest(wavy(), 90),
        "90 origins with horizon 3 hold out 92 of its 80 values",
    ),
    "no origins": (lambda: elman.Forecaster(**QUICK).backtest(wavy(), 0), "origins: expected 1 or more, got 0"),
    "all filled": (
        lambda: elman.Forecaster(**QUICK, fill="zero").fit(wavy().assign(y=[1, 2] + [np.nan] * 77 + [1])),
        "so much was missing",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_options_and_series_get_one_clear_line(case):
    make, message = WRONG[case]
    with pytest.raises((InputError, DataError), match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


ASKED_WRONGLY = {
    "horizon": (lambda m: m.predict(4), "horizon: expected 1 to 3"),
    "level": (lambda m: m.predict(levels=(100,)), "levels: expected per cent above 0 and below 100, got 100"),
    "unknown": (lambda m: m.predict(X=wavy(name="b")), "unknown series 'b': the model knows 'a'"),
    "frequency": (
        lambda m: m.predict(X=wavy().assign(ds=pd.date_range("2020-01-01", periods=80, freq="h"))),
        "the series come every hour, those of the model every day",
    ),
    "short": (lambda m: m.predict(X=wavy(2)[:1]), "too short"),
    "nothing new": (lambda m: m.evaluate(wavy(82)), "no series has 3 values after what the model was trained on"),
    "every": (lambda m: m.evaluate(wavy(90), every=0), "every: expected 1 or more"),
    "no covariate": (lambda m: m.predict(X=wavy().drop(columns="push")), "no column 'push'"),
}


@pytest.mark.parametrize("case", ASKED_WRONGLY)
def test_a_wrong_question_gets_one_clear_line(fitted, case):
    ask, message = ASKED_WRONGLY[case]
    with pytest.raises((InputError, DataError), match=message) as caught:
        ask(fitted)
    assert "\n" not in str(caught.value)
