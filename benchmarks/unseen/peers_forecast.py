"""Forecast by exponential smoothing, Theta, MSTL, naive methods and ridge regression on lags."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import RidgeCV
from statsforecast.models import MSTL, AutoETS, AutoTheta, RandomWalkWithDrift, SeasonalNaive

from benchmarks.unseen.sets_forecast import ORIGINS, Rolling
from benchmarks.unseen.table import Score

Numbers = npt.NDArray[np.float64]
LEVEL = 95
Forecast = tuple[Numbers, Numbers | None, Numbers | None]
NAIVE = "seasonal naive"


def scale(values: Numbers, data: Rolling) -> float:
    """Return the mean error of the seasonal naive forecast on the training part, the unit of MASE."""
    training, season = values[: len(values) - data.held_out], data.seasons[0]
    return float(np.abs(training[season:] - training[:-season]).mean())


def origins(values: Numbers, data: Rolling) -> list[int]:
    return [len(values) - data.held_out + k * data.every for k in range(ORIGINS)]


def figures(errors: list[float], covered: list[float]) -> dict[str, float]:
    found = {"MASE": float(np.mean(errors))}
    return found | ({"coverage": float(np.mean(covered))} if covered else {})


def measured(forecast: Callable[[Numbers, Rolling], Forecast]) -> Callable[[Rolling], Score]:
    """Return a peer that is fitted anew at each origin."""

    def measure(data: Rolling) -> Score:
        score = Score()
        errors: list[float] = []
        covered: list[float] = []
        for values in data.series:
            for origin in origins(values, data):
                truth = values[origin : origin + data.horizon]
                with score.timed():
                    mean, low, high = forecast(values[:origin], data)
                errors.append(float(np.abs(truth - mean).mean()) / scale(values, data))
                if low is not None and high is not None:
                    covered.append(float(((low <= truth) & (truth <= high)).mean()))
        score.figures = figures(errors, covered)
        return score

    return measure


def _of(make: Callable[[Rolling], Any]) -> Callable[[Rolling], Score]:
    def forecast(history: Numbers, data: Rolling) -> Forecast:
        found = make(data).forecast(y=history, h=data.horizon, level=[LEVEL])
        return found["mean"], found.get(f"lo-{LEVEL}"), found.get(f"hi-{LEVEL}")

    return measured(forecast)


def _mstl(data: Rolling) -> Any:
    shortest = min(map(len, data.series)) - data.held_out
    seasons = [season for season in data.seasons if 1 < season < shortest // 2]
    return MSTL(season_length=seasons) if seasons else AutoETS(season_length=1)


def ridge(history: Numbers, data: Rolling) -> Forecast:
    """Forecast step by step from the last values, two seasons of them where the series is long enough."""
    season = data.seasons[0] if len(history) > 6 * data.seasons[0] else 1
    lags = min(max(2 * season, 6), len(history) // 4)
    last, unit = history[-1], history.std() or 1.0
    values = (history - last) / unit
    windows = np.lib.stride_tricks.sliding_window_view(values, lags + 1)
    # differences to the last value of the window, so that a trend goes on
    model = RidgeCV(alphas=np.logspace(-3, 3, 7)).fit(
        windows[:, :-1] - windows[:, -2:-1], windows[:, -1] - windows[:, -2]
    )
    window = values[-lags:]
    found = []
    for _ in range(data.horizon):
        found.append(float(model.predict((window - window[-1])[None])[0] + window[-1]))
        window = np.append(window[1:], found[-1])
    return last + unit * np.array(found), None, None


PEERS = {
    "AutoETS": _of(lambda data: AutoETS(season_length=data.seasons[0])),
    "AutoTheta": _of(lambda data: AutoTheta(season_length=data.seasons[0])),
    "MSTL": _of(_mstl),
    NAIVE: _of(lambda data: SeasonalNaive(season_length=data.seasons[0])),
    "drift": _of(lambda _: RandomWalkWithDrift()),
    "ridge on lags": measured(ridge),
}
