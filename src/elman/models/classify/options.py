"""Declare the options of the classifier of sequences."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from elman.models.estimator.options import EncoderOptions
from elman.options import (
    SIZES,
    AnsweringOptions,
    Column,
    Columns,
    Epochs,
    Help,
    InputDropout,
    LabelSmoothing,
    MinCount,
    OpenBatchSize,
    OpenMembers,
    Patience,
    Pooling,
    Pretrained,
    Range,
    Search,
    Split,
    SymbolDropout,
    TokensName,
    Unset,
)

AugmentName: TypeAlias = Literal["none", "jitter", "scale", "warp", "all"]

EXAMPLES_SHOWN, STEPS_SHOWN = 100_000, 3_000_000
"""Sequences, and steps of them, that the default of `epochs` shows; one training in a cross-validation less."""
EPOCHS, EPOCHS_OF_A_FOLD = (4, 120), (4, 60)
"""Bounds of the default of `epochs`: of one training, and of each in a cross-validation."""
STEPS = 16
BATCH_SIZE = (8, 64)
"""Bounds of the default of `batch_size`, which makes `STEPS` updates an epoch or more."""
PATIENCE, PATIENCES, PATIENCES_OF_A_FOLD = 4, 4, 6
"""The least default of `patience`, and how many of it the epochs are: of one training, and in a cross-validation."""
HIDDEN_SIZE = ((1_000, 64), (None, 96))
"""The default of `hidden_size` below a number of sequences."""
FOLDS = 5
CROSS_VALIDATED = 500
"""Sequences below which all are cross-validated; with fewer than `A_CLASS` a class, `MOST_CROSS_VALIDATED`."""
A_CLASS, MOST_CROSS_VALIDATED = 30, 1_500
LEAST_CROSS_VALIDATED = 10
AVERAGED, AVERAGED_BELOW = 3, 20
"""The default of `members` below so many cross-validated sequences a class."""
VALIDATION_FRACTION = 0.1


@dataclass(kw_only=True, eq=False, repr=False)
class ClassifierOptions(AnsweringOptions, EncoderOptions):
    """Options of `SequenceClassifier`, with their defaults."""

    in_a_trial: ClassVar[dict[str, Any]] = {
        "ngrams": False,
        "convolutions": False,
        "positions": False,
        "validation_fraction": 0.2,
    }

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
    pretrained: Pretrained = None
    pooling: Pooling = "mean+max"
    input_dropout: InputDropout = 0.2
    symbol_dropout: SymbolDropout = 0.1
    label_smoothing: LabelSmoothing = 0.0
    ngrams: Annotated[bool, Help("Whether a linear classifier over n-grams of texts is fitted too.")] = True
    convolutions: Annotated[
        bool, Help("Whether a linear classifier over random convolutions of series of numbers is fitted too.")
    ] = True
    positions: Annotated[
        bool,
        Help("Whether classifiers that see which symbol is at which position are fitted too, where lengths are equal."),
    ] = True
    augment: Annotated[
        AugmentName,
        Search(),
        Help("How series of numbers are varied in training: none; jitter, noise; scale; warp of time; or all."),
    ] = "none"
    class_weight: Annotated[
        Literal["balanced"] | dict[Any, float] | None,
        Help('"balanced" gives rare classes the weight of frequent ones; or a weight for each class.'),
        Unset("all classes alike"),
    ] = None
    hidden_size: Annotated[
        int | None,
        Range(ge=1, le=65536),
        SIZES,
        Help("Size of the hidden state of each layer."),
        Unset("64 below 1,000 sequences, otherwise 96"),
    ] = None  # type: ignore[assignment]
    batch_size: Annotated[
        OpenBatchSize,
        Unset(f"{BATCH_SIZE[0]} to {BATCH_SIZE[1]}, for {STEPS} updates an epoch"),
    ] = None  # type: ignore[assignment]
    members: Annotated[
        OpenMembers,
        Unset(f"{AVERAGED} where fewer than {AVERAGED_BELOW} sequences a class are cross-validated, otherwise 1"),
    ] = None
    epochs: Annotated[
        Epochs,
        Unset(
            f"{EPOCHS[0]} to {EPOCHS[1]}, to show {EXAMPLES_SHOWN:,} sequences or {STEPS_SHOWN:,} steps, or as many as "
            f"cross-validation finds, of {EPOCHS_OF_A_FOLD[1]} at most, unless minutes are given"
        ),
    ] = None
    patience: Annotated[
        Patience,
        Unset(
            f"a quarter of the epochs where those are chosen, in a cross-validation a sixth, at least {PATIENCE}, "
            "otherwise never"
        ),
    ] = None
    validation_fraction: Annotated[
        float | None,
        Range(ge=0, lt=1),
        Help("Fraction of the sequences that is held out, in [0, 1)."),
        Unset(
            f"{VALIDATION_FRACTION}; below {CROSS_VALIDATED} sequences, or {A_CLASS} a class, none: all are "
            f"cross-validated in {FOLDS} parts, unless the split is chosen or minutes are given"
        ),
    ] = None  # type: ignore[assignment]
    split: Split = "stratified"


def cross_validates(options: ClassifierOptions, rows: int, classes: int) -> bool:
    """Tell whether so many sequences, of so many classes, are cross-validated instead of some held out."""
    s = options
    given = s.validation_fraction is not None or s.split != "stratified" or s.minutes is not None
    few = rows < CROSS_VALIDATED or rows < min(A_CLASS * classes, MOST_CROSS_VALIDATED)
    return few and not given and s.patience is None and rows >= LEAST_CROSS_VALIDATED


@dataclass(frozen=True)
class Sizes:
    """Say how much there is to learn from: sequences, steps of all of them together, and classes."""

    rows: int
    steps: int
    classes: int


def chosen(
    options: ClassifierOptions, sizes: Sizes, tokens: TokensName | None, held_out: bool, folds: int
) -> ClassifierOptions:
    """Return the options with what was left open chosen for the data.

    Args:
        options: as given.
        sizes: of the training part.
        tokens: how texts were split; None for series of numbers.
        held_out: whether there is a held-out part.
        folds: trainings of a cross-validation, 0 without one.
    """
    s, rows = options, sizes.rows
    found: dict[str, Any] = {}
    if s.members is None:
        found["members"] = AVERAGED if folds and rows < AVERAGED_BELOW * sizes.classes else 1
    if s.hidden_size is None:
        found["hidden_size"] = next(size for below, size in HIDDEN_SIZE if below is None or rows < below)
    if s.batch_size is None:
        found["batch_size"] = _within(rows // STEPS, BATCH_SIZE)
    if s.epochs is None and s.minutes is None:
        passes = min(EXAMPLES_SHOWN / rows, STEPS_SHOWN / sizes.steps * (2 / (folds + 1) if folds else 1))
        found["epochs"] = _within(int(passes), EPOCHS_OF_A_FOLD if folds else EPOCHS)
        if s.patience is None and (held_out or folds):
            found["patience"] = max(found["epochs"] // (PATIENCES_OF_A_FOLD if folds else PATIENCES), PATIENCE)
    if s.tokens == "auto" and tokens is not None:
        found["tokens"] = tokens
    return replace(options, **found)


def _within(number: int, bounds: tuple[int, int]) -> int:
    return min(max(number, bounds[0]), bounds[1])
