"""Declare the options of the classifier of sequences."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from elman.models.estimator.options import EncoderOptions
from elman.options import (
    Column,
    Columns,
    Help,
    InputDropout,
    LabelSmoothing,
    Metavar,
    MinCount,
    Pooling,
    Range,
    Split,
    SymbolDropout,
    Unset,
)

EXAMPLES_SHOWN = 100_000
EPOCHS = (10, 60)
"""Bounds of the default of `epochs`, which shows `EXAMPLES_SHOWN` examples if `minutes` is not given either."""
STEPS = 16
BATCH_SIZE = (8, 64)
"""Bounds of the default of `batch_size`, which makes `STEPS` updates an epoch or more."""


@dataclass(kw_only=True, eq=False, repr=False)
class ClassifierOptions(EncoderOptions):
    """Options of `SequenceClassifier`, with their defaults."""

    text: Annotated[Column, Help("Column of texts.")] = None
    label: Annotated[Column, Help("Column of labels.")] = None
    label_separator: Annotated[
        str | None,
        Range(min_length=1),
        Help("Separator between the labels of a cell that may hold several."),
        Unset("one label a cell"),
    ] = None
    series: Annotated[Column, Help("Column that names the series of a row, for series of numbers.")] = None
    step: Annotated[
        Column, Help("Column that orders the rows of a series."), Unset("guessed by its name, or the order of the rows")
    ] = None
    features: Columns = None
    min_count: MinCount = 2
    pretrained: Annotated[
        str | Path | None,
        Metavar("FILE"),
        Help("Word vectors to begin with, as text (GloVe, word2vec)."),
        Unset("none"),
    ] = None
    pooling: Pooling = "mean+max"
    input_dropout: InputDropout = 0.2
    symbol_dropout: SymbolDropout = 0.1
    label_smoothing: LabelSmoothing = 0.0
    ngrams: Annotated[bool, Help("Whether a linear classifier over n-grams of texts is added to the network.")] = True
    class_weight: Annotated[
        Literal["balanced"] | dict[Any, float] | None,
        Help('"balanced" gives rare classes the weight of frequent ones; or a weight for each class.'),
        Unset("all classes alike"),
    ] = None
    batch_size: Annotated[
        int | None,
        Range(ge=1),
        Help("Sequences in an update."),
        Unset(f"{BATCH_SIZE[0]} to {BATCH_SIZE[1]}, for {STEPS} updates an epoch"),
    ] = None  # type: ignore[assignment]
    epochs: Annotated[
        int | None,
        Range(ge=1),
        Help("Passes over the sequences."),
        Unset(f"{EPOCHS[0]} to {EPOCHS[1]}, to show {EXAMPLES_SHOWN:,} sequences, unless minutes are given"),
    ] = None
    split: Split = "stratified"


def batch_size_for(options: ClassifierOptions, rows: int) -> int:
    """Return the batch size for so many training rows, chosen where it is left open."""
    return options.batch_size or _within(rows // STEPS, BATCH_SIZE)


def epochs_for(options: ClassifierOptions, rows: int) -> int | None:
    """Return the epochs for so many training rows, chosen where neither epochs nor minutes are given."""
    if options.epochs is None and options.minutes is None:
        return _within(EXAMPLES_SHOWN // rows, EPOCHS)
    return options.epochs


def _within(number: int, bounds: tuple[int, int]) -> int:
    return min(max(number, bounds[0]), bounds[1])
