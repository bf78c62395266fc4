"""Check, before a command does anything, that it writes none of the files that it reads.

This is done for every command: `Commands` is the Typer of all of them. A parameter that holds a path is read, unless
its name is in `WRITTEN`; `tests/cli/test_outputs.py` holds every command to that.
"""

import math
import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo

from elman.cli.terminal import StoppedError
from elman.errors import InputError
from elman.files import check_writable
from elman.quoting import quote, shown
from elman.signals import exit_code

WRITTEN = {"output", "save", "picture", "storage", "tensorboard"}
"""Names of the options whose file is written."""
MADE = {"MODEL", "TABLE|FOLDER", "FOLDER", "STUDY", "DIR"}
"""Metavariables of the outputs whose folder is made."""
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Commands(typer.Typer):
    """A group of commands that check their outputs before they begin, and which Ctrl-C ends in one line."""

    def command(self, *names: Any, **options: Any) -> Callable[[_Function], _Function]:
        """Add a command."""
        add = super().command(*names, **options)

        def added(function: _Function) -> _Function:
            add(_checked(function))
            return function

        return added


def _checked(function: _Function) -> _Function:
    @wraps(function)
    def run(**values: Any) -> Any:
        try:
            check_numbers(values)
            check_outputs(function, values)
            return function(**values)
        except KeyboardInterrupt as error:  # Typer would end without a word
            raise StoppedError("stopped", exit_code(error)) from None

    return run  # type: ignore[return-value]


def check_numbers(values: dict[str, Any]) -> None:
    """See that every number is one that a machine can count to; the range of each option is the library's to check.

    Raises:
        InputError: one is infinite, no number, or too large.
    """
    for name, value in values.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{option}: expected a finite number, got {value}")
        if isinstance(value, int) and abs(value) >= 2**63:
            raise InputError(f"{option}: expected a whole number less than 2^63, got {quote(value)}")


def check_outputs(command: Callable[..., Any], values: dict[str, Any]) -> None:
    """See that no output of a command is one of its inputs or another of its outputs, and that each can be written.

    Raises:
        InputError: it is, by whatever path, or cannot.
    """
    read, written = paths_of(command)
    inputs = [Path(values[name]) for name in read if values[name] is not None]
    models = [path for path in inputs if path.suffix == ".safetensors"]
    seen = {_identity(path): "a file of a model" for model in models for path in _run_files(model)}
    seen |= {_identity(path): "an input" for path in inputs}
    for name, metavar in written.items():
        for path in _files(command, metavar, values[name]) if values[name] is not None else ():
            same = _identity(path)
            if same in seen:
                raise InputError(f"{shown(path)}: this file is {seen[same]} of this command as well: choose another")
            seen[same] = "another output"
            table = metavar == "TABLE|FOLDER" and path.parent.is_dir()
            if metavar not in MADE or (table and not path.is_dir()):
                check_writable(path)


def paths_of(command: Callable[..., Any]) -> tuple[list[str], dict[str, str | None]]:
    """Return the parameters of a command that may name a file to read, and those that name one to write: metavariables.

    An argument that is text, such as a worksheet's, may name one to read.
    """
    read, written = [], {}
    for name, (types, info) in _parameters(command).items():
        argument = type(info) is ArgumentInfo
        if Path in types and name in WRITTEN:
            written[name] = info.metavar
        elif Path in types or (argument and str in types):
            read.append(name)
    return read, written


def _parameters(command: Callable[..., Any]) -> dict[str, tuple[tuple[Any, ...], Any]]:
    hints = get_type_hints(command, include_extras=True)
    annotated = {name: hint for name, hint in hints.items() if get_origin(hint) is Annotated}
    parts = {name: get_args(hint)[:2] for name, hint in annotated.items()}
    return {name: ((hint, *get_args(hint)), info) for name, (hint, info) in parts.items()}


def _files(command: Callable[..., Any], metavar: str | None, path: Path) -> list[Path]:
    """Return the files that an output stands for."""
    if metavar == "MODEL":
        return _run_files(path, forecast=command.__name__ == "forecast")
    if metavar == "FOLDER":
        from elman.train.run import RunFiles

        return RunFiles.within(path).all
    return [path]


def _run_files(model: Path, *, forecast: bool = False) -> list[Path]:
    from elman.train.run import RunFiles, forecast_files

    return [*RunFiles.for_model(model).all, *(forecast_files(model) if forecast else ())]


def _identity(path: Path) -> Any:
    """Return what two paths of one file share: the file's number where it is there, else the path without links."""
    try:
        state = path.stat()
    except (OSError, ValueError):
        return os.path.realpath(path)
    return state.st_dev, state.st_ino
