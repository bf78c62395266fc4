"""`elman forecast`: how a series goes on, how sure that is, and how good such forecasts were so far."""

from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli import options as shared
from elman.cli.running import Interruption


def forecast(
    file: Annotated[
        Path,
        typer.Argument(help="A row for each stamp: .csv, .tsv, .jsonl or .parquet.", show_default=False),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="MODEL",
            help="The model to write, NAME.safetensors; NAME.forecast.csv, NAME.forecast.png, "
            "NAME.checkpoint.safetensors, NAME.metrics.jsonl and NAME.loss.png go beside it.",
            show_default="runs/FILE.safetensors",
        ),
    ] = None,
    horizon: Annotated[int, typer.Option(help="Steps to forecast.")] = 12,
    time: Annotated[
        str | None, typer.Option(help="The column of stamps, dates or whole numbers.", show_default="a usual name")
    ] = None,
    value: Annotated[str | None, typer.Option(help="The column of values.", show_default="y or value")] = None,
    series: Annotated[
        str | None, typer.Option(help="The column that tells series apart.", show_default="unique_id, or one series")
    ] = None,
    covariates: Annotated[
        str, typer.Option(help="Columns known up to the origin, with commas between them.", show_default="none")
    ] = "",
    levels: Annotated[str, typer.Option(help="Of the intervals, in per cent, with commas between them.")] = "95",
    fill: Annotated[
        str | None,
        typer.Option(help="For gaps and missing values: forward, zero or interpolate.", show_default="refuse them"),
    ] = None,
    origins: Annotated[
        int | None,
        typer.Option(help="Origins of the backtest; 0 does without.", show_default="as many as hold out two horizons"),
    ] = None,
    season: Annotated[
        int | None, typer.Option(help="Steps in a season; 1 is none.", show_default="found in the training part")
    ] = None,
    context: Annotated[
        int | None, typer.Option(help="Steps that a forecast looks back.", show_default="two seasons, or 28")
    ] = None,
    target_transform: Annotated[
        str, typer.Option(help="log, none, or auto: logarithms where swings grow with the level.")
    ] = "auto",
    nonnegative: Annotated[
        bool | None,
        typer.Option(
            "--nonnegative/--any-sign",
            help="Whether forecasts below 0 become 0.",
            show_default="where a series is never negative",
        ),
    ] = None,
    members: Annotated[int, typer.Option(help="Networks trained side by side and averaged.")] = 3,
    cell: shared.Cell = "gru",
    hidden: shared.Hidden = 32,
    layers: shared.Layers = 1,
    dropout: shared.Dropout = 0.2,
    validation: Annotated[float, typer.Option(help="Share of each series, at its end, for early stopping.")] = 0.2,
    batch: Annotated[int, typer.Option(help="Windows in an update.")] = 32,
    learning_rate: shared.LearningRate = 3e-3,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the windows.", show_default="200, unless --minutes")
    ] = None,
    minutes: shared.Minutes = None,
    patience: Annotated[int, typer.Option(help="Stop after so many evaluations without a better held-out loss.")] = 20,
    seed: shared.Seed = 0,
    resume: shared.Resume = False,
    overwrite: shared.Overwrite = False,
    checkpoint_seconds: shared.CheckpointSeconds = 60.0,
) -> None:
    """Forecast one series or many, with intervals.

    First trains on what lies before the last origins and forecasts from each of them, beside naive forecasts; then
    trains on everything and forecasts what comes next. Leaves the model, the forecast as a table, and a picture.
    """
    options: dict[str, Any] = locals()
    from elman.cli.forecasting import run_forecast

    with Interruption():
        run_forecast(options)
