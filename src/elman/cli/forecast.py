"""`elman forecast`: forecasts of a series, their uncertainty, and the error of earlier forecasts."""

from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.jobs import command
from elman.cli.running import Interruption
from elman.models.forecast.options import ForecasterOptions

File = Annotated[Path, typer.Argument(help="A row for each stamp: .csv, .tsv, .jsonl or .parquet.", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="MODEL",
        help="The model to write, NAME.safetensors; NAME.forecast.csv, NAME.forecast.png, "
        "NAME.checkpoint.safetensors, NAME.metrics.jsonl and NAME.loss.png go beside it.",
        show_default="runs/FILE.safetensors",
    ),
]
Levels = Annotated[str, typer.Option(help="Levels of the intervals in per cent, separated by commas.")]
Origins = Annotated[
    int | None,
    typer.Option(help="Origins of the backtest; 0 skips it.", show_default="as many as hold out two horizons"),
]


def forecast(options: dict[str, Any], given: dict[str, Any]) -> None:
    """Forecast one series or many, with intervals.

    First trains on what lies before the last origins and forecasts from each of them, beside naive forecasts; then
    trains on everything and forecasts what comes next. Leaves the model, the forecast as a table, and a picture.
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
