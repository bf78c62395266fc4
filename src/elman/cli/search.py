"""Implement `elman search`: one command for each job, which tries options of it and trains with the best."""

import functools
import os
from collections.abc import Callable
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from elman.cli import forecast, train
from elman.cli.jobs import Overwrite, TableFile, Test, command
from elman.cli.outputs import Commands
from elman.cli.running import command as shell_line
from elman.cli.terminal import StoppedError, echo, print_grid
from elman.cli.testing import divide
from elman.errors import InputError
from elman.forking import TRAINING, process_context
from elman.models.caption.options import CaptionerOptions
from elman.models.classify.options import ClassifierOptions
from elman.models.forecast.options import ForecasterOptions
from elman.models.generate.options import TextOptions
from elman.models.tag.options import TaggerOptions
from elman.models.translate.options import TranslatorOptions
from elman.models.vectors.options import FeedForwardOptions
from elman.options import Declared, Flag, Search, TrainingOptions, declared, searchable
from elman.quoting import shown
from elman.rounding import brief, counted
from elman.signals import exit_code

if TYPE_CHECKING:
    from elman.tuning.entry import Found, Tried

PRINTED = 10
"""Trials in the table at the end."""

app = Commands(
    help="Search for good options of a job, in any number of processes, and train a model with the best.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Storage = Annotated[
    Path,
    typer.Option(
        metavar="STUDY",
        help="The file of the study, such as study.log; every process that is given it shares its trials. NAME.plots/ "
        "is written next to it.",
        show_default=False,
    ),
]
TRAIN_AT_THE_END = "Train a model with the best options at the end: NAME.safetensors, and what `elman train` writes."
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="MODEL", help=TRAIN_AT_THE_END, show_default="the command is printed"),
]
Trials = Annotated[int, typer.Option(help="Trials of the study in the end, those of all processes together.")]
Workers = Annotated[
    int | None, typer.Option(help="Processes that run trials here, each on one thread.", show_default="processors")
]


@app.callback()
def _group() -> None:
    """Have one subcommand a job."""


def _named(options: type[TrainingOptions]) -> Any:
    """Return the type of `--search` with the options that a job can search, and their ranges."""
    can = "; ".join(f"{_typed(option.name)} {_range(option)}" for option in searchable(options))
    usual = ",".join(map(_typed, options.searched))
    mark = typer.Option(
        "--search",
        metavar="OPTIONS",
        help=f"Options to search, separated by commas: {can}.",
        show_default=f"{usual}, as far as they are not given",
    )
    return Annotated[str | None, mark]


def _range(option: Declared) -> str:
    mark: Search = option.mark(Search)
    if mark.low is None or mark.high is None:
        return "(on, off)" if option.base is bool else f"({', '.join(get_args(option.base))})"
    return f"({mark.low:g} to {mark.high:g})"


def _typed(name: str) -> str:
    return name.replace("_", "-")


def _add(job: str, options: type[TrainingOptions], estimator: str, run: Callable[..., None], **own: Any) -> None:
    """Add the command of a job.

    Args:
        job: its name.
        options: its options.
        estimator: the public name of its class.
        run: trains a model with given options, as `elman train` or `elman forecast` does.
        **own: what that command takes besides: a type with Typer's mark, and a default.
    """

    def search(values: dict[str, Any], given: dict[str, Any]) -> None:
        if given["workers"] is None:
            given["workers"] = os.cpu_count() or 1
        if given["workers"] > 1:
            process_context(TRAINING)  # before torch is imported here: its server does the same at the same time
        import elman

        _search(job, getattr(elman, estimator)(**values), functools.partial(run, values), given)

    search.__name__ = job
    search.__doc__ = f"""Search for good options of `elman {job if job == "forecast" else f"train {job}"}`.

    Each trial trains with other options and is measured by its held-out loss; one that is worse than most were is
    stopped early. The same command again goes on, here or on another machine with the same files. Options that are
    given hold in every trial.
    """
    before: dict[str, tuple[Any, Any]] = {
        "typed": (typer.Context, Parameter.empty),
        "file": (own.pop("file", TableFile), Parameter.empty),
        "storage": (Storage, Parameter.empty),
        "trials": (Trials, 40),
        "search": (_named(options), None),
        "workers": (Workers, None),
        "output": (Output, None),
    }
    app.command(job)(command(options, search, of_run={"overwrite": (Overwrite, False)}, **before, **own))


