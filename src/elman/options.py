"""Declare the options of estimators once: type, range, default and help text of each.

The options of a job are a dataclass in `models/<job>/options.py`, built on `TrainingOptions` or `RecurrentOptions`; its
estimator extends that dataclass. The constructor, `get_params`, the "Args" of the docstring, `--help`, the checks and
the settings in a model file all come from its fields.

A leaf, without torch and NumPy, so that `--help` is fast.
"""

import dataclasses
import difflib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar, cast, get_args, get_origin, get_type_hints

from elman.errors import InputError


@dataclass(frozen=True)
class Range:
    """Bounds of a number, or of the length of a string or list."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    min_length: int | None = None

    def keywords(self) -> dict[str, Any]:
        """Return the bounds that are set, by name."""
        return {name: bound for name, bound in vars(self).items() if bound is not None}


@dataclass(frozen=True)
class Help:
    """The description of an option."""

    text: str


@dataclass(frozen=True)
class Unset:
    """The meaning of None, such as "guessed by its name"."""

    meaning: str


@dataclass(frozen=True)
class Zero:
    """The meaning of 0 on the command line, where the option is None in Python."""

    meaning: str


@dataclass(frozen=True)
class Flag:
    """The pair of flags of an option that is on or off, such as "--attend/--no-attend"."""

    names: str


@dataclass(frozen=True)
class Metavar:
    """The placeholder of a value in `--help`."""

    name: str


@dataclass(frozen=True)
class Search:
    """The values that a search of options tries: those from one bound to the other, or each of a choice.

    Attributes:
        low: The least value. None, as `high`: all choices of the option, the names of a Literal or on and off.
        high: The greatest value.
        log: Whether the logarithm of the value is spread evenly, not the value.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False


class PythonOnly:
    """Marks an option that the command line lacks."""


class Unsaved:
    """Marks an option that no model file holds."""


AnswerName: TypeAlias = Literal["best", "network"]
CellName: TypeAlias = Literal["rnn", "gru", "lstm"]
FillName: TypeAlias = Literal["forward", "zero", "interpolate"]
OptimizerName: TypeAlias = Literal["adam", "sgd", "rmsprop"]
PoolingName: TypeAlias = Literal["last", "mean", "max", "mean+max", "attention"]
ScheduleName: TypeAlias = Literal["constant", "cosine", "linear", "exponential", "plateau"]
SideName: TypeAlias = Literal["first", "last"]
SplitName: TypeAlias = Literal["stratified", "shuffled", "tail"]
TokensName: TypeAlias = Literal["auto", "words", "characters", "symbols", "pieces"]

OPEN: Any = None
"""The default of an option that is chosen for the data, whatever the type of its value."""
NEEDS_LENGTH = ("cosine", "linear")
"""Schedules that end where training ends, so that the number of epochs has to be known."""

_SIZE = Range(ge=1, le=65536)
_PROBABILITY = Range(ge=0, lt=1)

AnswerOption = Annotated[
    AnswerName,
    Help(
        "What predict answers with: best, chosen on held-out data among the network, simple models and their mixture; "
        "or network."
    ),
]
SIZES = Search(16, 256, log=True)

