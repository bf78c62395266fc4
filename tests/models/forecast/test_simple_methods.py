"""The methods without a network: their forecasts by hand and by other routes, and never by what comes later."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge as PlainRidge

import elman
from elman.data.series_table import read_panel
from elman.models.forecast.mixture import SIMPLE, Past, choose, hedged, losses, mixed, shares
from elman.models.forecast.options import ForecasterOptions
from elman.models.forecast.regression import PENALTIES, Asked, Known, Lags, Ridge
from elman.models.forecast.simple import SimpleMethods
from elman.models.forecast.smoothing import Aligned, grid, smooth

EXACT = 1e-9
ALL = [("none", ()), ("none", (4,)), ("damped", ()), ("damped", (4,)), ("theta", ()), ("none", (4, 12))]


def smoothed(values, trend, seasons, horizon=5, origin=None):
    series = Aligned.of([np.asarray(values, dtype=np.float64)])
    return smooth(series, np.array([len(values) if origin is None else origin]), horizon, trend, seasons)[0, 0]


def test_simple_smoothing_is_the_mean_of_its_members_by_likelihood():
    values = np.random.default_rng(0).normal(size=40).cumsum()
    levels, squares = [], []
    for alpha in grid("none", 0).alpha:
        level, total = values[0], 0.0
        for step, value in enumerate(values):
            error = value - level
            total += error**2 if step >= 2 else 0.0
            level += alpha * error
        levels.append(level)
        squares.append(total)
    weights = (min(squares) / np.array(squares)) ** (38 / 2)
    want = float(np.average(levels, weights=weights))
    np.testing.assert_allclose(smoothed(values, "none", ()), want, rtol=EXACT)


@pytest.mark.parametrize(("trend", "seasons"), ALL)
def test_smoothing_goes_on_along_a_season_and_reads_nothing_later(trend, seasons):
    season = np.tile([3.0, -1.0, 2.0, -4.0], 12)
    if seasons:
        np.testing.assert_allclose(smoothed(season, trend, seasons, 6), season[:6], atol=1e-6)
    values = season + np.random.default_rng(1).normal(size=48)
    before = smoothed(values, trend, seasons, origin=40)
    changed = np.where(np.arange(48) >= 40, 1e6, values)
    np.testing.assert_array_equal(smoothed(changed, trend, seasons, origin=40), before)
    np.testing.assert_allclose(smoothed(values[:40], trend, seasons), before, rtol=1e-6)


def test_a_damped_trend_follows_a_line_and_theta_half_of_it():
    line = np.arange(60.0) * 2
    assert smoothed(line, "damped", (), 3)[-1] == pytest.approx(124, abs=0.3)
    assert smoothed(line, "theta", (), 3)[-1] == pytest.approx(118 + 3, abs=0.1)
    assert smoothed(line, "none", (), 3)[-1] == pytest.approx(118, abs=0.1)


def test_series_of_unequal_length_are_smoothed_as_if_alone():
    random = np.random.default_rng(2)
    one, other = random.normal(size=50).cumsum(), random.normal(size=31).cumsum()
    for trend, seasons in ALL[:4]:
        both = smooth(Aligned.of([one, other]), np.array([50]), 5, trend, seasons)[:, 0]
        np.testing.assert_allclose(both[0], smoothed(one, trend, seasons), rtol=EXACT)
        np.testing.assert_allclose(both[1], smoothed(other, trend, seasons), rtol=EXACT)


def known(values):
    return Known(np.asarray(values, dtype=np.float64), np.zeros((len(values), 0)))


@pytest.mark.parametrize("seasons", [(), (4,), (4, 12)])
def test_the_regression_is_the_one_of_scikit_learn(seasons):
    values = np.random.default_rng(3).normal(size=120).cumsum()
    series, lags = [known(values)], Lags.chosen(120, seasons, 3)
    found, _ = Ridge.learn(series, lags, Asked(np.zeros(5, dtype=int), np.arange(100, 105)))
    origins = np.arange(lags.reach, 120 - 2)
    read = lags.read(series[0], origins, 2)
    size = np.sqrt((read.numbers**2).mean(axis=0))
    size = np.where(size > 1e-9, size, 1.0)
    want = [
        PlainRidge(alpha=penalty, fit_intercept=False).fit(read.numbers / size, values[origins + 2] - read.base).coef_
        for penalty in PENALTIES
    ]
    near = [np.allclose(found.factors[2], coefficients / size, atol=1e-6) for coefficients in want]
    assert sum(near) == 1


def test_past_regressions_read_nothing_that_came_later():
    values = np.random.default_rng(4).normal(size=150).cumsum()
    past = Asked(np.zeros(40, dtype=int), np.arange(100, 140))
    lags = Lags.chosen(150, (), 3)
    _, before = Ridge.learn([known(values)], lags, past)
    changed = np.where(np.arange(150) >= 120, values + 100, values)
    _, after = Ridge.learn([known(changed)], lags, past)
    # Of a block's origins the first alone is at the edge of what was learned from.
    unchanged = np.isfinite(before[:14])
    assert unchanged.any()
    np.testing.assert_array_equal(after[:14][unchanged], before[:14][unchanged])
    assert (after[21:] != before[21:]).any()


def test_a_wave_of_no_calendar_is_learned_by_lags():
    steps = np.arange(200)
    values = np.sin(2 * np.pi * steps / 11.3)
    ridge, _ = Ridge.learn([known(values)], Lags.chosen(200, (), 6), Asked(np.zeros(4, dtype=int), np.arange(150, 154)))
    found = ridge.forecast([known(values)], Asked(np.array([0]), np.array([200])))[0]
    np.testing.assert_allclose(found, np.sin(2 * np.pi * np.arange(200, 206) / 11.3), atol=0.15)


def panel(*series):
    frames = [
        pd.DataFrame({"unique_id": str(number), "ds": pd.date_range("2000-01-01", periods=len(y), freq="MS"), "y": y})
        for number, y in enumerate(series)
    ]
    return read_panel(pd.concat(frames))


def test_methods_scale_and_shift_with_their_series():
    values = 50 + np.random.default_rng(5).normal(size=90).cumsum()
    past = Asked(np.zeros(10, dtype=int), np.arange(70, 80))
    options = ForecasterOptions(horizon=4, target_transform="none")

    def forecasts(series):
        covariates = [np.zeros((len(series), 0))]
        methods, found = SimpleMethods.learn(panel(series), covariates, (12,), past, options)
        return found | {
            f"next {name}": values
            for name, values in methods.forecast(
                panel(series), covariates, Asked(np.array([0]), np.array([90]))
            ).items()
        }

    one, other = forecasts(values), forecasts(values * 1000 + 7)
    assert "ridge without season" in one
    for name, found in one.items():
        np.testing.assert_allclose(other[name], found * 1000 + 7, rtol=1e-6, err_msg=name)


def past(**forecasts):
    count = len(next(iter(forecasts.values())))
    return Past(forecasts, np.zeros((count, 1)), np.ones(count), np.arange(count)[::-1])


def test_shares_leave_out_what_is_far_behind_and_sum_to_one():
    found = shares(past(good=np.full((9, 1), 1.0), near=np.full((9, 1), 1.1), far=np.full((9, 1), 2.0)))
    assert set(found) == {"good", "near"}
    assert sum(found.values()) == pytest.approx(1)
    assert found["near"] / found["good"] == pytest.approx(1.1**-8)


NAIVE = ["last value", "seasonal naive"]


def naive_part(horizons, others=0.9, spread=0.3):
    """Return what the naive method gets beside one that errs less on the mean, at some origins more."""
    gains = np.where(np.arange(40) % 2, spread, -spread)[:, None]
    errors = {"last value": np.full((40, 1), 1.0), "seasonal naive": np.full((40, 1), 2.0), "other": others + gains}
    found = hedged(past(**errors), {"other": 1.0}, NAIVE, horizons)
    assert sum(found.values()) == pytest.approx(1)
    assert "seasonal naive" not in found, "of the naive methods the better one alone"
    return found.get("last value", 0.0)


def test_a_naive_method_counts_where_the_others_are_not_surely_better():
    few, some, many = (naive_part(horizons) for horizons in (2, 12, 200))
    assert few > 0.75
    assert few > some > many
    assert many == 0, "what is less than a hundredth is left out"
    assert naive_part(200, others=1.2) == pytest.approx(0.8), "most of it where the others err more"
    assert naive_part(2, others=0.1, spread=0.0) == 0, "a gain that is always the same is sure"


def test_one_and_a_quarter_standard_errors_of_gain_halve_the_naive_part():
    # Gains of 1 and -1, and 0 for the mean; moved by 0.25 of their deviation, 25 horizons make 1.25 standard errors.
    gains = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None]
    both = past(**{"last value": np.full((40, 1), 3.0), "other": 3.0 - gains})
    both = both._replace(ages=np.zeros(40, dtype=np.int64))
    moved = both._replace(forecasts=both.forecasts | {"other": 3.0 - gains - 0.25})
    assert hedged(both, {"other": 1.0}, NAIVE, 25)["last value"] == pytest.approx(0.8)
    assert hedged(moved, {"other": 1.0}, NAIVE, 25)["last value"] == pytest.approx(0.4)


def test_a_walk_is_answered_near_its_last_value():
    values = 100 + np.random.default_rng(11).normal(size=90).cumsum()
    model = elman.Forecaster(horizon=6, members=1, hidden_size=4, epochs=1).fit(values)
    assert model.answer_.factors["last value"] > 0.7
    line = elman.Forecaster(horizon=6, members=1, hidden_size=4, epochs=1).fit(np.arange(90.0) + 0.1 * values)
    assert line.answer_.factors.get("last value", 0.0) < 0.01


def test_later_origins_count_more_and_a_method_without_most_of_them_is_left_out():
    learns = np.array([[2.0], [1.0], [0.0]])
    erred = losses(past(learns=learns, forgets=learns[::-1], seldom=np.array([[np.nan], [np.nan], [0.0]])))
    assert set(erred) == {"learns", "forgets"}
    assert erred["learns"] < erred["forgets"]


def test_a_mixture_of_what_there_is():
    forecasts = {"a": np.array([[1.0, np.nan]]), "b": np.array([[3.0, 5.0]])}
    np.testing.assert_allclose(mixed(forecasts, {"a": 0.25, "b": 0.75}, np.zeros((1, 2))), [[2.5, 5.0]])
    np.testing.assert_allclose(mixed({"a": np.array([[np.nan]])}, {"a": 1.0}, np.array([[9.0]])), [[9.0]])


@pytest.mark.parametrize(("network", "name"), [(0.0, "network"), (0.95, SIMPLE), (2.0, SIMPLE)])
def test_the_network_has_to_earn_its_share(network, name):
    held_out = past(network=np.full((20, 1), network), simple=np.full((20, 1), 1.0), other=np.full((20, 1), 1.0))
    found = choose({"simple": 0.5, "other": 0.5}, held_out, 20)
    assert found.name == name
    assert sum(found.factors.values()) == pytest.approx(1)
    assert found.losses[SIMPLE] == 1
    assert found.losses["network"] == pytest.approx(network)


def test_errors_that_cancel_make_a_mixture():
    signs = np.where(np.arange(40) % 2, 1.0, -1.0)[:, None]
    found = choose({"simple": 1.0}, past(network=signs, simple=-signs), 40)
    assert found.name == "mixture"
    assert found.factors == {"simple": 0.5, "network": 0.5}


def test_many_short_series_are_not_refused_and_intervals_stay_sensible():
    random = np.random.default_rng(6)
    levels, lengths = 10.0 ** random.uniform(0, 4, 30), random.integers(9, 40, 30)
    series = [level * (5 + random.normal(size=n).cumsum() * 0.1) for level, n in zip(levels, lengths, strict=True)]
    model = elman.Forecaster(horizon=6, members=1, hidden_size=4, epochs=2).fit(panel(*series))
    frame = model.predict()
    assert len(frame) == 30 * 6
    last = np.repeat([values[-1] for values in series], 6)
    assert np.isfinite(frame[["y", "lo-95", "hi-95"]].to_numpy()).all()
    assert ((frame["hi-95"] - frame["lo-95"]) < 2 * last).all()
    assert ((frame["y"] / last - 1).abs() < 0.5).all()
    found = elman.Forecaster(horizon=6, members=1, hidden_size=4, epochs=1).backtest(panel(*series))
    assert 10 < len(found.panel) <= 30


def test_several_seasons_are_found_and_given():
    hours = np.arange(24 * 7 * 5)
    week = np.where(hours // 24 % 7 < 5, 1.0, 0.4)
    values = 10 + week * (3 + np.sin(2 * np.pi * hours / 24)) + 0.1 * np.random.default_rng(7).normal(size=len(hours))
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=len(hours), freq="h"), "y": values})
    quick = {"horizon": 24, "members": 1, "hidden_size": 4, "epochs": 1, "target_transform": "none"}
    model = elman.Forecaster(**quick).fit(frame)
    assert model.preprocessor_.seasons == (24, 168)
    given = elman.Forecaster(**quick, season=[168, 24], answer="network").fit(frame)
    assert given.preprocessor_.seasons == (24, 168)
    want = 10 + week[:24] * (3 + np.sin(2 * np.pi * hours[:24] / 24))
    assert np.abs(model.predict()["y"] - want).mean() < 0.15
    rows = elman.Forecaster(**quick).backtest(frame).origins
    assert len(rows) <= 20
    assert rows.max() - rows.min() >= 24 * 5, "a week is covered"