def _search(job: str, model: Any, run: Callable[..., None], given: dict[str, Any]) -> None:
    """Search, print what was found, and train with the best options.

    Args:
        job: its name.
        model: an estimator with the options that were given.
        run: called with the options of the best trial and what else the job's own command takes.
        given: what the command was given besides options.
    """
    import elman
    from elman.train.run import RunFiles, check_run

    storage, trials, workers = (given.pop(name) for name in ("storage", "trials", "workers"))
    fixed = _typed_options(model, given.pop("typed"))
    names = _names(model, given.pop("search"), fixed)
    files = RunFiles.for_model(given["output"]) if given["output"] else None
    check_run({"files": files, "resume": True, "overwrite": given["overwrite"]})  # before a search of hours
    data = divide(model, given["file"], given.get("test"), given.get("errors", "strict")).training
    if given.get("errors", "strict") != "strict" and isinstance(data, Path):
        from elman.data.text import whole_text

        data = whole_text(data, given["errors"])
    try:
        found = elman.search(
            model,
            data,
            storage=storage,
            trials=trials,
            options=names,
            workers=workers,
            on_trial=functools.partial(_echo_trial, unit=model.loss_unit),
        )
    except KeyboardInterrupt as error:
        raise StoppedError(
            f"stopped; {shown(storage)} has every trial that has ended: the same command goes on", exit_code(error)
        ) from None
    _echo_found(found, storage)
    if given["output"] is None:
        line = ["forecast"] if job == "forecast" else ["train", job]
        words = _words(model.options, fixed | found.options)
        echo(f"train with them: {shell_line([*line, str(given['file']), *words, '-o', 'MODEL'])}")
        return
    echo("\ntraining with the best options")
    run(found.options, given)


def _typed_options(model: Any, context: typer.Context) -> dict[str, Any]:
    """Return the options that were given in this command, by name."""
    options = model.get_params(deep=False)
    sources = {name: context.get_parameter_source(name) for name in options}
    given = {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}
    return {name: value for name, value in options.items() if name in given}


def _names(model: Any, typed: str | None, fixed: dict[str, Any]) -> list[str]:
    """Return the names of the options to search.

    Raises:
        InputError: one has a value in this command as well.
    """
    if typed is None:
        return [name for name in model.options.searched if name not in fixed]
    names = [word.strip().removeprefix("--").replace("-", "_") for word in typed.split(",") if word.strip()]
    for name in names:
        if name in fixed:
            raise InputError(f"--search: {_typed(name)} has a value in this command as well: leave one of them out")
    return names


def _words(options: type[TrainingOptions], values: dict[str, Any]) -> list[str]:
    """Return the words that give options to a command."""
    words = []
    for option in declared(options):
        if option.name not in values:
            continue
        value, flag = values[option.name], option.mark(Flag)
        if isinstance(value, bool):
            on, off = flag.names.split("/") if flag else (f"--{_typed(option.name)}", f"--no-{_typed(option.name)}")
            words.append(on if value else off)
        else:
            typed = ",".join(map(str, value)) if isinstance(value, list) else str(0 if value is None else value)
            words += [f"--{_typed(option.name)}", typed]
    return words


def _echo_trial(trial: "Tried", *, unit: str) -> None:
    loss = "no result" if trial.loss is None else f"{brief(trial.loss)} {unit}"
    ended = f", stopped early{': ' * bool(trial.note)}{trial.note}" if trial.pruned else ""
    echo(f"trial {trial.number}: {loss}{ended}  {_spoken(trial.options)}")


def _spoken(options: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_cell(value)}" for name, value in options.items())


def _cell(value: Any) -> str:
    return brief(value) if isinstance(value, float) else str(value)


def _echo_found(found: "Found", storage: Path) -> None:
    """Print the best trials, and draw the plots."""
    from elman.models.estimator.reports import Grid

    complete = sorted((t for t in found.trials if not t.pruned), key=lambda trial: trial.loss or 0.0)
    names = list(found.options)
    rows: list[list[Any]] = [
        [str(t.number), t.loss, *(_cell(t.options[name]) for name in names)] for t in complete[:PRINTED]
    ]
    stopped = len(found.trials) - len(complete)
    echo(f"\n{counted(len(found.trials), 'trial')}, {stopped:,} stopped early; the best:")
    print_grid(Grid(["trial", found.loss_unit, *map(_typed, names)], rows))
    folder = storage.with_suffix(".plots")
    pictures = found.save_plots(folder)
    echo(f"\nplots: {', '.join(map(str, pictures))}")


def _trained(run: Callable[[dict[str, Any], dict[str, Any]], None]) -> Callable[..., None]:
    """Return what trains a model with options and those of the best trial, going on where a training was stopped."""

    def again(options: dict[str, Any], best: dict[str, Any], given: dict[str, Any]) -> None:
        run(options | best, given | {"resume": not given["overwrite"], "checkpoint_seconds": 60.0})

    return again


_TEST = {"test": (Test, None)}
_ERRORS = {"errors": (train.TEXT_ERRORS, "strict")}
_FORECAST = {"levels": (forecast.Levels, "95"), "origins": (forecast.Origins, None)}
_file = train.file_argument

_add("text", TextOptions, "TextGenerator", _trained(train.text), file=_file(train.TEXT), **_TEST, **_ERRORS)
_add("classify", ClassifierOptions, "SequenceClassifier", _trained(train.classify), **_TEST)
_add("translate", TranslatorOptions, "Translator", _trained(train.translate), **_TEST)
_add("caption", CaptionerOptions, "Captioner", _trained(train.caption), file=_file(train.IMAGES), **_TEST)
_add("tag", TaggerOptions, "SequenceTagger", _trained(train.tag), file=_file(train.TAGGED), **_TEST)
_add("vectors", FeedForwardOptions, "FeedForward", _trained(train.vectors), **_TEST)
_add("forecast", ForecasterOptions, "Forecaster", _trained(forecast.forecast), file=forecast.File, **_FORECAST)
