"""Declare the options of the forecaster."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from elman.errors import InputError
from elman.options import (
    AnsweringOptions,
    Cell,
    Column,
    Dropout,
    Epochs,
    FillName,
    Flag,
    Help,
    HiddenSize,
    LearningRate,
    Members,
    Metavar,
    OpenBatchSize,
    Patience,
    PythonOnly,
    Range,
    RecurrentOptions,
    Unset,
    ValidationFraction,
)
from elman.quoting import quote


@dataclass(kw_only=True, eq=False, repr=False)
class ForecasterOptions(AnsweringOptions, RecurrentOptions):
    """Options of `Forecaster`, with their defaults: a recipe for a hundred values as well as for thousands."""

    in_a_trial: ClassVar[dict[str, Any]] = {"members": 1}

    horizon: Annotated[int, Range(ge=1, le=65536), Help("Steps to forecast.")] = 12
    time: Annotated[Column, Help("Column of stamps: dates or whole numbers.")] = None
    value: Annotated[Column, Help("Column of values."), Unset("y or value")] = None
    series: Annotated[Column, Help("Column that tells series apart."), Unset("unique_id, or one series")] = None
    covariates: Annotated[
        list[str] | None,
        Metavar("COLUMNS"),
        Help("Columns known up to the origin, separated by commas."),
        Unset("none"),
    ] = None
    fill: Annotated[
        FillName | None, Help("For gaps and missing values: forward, zero or interpolate."), Unset("refuse them")
    ] = None
    season: Annotated[
        list[int] | int | None,
        Metavar("STEPS"),
        Help("Steps in a season, or in several, separated by commas; 1 is none."),
        Unset("found in the training part"),
    ] = None
    context: Annotated[
        int | None,
        Range(ge=2),
        Help("Steps that a forecast looks back."),
        Unset("two seasons, at most 128; or 28"),
    ] = None
    target_transform: Annotated[
        Literal["auto", "log", "none"],
        Help("Transform of the values: log, none, or auto: logarithms where swings grow with the level."),
    ] = "auto"
    nonnegative: Annotated[
        bool | None,
        Help("Whether forecasts below 0 become 0."),
        Flag("--nonnegative/--any-sign"),
        Unset("where a series is never negative"),
    ] = None
    split: Annotated[
        Literal["time", "shuffled"], PythonOnly, Help("Which windows are held out: the last in time, or shuffled.")
    ] = "time"
    members: Members = 3
    cell: Cell = "gru"
    hidden_size: HiddenSize = 32
    bidirectional: Annotated[bool, PythonOnly, Help("Only False: a forecast reads forward.")] = False
    dropout: Dropout = 0.2
    batch_size: Annotated[
        OpenBatchSize, Help("Windows in an update."), Unset("32 to 128, by the number of windows")
    ] = None  # type: ignore[assignment]
    epochs: Annotated[
        Epochs,
        Unset("200, or fewer where there are more than 500 windows"),
    ] = None
    learning_rate: LearningRate = 3e-3
    validation_fraction: Annotated[
        ValidationFraction, Help("Fraction of each series, at its end, for early stopping, in [0, 1).")
    ] = 0.2
    patience: Annotated[
        Patience,
        Unset("never"),
    ] = 20

    def _check_together(self) -> None:
        super()._check_together()
        if self.bidirectional:
            raise InputError(
                "bidirectional: a forecast reads forward only: backward states would have to come from values after "
                "its origin, which are what is asked for: leave it False"
            )
        seasons = self.season if isinstance(self.season, list) else [1 if self.season is None else self.season]
        if not seasons or min(seasons) < 1:
            raise InputError(f"season: expected steps of 1 or more, got {self.season}")
        taken = [name for name in (self.series, self.time, self.value) if name is not None]
        names = [*taken, *(self.covariates or ())]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise InputError(f"covariates: column {quote(min(twice))} is named for two things: name each column once")


def table_options(options: ForecasterOptions) -> dict[str, Any]:
    """Return the options that say how to read a table."""
    names = ("series", "time", "value", "fill")
    return {name: getattr(options, name) for name in names} | {"covariates": options.covariates or ()}


FEW, MANY = 500, 2000
"""Windows up to which all epochs are run, and beyond which the batches are largest."""
EPOCHS, LEAST_EPOCHS = 200, 30


def chosen(options: ForecasterOptions, windows: int) -> ForecasterOptions:
    """Return the options with what was left open chosen for a number of windows to learn from."""
    batch = options.batch_size or (32 if windows <= FEW else 64 if windows <= MANY else 128)
    epochs = options.epochs
    if epochs is None and options.minutes is None:
        epochs = max(LEAST_EPOCHS, EPOCHS * FEW // max(windows, FEW))
    return replace(options, batch_size=batch, epochs=epochs)
