"""Implement `elman forecast`: backtest, train, and forecast with intervals."""

from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.jobs import command
from elman.cli.running import Interruption
from elman.models.forecast.options import ForecasterOptions

File = Annotated[
    Path,
    typer.Argument(help="A table with a row for each time stamp: .csv, .tsv, .jsonl or .parquet.", show_default=False),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="MODEL",
        help="The model to write, NAME.safetensors; NAME.forecast.csv, NAME.forecast.png, "
        "NAME.checkpoint.safetensors, NAME.metrics.jsonl and NAME.loss.png are written next to it.",
        show_default="runs/FILE.safetensors",
    ),
]
Levels = Annotated[str, typer.Option(help="Levels of the intervals in per cent, separated by commas.")]
Origins = Annotated[
    int | None,
    typer.Option(
        help="Number of origins of the backtest; 0 skips it.", show_default="as many as hold out two horizons"
    ),
]


def forecast(options: dict[str, Any], given: dict[str, Any]) -> None:
    """Forecast one series or many, with intervals.

    First trains on the data before the last origins, forecasts from each of them and compares the errors with naive
    forecasts. Then trains on all data and forecasts ahead. Writes the model, the forecast as a table, and a plot.
    """
    from elman.cli.forecasting import run_forecast

    with Interruption():
        run_forecast(options, given)


run = command(
    ForecasterOptions,
    forecast,
    file=(File, Parameter.empty),
    output=(Output, None),
    levels=(Levels, "95"),
    origins=(Origins, None),
)
