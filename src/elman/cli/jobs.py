"""Make the command of a job from the declared options of its estimator (`elman/options.py`).

The command line and the constructor thus have the same options, defaults and descriptions. `--help` imports the module
of the options, never torch.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from elman.options import Declared, Flag, Help, Metavar, PythonOnly, TrainingOptions, Unset, Zero, declared

Output = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="MODEL",
        help="The model to write, NAME.safetensors; NAME.checkpoint.safetensors, NAME.metrics.jsonl and "
        "NAME.loss.png are written next to it.",
        show_default=False,
    ),
]
TableFile = Annotated[
    Path,
    typer.Argument(help="The table: .csv, .tsv, .jsonl or .parquet, with the answers in a column.", show_default=False),
]
Test = Annotated[
    Path | None,
    typer.Option(
        metavar="SHARE|FILE",
        help="What to test the model on at the end: another file, or a share of the file, above 0 and below 1, that "
        "training never sees: rows, whole series or sentences, the end of a text.",
        show_default="none",
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue from the checkpoint, with bit-identical results.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing model or unfinished run.")]
TensorBoardFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="Also write the losses for TensorBoard, to a folder of this training.", show_default="none"
    ),
]
CheckpointSeconds = Annotated[float, typer.Option(help="Seconds between two checkpoints.")]
RUN: dict[str, tuple[Any, Any]] = {
    "resume": (Resume, False),
    "overwrite": (Overwrite, False),
    "checkpoint_seconds": (CheckpointSeconds, 60.0),
    "tensorboard": (TensorBoardFolder, None),
}
"""The options of every run: they say where it keeps its files, not what it computes."""


def command(
    options: type[TrainingOptions],
    run: Callable[[dict[str, Any], dict[str, Any]], None],
    *,
    of_run: dict[str, tuple[Any, Any]] = RUN,
    **own: Any,
) -> Callable[..., None]:
    """Return a function that Typer makes a command of.

    Args:
        options: The options of the job.
        run: Called with the job's options and with the others, each by name; its docstring is the help.
        of_run: Options that come after those of the job.
        **own: What the command takes beside the options: a type with Typer's mark, and a default or `Parameter.empty`.
    """
    offered = {option.name: option for option in declared(options) if PythonOnly not in option.marks}

    def called(**given: Any) -> None:
        values = {name: _value(option, given[name]) for name, option in offered.items()}
        run(values, {name: value for name, value in given.items() if name not in offered})

    parameters = [*_own(own), *map(_parameter, offered.values()), *_own(of_run)]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    called.__doc__ = run.__doc__
    called.__name__ = run.__name__
    return called


def _own(named: dict[str, tuple[Any, Any]]) -> Iterator[Parameter]:
    for name, (kind, default) in named.items():
        yield Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=default)


def _parameter(option: Declared) -> Parameter:
    kind, default = _typed(option), option.default
    if option.mark(Zero) and default is None:
        default = 0
    names = [option.mark(Flag).names] if option.mark(Flag) else []
    mark = typer.Option(
        *names,
        help=_help(option),
        metavar=option.mark(Metavar) and option.mark(Metavar).name,
        show_default=_shown(option),
    )
    return Parameter(option.name, Parameter.KEYWORD_ONLY, annotation=Annotated[kind, mark], default=default)


def _typed(option: Declared) -> Any:
    """Return the type of a value as it is typed: a list is words between commas, a choice is one of its names."""
    base = option.base
    if base in (int, float, bool):
        kind: Any = base
    elif Path in get_args(option.kind):
        kind = Path
    else:
        kind = str
    return kind | None if option.optional and not option.mark(Zero) else kind


def _help(option: Declared) -> str:
    text: str = option.mark(Help).text
    zero = option.mark(Zero)
    return f"{text} 0 {zero.meaning}." if zero else text


def _shown(option: Declared) -> bool | str:
    unset = option.mark(Unset)
    return unset.meaning if unset and option.default is None else option.default is not None or bool(option.mark(Zero))


def _value(option: Declared, typed: Any) -> Any:
    if option.mark(Zero) and typed == 0:
        return None
    if isinstance(typed, str) and int in get_args(option.kind) and re.fullmatch("[-+]?[0-9]{1,9}", typed):
        return int(typed)
    if getattr(option.base, "__origin__", None) is list and typed is not None:
        return [word.strip() for word in typed.split(",") if word.strip()] or None
    return typed