Cell = Annotated[CellName, Search(), Help("Recurrent cell: lstm, gru or rnn.")]
HiddenSize = Annotated[int, _SIZE, SIZES, Help("Size of the hidden state of each layer.")]
NumLayers = Annotated[int, Range(ge=1, le=64), Search(1, 3), Help("Number of recurrent layers.")]
Bidirectional = Annotated[
    bool, Search(), Help("Whether each layer also reads from the end."), Flag("--bidirectional/--forward-only")
]
EmbeddingDim = Annotated[int, _SIZE, SIZES, Help("Size of the vector learned for each symbol.")]
Dropout = Annotated[
    float, _PROBABILITY, Search(0, 0.6), Help("Dropout probability between layers and before the output, in [0, 1).")
]
InputDropout = Annotated[
    float, _PROBABILITY, Search(0, 0.5), Help("Dropout probability of the inputs of each step, in [0, 1).")
]
SymbolDropout = Annotated[
    float,
    _PROBABILITY,
    Search(0, 0.3),
    Help("Probability that a symbol is read as the unknown one in training, in [0, 1)."),
]
LabelSmoothing = Annotated[
    float,
    _PROBABILITY,
    Search(0, 0.2),
    Help("Part of each target's probability that is spread evenly over all classes, in [0, 1)."),
]
Pooling = Annotated[
    PoolingName, Search(), Help("How the steps become one vector: last, mean, max, mean+max or attention.")
]
Tokens = Annotated[
    TokensName, Help("How texts are split: auto, words, characters, symbols or pieces, which are parts of words.")
]
MinCount = Annotated[int, Range(ge=1), Help("Occurrences that a symbol needs to enter the vocabulary.")]
Split = Annotated[
    SplitName,
    Help("Which examples are held out: stratified by class, shuffled, or tail, the last ones."),
]
ValidationFraction = Annotated[float, _PROBABILITY, Help("Fraction of the examples that is held out, in [0, 1).")]
BatchSize = Annotated[int, Range(ge=1), Search(4, 128, log=True), Help("Examples in an update.")]
OpenBatchSize = Annotated[int | None, Range(ge=1), Search(4, 128, log=True), Help("Examples in an update.")]
Members = Annotated[int, Range(ge=1, le=1024), Help("Networks trained and averaged.")]
OpenMembers = Annotated[int | None, Range(ge=1, le=1024), Help("Networks trained and averaged.")]
Epochs = Annotated[int | None, Range(ge=1), Help("Passes over the training data.")]
Patience = Annotated[
    int | None, Range(ge=1), Help("Evaluations without a better held-out loss after which training stops.")
]
Pretrained = Annotated[
    str | Path | None,
    Metavar("FILE"),
    Help("Word vectors to begin with, as text (GloVe, word2vec)."),
    Unset("none"),
]
LearningRate = Annotated[float, Range(gt=0, le=100), Search(3e-4, 3e-2, log=True), Help("Step size of the optimizer.")]
Schedule = Annotated[
    ScheduleName,
    Search(),
    Help(
        "Learning rate schedule: constant; cosine or linear, to 0 at the last epoch; exponential, times `decay` an "
        "epoch; plateau, times `decay` after two evaluations without improvement."
    ),
]
EmaDecay = Annotated[
    float,
    _PROBABILITY,
    Help("Decay of the exponential moving average of the weights that is evaluated and saved; 0 disables it."),
]
Column = Annotated[str | None, Range(min_length=1), Metavar("COLUMN"), Unset("guessed by its name")]
Columns = Annotated[
    list[str] | None, Metavar("COLUMNS"), Help("Columns of numbers, separated by commas."), Unset("all others")
]


@dataclass(kw_only=True, eq=False, repr=False)
class TrainingOptions:
    """Options of the training loop, whatever the network.

    Attributes:
        usual_epochs: Epochs where neither epochs nor minutes are given.
        searched: The options that a search tries where none are named.
        in_a_trial: Options of the trials of a search, which compare networks alone, unless they are given.
    """

    usual_epochs: ClassVar[int] = 8
    searched: ClassVar[tuple[str, ...]] = ("hidden_size", "num_layers", "dropout", "learning_rate")
    in_a_trial: ClassVar[dict[str, Any]] = {}
    _may_change: ClassVar[tuple[str, ...]] = ("epochs", "minutes", "patience")  # when a run is resumed

    batch_size: BatchSize = 64
    epochs: Epochs = None
    minutes: Annotated[float | None, Range(gt=0), Help("Time to train; the first limit reached counts.")] = None
    optimizer: Annotated[OptimizerName, Search(), Help("Optimizer: adam, sgd or rmsprop.")] = "adam"
    learning_rate: LearningRate = 2e-3
    momentum: Annotated[float, _PROBABILITY, Search(0, 0.99), Help("Momentum of sgd and rmsprop, in [0, 1).")] = 0.9
    weight_decay: Annotated[
        float,
        Range(ge=0, le=10),
        Search(1e-6, 0.1, log=True),
        Help('Weight decay coefficient; decoupled (AdamW) for "adam", added to the gradient otherwise.'),
    ] = 0.0
    ema_decay: EmaDecay = 0.0
    schedule: Schedule = "constant"
    decay: Annotated[
        float, Range(gt=0, lt=1), Search(0.1, 0.95), Help("Factor of the exponential and plateau schedules.")
    ] = 0.5
    clip: Annotated[
        float | None,
        Range(gt=0),
        Search(0.1, 10, log=True),
        Help("Largest global norm of the gradients."),
        Zero("does not clip"),
    ] = 5.0
    clip_value: Annotated[
        float | None, Range(gt=0), Help("Largest magnitude of a single gradient."), Zero("does not clip")
    ] = None
    validation_fraction: ValidationFraction = 0.1
    patience: Annotated[Patience, Unset("never")] = None
    evaluate_every: Annotated[
        int | None, Range(ge=1), Help("Updates between two evaluations."), Unset("an epoch, or an eighth of minutes")
    ] = None
    seed: Annotated[
        int, Range(ge=0, lt=2**63), Help("Seed of weights, dropout and order: same seed, same weights.")
    ] = 0

    def __post_init__(self) -> None:
        """Do nothing: an estimator checks its options here."""

    def _check_together(self) -> None:
        """Check that options agree with each other; a job adds its own checks.

        Raises:
            InputError: They do not.
        """
        if self.schedule in NEEDS_LENGTH and self.minutes is not None:
            raise InputError(f"schedule: {self.schedule} has to know where training ends: give epochs, not minutes")
        if self.patience is not None and self.validation_fraction == 0:
            raise InputError("patience: early stopping needs a held-out part: give validation_fraction a value above 0")


