"""Forecasters on public series, beside naive forecasts, each trained on what lies before the first of its origins."""

from typing import Any

import elman
from benchmarks import datasets
from benchmarks.registry import Outcome, job

AIRLINE = {"horizon": 12, "time": "month", "value": "passengers"}
WEATHER = {
    "horizon": 7,
    "time": "date",
    "value": "temp_max",
    "covariates": ("precipitation", "temp_min", "wind"),
}
MONTHS, DAYS = 13, 359
"""Origins: those whose horizons lie within the last 24 months, and within the last 365 days."""


def backtest(options: dict[str, Any], file: str, origins: int, seed: int) -> tuple[Outcome, float]:
    """MASE of every method, and the share of values within their 95 % interval."""
    outcome = Outcome()
    model = elman.Forecaster(**options, seed=seed)
    with outcome.timed():
        rows = model.backtest(datasets.path(file), origins).table()
    outcome.figures = {row["method"].lower(): row["MASE"] for row in rows}
    return outcome, rows[0]["coverage-95"]


def off_the_band(outcome: Outcome, within: float) -> Outcome:
    """Return the distance of the share within 95 % intervals from the band of 80 to 99 %."""
    return Outcome({"elman": max(0.80 - within, within - 0.99, 0.0), "within 95 % intervals": within}, outcome.seconds)


@job(
    "airline",
    "airline, last 24 months held out, 12 months ahead from 13 origins: MASE",
    "airline.csv",
    at_most=1.0,
    beats=("seasonal naive", "last value"),
)
def airline(seed: int) -> Outcome:
    return backtest(AIRLINE, "airline.csv", MONTHS, seed)[0]


@job(
    "airline-intervals",
    "airline, the same: how far the share within 95 % intervals is from 80 to 99 %",
    "airline.csv",
    at_most=0.0,
)
def airline_intervals(seed: int) -> Outcome:
    return off_the_band(*backtest(AIRLINE, "airline.csv", MONTHS, seed))


@job(
    "weather",
    "seattle_weather, daily maxima, last year held out, 1 to 7 days ahead from each day: MASE",
    "seattle_weather.csv",
    at_most=0.75,
    beats=("last value", "seasonal mean", "seasonal naive"),
)
def weather(seed: int) -> Outcome:
    return backtest(WEATHER, "seattle_weather.csv", DAYS, seed)[0]
