"""Implement `elman forecast`: backtest, train, and forecast with intervals."""

import time
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elman import launch
from elman.cli.jobs import command
from elman.cli.running import Interruption, echo_chosen, end_other_ranks, ending, tensorboard
from elman.cli.terminal import echo, print_grid
from elman.errors import InputError
from elman.files import check_writable
from elman.models.forecast.options import ForecasterOptions
from elman.quoting import printable, quote, shorten, shown
from elman.rounding import counted

if TYPE_CHECKING:
    from elman import Forecaster
    from elman.data.series import Panel
    from elman.models.forecast.evaluation import Evaluation

PRINTED = 12
"""Rows of the forecast that are printed."""

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
        help="Number of origins of the backtest; 0 skips it.",
        show_default="at most 20 over two horizons, or a week of steps shorter than a day",
    ),
]


def forecast(options: dict[str, Any], given: dict[str, Any]) -> None:
    """Forecast one series or many, with intervals.

    First trains on the data before the last origins, forecasts from each of them and compares the errors with naive
    forecasts. Then trains on all data and forecasts ahead. Writes the model, the forecast as a table, and a plot.
    """
    with Interruption():
        _run(options, given)


run = command(
    ForecasterOptions,
    forecast,
    file=(File, Parameter.empty),
    output=(Output, None),
    levels=(Levels, "95"),
    origins=(Origins, None),
)


def _run(options: dict[str, Any], given: dict[str, Any]) -> None:
    """Backtest, train on everything, forecast, and say what was left where.

    Args:
        options: The options of the forecaster, by name.
        given: `file`, `output`, `levels`, `origins`, and what `fit` takes, by name.
    """
    from elman import Forecaster
    from elman.models.forecast.report import answer_line, grid, title
    from elman.train.run import RunFiles, check_run, resumes
    from elman.train.show import Show

    held_out = options["validation_fraction"] != 0
    levels = _levels(given["levels"]) if held_out else []
    options = options | ({} if held_out else {"patience": None})
    model = Forecaster(**options)
    files = RunFiles.for_model(given["output"] or Path("runs") / f"{given['file'].stem}.safetensors")
    run: Any = {name: given[name] for name in ("resume", "overwrite", "checkpoint_seconds")}
    check_run(run | {"files": files})  # before the backtest, which may take minutes
    if launch.rank() == launch.FIRST:
        _check_forecast(
            files.model, kept=not (given["resume"] or given["overwrite"] or resumes(run | {"files": files}))
        )
    panel = model.series_of(given["file"])
    echo(_described(panel))
    found = None
    minutes, left = options["minutes"], options["minutes"]
    if given["origins"] != 0:
        began = time.monotonic()
        halved = model if minutes is None else Forecaster(**options | {"minutes": minutes / 2})
        found = halved.backtest(panel, given["origins"], levels=levels, callback=Show(lines=False))
        echo(f"\nbacktest: {title(found)}")
        print_grid(grid(found))
        # Forecasts from the origins take time too; training on everything gets a quarter of the minutes at least.
        left = minutes and max(minutes / 4, minutes - (time.monotonic() - began) / 60)
    echo("\ntraining on everything")
    callback = [Show(lines=False), *tensorboard(given.get("tensorboard"))]
    model.set_params(minutes=left).fit(panel, files=files, callback=callback, **run)
    end_other_ranks()
    model.set_params(minutes=minutes)
    echo_chosen(model)
    echo(answer_line(model.answer_))
    if end := ending(model):
        echo(end)
    _leave(model, files.model, panel, found, levels)


def _check_forecast(model: Path, *, kept: bool) -> None:
    """Check that the table and the picture of the forecast can be written and replace nothing that must be kept."""
    from elman.train.run import forecast_files

    for path in forecast_files(model):
        check_writable(path, follow=False)
        if kept and path.exists() and path.stat().st_size:
            raise InputError(f"{shown(path)}: a forecast is here: choose another name, or replace it with --overwrite")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _levels(text: str) -> list[float]:
    try:
        return [float(word) for word in _words(text)]
    except ValueError:
        raise InputError(
            f"levels: expected numbers with commas between them, such as 80,95, got {quote(text)}"
        ) from None


def _described(panel: "Panel") -> str:
    from elman.data.gaps import stamp_text

    counts = [len(one) for one in panel]
    shortest, longest = min(counts), max(counts)
    each = counted(shortest, "value") if shortest == longest else f"{shortest:,} to {longest:,} values"
    first = stamp_text(min(one.first for one in panel))
    last = stamp_text(max(panel.stamps(number, count - 1, count)[0] for number, count in enumerate(counts)))
    filled = sum(int((~one.observed).sum()) for one in panel)
    also = f", {filled:,} filled in" if filled else ""
    read = f"{panel.source}: {counted(panel.rows, 'row')}, {len(panel):,} series of {each}{also}"
    return f"{read}, {panel.frequency} from {first} to {last}" + (f"\n{panel.said}" if panel.said else "")


def _leave(model: "Forecaster", path: Path, panel: "Panel", found: "Evaluation | None", levels: list[float]) -> None:
    """Write the forecast and its picture next to the model, and print the beginning of the forecast."""
    from elman.data.table_writer import TableWriter
    from elman.models.estimator.reports import Grid
    from elman.models.forecast.report import file_columns
    from elman.train.run import forecast_files

    frame = model.predict(levels=levels)
    ahead = {name: frame[name].to_numpy() for name in frame.columns}
    columns = file_columns(ahead)
    table, picture = forecast_files(path)
    with TableWriter(table) as writer:
        writer.write(columns)
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    print_grid(Grid(list(columns), rows[:PRINTED]))
    if len(rows) > PRINTED:
        echo(f"... and {counted(len(rows) - PRINTED, 'row')} more")
    drawn = _draw(panel, found, ahead, picture)
    echo(f"{model.preprocessor_.described}\n\nforecast: {table}   {drawn}   model: {path}")


def _draw(panel: "Panel", found: "Evaluation | None", ahead: dict[str, Any], picture: Path) -> str:
    """Draw the forecast, and return in words where it is, or why there is none; everything else is saved by now."""
    from elman.models.forecast.report import draw
    from elman.pictures import save

    try:
        save(draw(panel, found, ahead), picture)
    except Exception as error:  # Matplotlib raises errors of many kinds, and the forecast itself is written
        return f"picture: left out ({shorten(printable(str(error)), 200)})"
    return f"picture: {picture}"