@dataclass(kw_only=True, eq=False, repr=False)
class RecurrentOptions(TrainingOptions):
    """Options of the recurrent layers, and of training."""

    cell: Cell = "lstm"
    hidden_size: HiddenSize = 128
    num_layers: NumLayers = 1
    dropout: Dropout = 0.0


@dataclass(kw_only=True, eq=False, repr=False)
class AnsweringOptions:
    """The option of jobs that choose what they answer with; their options extend this class too."""

    answer: AnswerOption = "best"


@dataclass(frozen=True)
class Declared:
    """One option as its field declares it."""

    name: str
    kind: Any
    default: Any
    marks: tuple[Any, ...]

    def mark(self, kind: type) -> Any:
        """Return the last mark of a kind, so that a job's own help replaces the shared one; or None."""
        return next((mark for mark in reversed(self.marks) if isinstance(mark, kind)), None)

    @property
    def optional(self) -> bool:
        """Tell whether None is a value."""
        return type(None) in get_args(self.kind)

    @property
    def base(self) -> Any:
        """The type without None."""
        rest = [one for one in get_args(self.kind) if one is not type(None)]
        return rest[0] if self.optional else self.kind

    @property
    def choices(self) -> tuple[Any, ...]:
        """The names of a Literal, or False and True; none of any other type."""
        return get_args(self.base) or ((False, True) if self.base is bool else ())


def declared(options: type[Any]) -> tuple[Declared, ...]:
    """Return the options that a dataclass declares: a job's own first, then the shared ones."""
    return _declared(cast(Hashable, options))


@cache  # reading the hints takes most of a millisecond, and a training asks some twenty times
def _declared(options: Any) -> tuple[Declared, ...]:
    hints = get_type_hints(options, include_extras=True)
    fields = {field.name: field for field in dataclasses.fields(options)}
    found = {}
    for name in _own_first(options, fields):
        hint = hints[name]
        plain, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        default = fields[name].default
        found[name] = Declared(name, plain | None if default is OPEN else plain, default, tuple(marks))
    return tuple(found.values())


def searchable(options: type[TrainingOptions]) -> tuple[Declared, ...]:
    """Return the options that a search may try."""
    return tuple(option for option in declared(options) if option.mark(Search) and PythonOnly not in option.marks)


def _own_first(options: type, names: Any) -> Iterator[str]:
    introduced = [name for base in options.__mro__ for name in vars(base).get("__annotations__", ()) if name in names]
    return iter(dict.fromkeys(introduced))


Kind = TypeVar("Kind", bound=TrainingOptions)


@cache
def _model(options: Any) -> Any:
    """Build the pydantic model that checks the values of some options."""
    from pydantic import ConfigDict, Field, create_model

    fields: dict[str, Any] = {}
    for option in declared(options):
        bounds = option.mark(Range)
        kind = Annotated[option.kind, Field(**bounds.keywords())] if bounds else option.kind
        fields[option.name] = (kind, option.default)
    config = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)
    return create_model(options.__name__, __config__=config, **fields)


def checked(options: type[Kind], values: dict[str, Any]) -> Kind:
    """Return options with some values, checked one by one and together.

    Raises:
        InputError: An option is unknown, of the wrong type or out of range; the message is about the first that is.
    """
    from pydantic import ValidationError

    known = [option.name for option in declared(options)]
    for name in values.keys() - set(known):
        near = difflib.get_close_matches(name, known, 1, cutoff=0.4)
        advice = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
        raise InputError(f"{name}: no such option: {advice}")
    try:
        model = _model(cast(Hashable, options))(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where}: {_lower(first['msg'])}, got {first['input']!r}") from error
    found = options(**{option.name: getattr(model, option.name) for option in declared(options)})
    found._check_together()
    return found


def values(options: TrainingOptions) -> dict[str, Any]:
    """Return the values that a model file holds, by name, as JSON can say them."""
    kept = [option.name for option in declared(type(options)) if Unsaved not in option.marks]
    found = {name: getattr(options, name) for name in kept}
    return {name: str(value) if isinstance(value, Path) else value for name, value in found.items()}


def resume_values(options: TrainingOptions) -> dict[str, Any]:
    """Return the values that a resumed run has to share with its checkpoint; how long it trains is free."""
    return {name: value for name, value in values(options).items() if name not in options._may_change}


def argument_lines(options: type[TrainingOptions]) -> list[str]:
    """Return the lines of a docstring's "Args", one for each option."""
    return [f"{option.name}: {_described(option)}" for option in declared(options)]


def _described(option: Declared) -> str:
    text = option.mark(Help).text
    unset = option.mark(Unset) or option.mark(Zero)
    return f"{text} None: {unset.meaning}." if unset and option.optional else text


def _lower(message: str) -> str:
    """Pydantic says "Input should be greater than 0"; inside our line that reads "should be greater than 0"."""
    return message.removeprefix("Input ").replace("'", "")
