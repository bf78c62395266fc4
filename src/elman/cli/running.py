"""Run a training for a command, handle Ctrl-C, and print command lines that work from the user's folder."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import typer

from elman import launch
from elman.cli.terminal import StoppedError, echo, print_grid
from elman.cli.testing import Divided, divide, echo_test
from elman.options import NEEDS_LENGTH
from elman.quoting import shown
from elman.rounding import brief, counted
from elman.signals import exit_code


class Interruption:
    """Turns Ctrl-C in a training into one line that says how to go on, and exit code 130."""

    def __enter__(self) -> "Interruption":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not isinstance(error, KeyboardInterrupt):
            return
        from elman.train import Interrupted

        if isinstance(error, Interrupted) and launch.ranks() > 1:
            raise StoppedError(f"{error}, everything is saved; start all ranks again with --resume", exit_code(error))
        if isinstance(error, Interrupted):
            words = [word for word in sys.argv[1:] if word not in ("--resume", "--overwrite")]
            again = command([*words, "--resume"])
            raise StoppedError(f"{error}, everything is saved; go on with: {again}", exit_code(error))


def train_table(estimator: type[Any], options: dict[str, Any], run: dict[str, Any]) -> None:
    """Train an estimator on a table, and say how it did on the held-out rows."""
    with Interruption():
        model, files, divided = fit_on_file(estimator, options, run)
        _echo_duplicates(model)
        if getattr(model, "unseen_tags_", 0):
            echo(f"held-out sequences with a tag that training never saw, left out of the loss: {model.unseen_tags_:,}")
        if model.held_out_ is not None:
            grid = model.held_out_.summary()
            echo(f"\n{_held_out(model, grid.examples)}:")
            print_grid(grid)
            echo()
        report(model, files)
        echo_test(model, divided)


def train_pairs(estimator: type[Any], options: dict[str, Any], run: dict[str, Any]) -> None:
    """Train an estimator that writes texts, say how many inputs are on both sides of the split, and how it did."""
    with Interruption():
        model, files, divided = fit_on_file(estimator, options, run)
        _echo_duplicates(model)
        if model.held_out_ is not None:
            echo(f"\n{model.held_out_.title}:")
            for grid in model.held_out_.grids:
                print_grid(grid)
            for note in model.held_out_.notes:
                echo(note)
            echo()
        report(model, files)
        echo_test(model, divided)


def fit_on_file(estimator: type[Any], options: dict[str, Any], run: dict[str, Any]) -> tuple[Any, Any, Divided]:
    """Train an estimator on a file and return it, the files of the run, and what it is to be tested on.

    Args:
        estimator: The class.
        options: Its options, by name.
        run: `file`, `output`, `test`, and what `fit` takes, by name.
    """
    from elman.train import RunFiles
    from elman.train.show import Show

    model, file = estimator(**options), run.pop("file")
    files = RunFiles.for_model(run.pop("output"))
    divided = divide(model, file, run.pop("test"), run.get("errors", "strict"))
    callback = [Show(), *tensorboard(run.pop("tensorboard", None))]
    model.fit(divided.training, files=files, callback=callback, **run)
    end_other_ranks()
    if hasattr(model, "read_"):
        echo(f"{shown(file)}: {model.read_} read")
    echo_chosen(model)
    return model, files, divided


def end_other_ranks() -> None:
    """End the command on all ranks of a `torchrun` but the first, which reports on the model that all have trained."""
    if launch.rank() != launch.FIRST:
        raise typer.Exit


def tensorboard(folder: Path | None) -> list[Any]:
    """Return the callback that writes for TensorBoard, or none."""
    if folder is None:
        return []
    from elman.train import TensorBoard

    return [TensorBoard(folder)]


def echo_chosen(model: Any) -> None:
    """Say which options a training chose for the data, if any."""
    if model.chosen_:
        chosen = ", ".join(f"{name} {value}" for name, value in model.chosen_.items())
        echo(f"chosen for {getattr(model, 'read_', 'the data')}: {chosen}")


def report(model: Any, files: Any) -> None:
    """Say how a training ended and where everything is."""
    if model.answer_:
        echo(model.answer_.line(model.loss_unit))
    progress = model.progress_
    if getattr(model, "left_out_", 0):
        echo(f"held-out characters that training never saw, left out of the loss: {model.left_out_:,}")
    if progress.best is not None:
        taught, held_out = model.examples_ or (0, 0)
        size = f" on {held_out:,} of {counted(taught + held_out, model.example)}" if held_out else ""
        echo(f"best held-out loss: {brief(progress.best)} {model.loss_unit}{size}, after step {progress.best_step:,}")
    if end := ending(model):
        echo(end)
    echo(f"gradients clipped in {progress.clipped_share:.1%} of {counted(progress.step, 'update')}")
    if model.picture_note_:
        echo(f"note: no picture of the losses: {model.picture_note_}")
    losses = "" if model.picture_note_ else f"   losses: {files.picture}"
    echo(f"model: {files.model}   metrics: {files.metrics}{losses}")


def ending(model: Any) -> str:
    """Return what ended a training, and what to do if it was still improving; "" where there is nothing to say."""
    progress, options = model.progress_, model.get_params(deep=False) | model.chosen_
    patience, minutes = options["patience"], options["minutes"]
    if patience is not None and progress.worse >= patience:
        return f"stopped early: no better held-out loss in {counted(patience, 'evaluation')} (--patience)"
    if progress.best is None or progress.best_step < progress.step:
        return ""
    if minutes is not None:
        more = f"--minutes {2 * minutes:g}"
    else:
        more = f"--epochs {2 * (options['epochs'] or model.options.usual_epochs)}"
    again = "--overwrite" if options["schedule"] in NEEDS_LENGTH else "--resume"
    return f"still improving at the end: train longer, such as with {again} {more}"


def _held_out(model: Any, measured: int) -> str:
    """Return what the scores of a training were measured on."""
    taught, held_out = model.examples_
    if not held_out:
        return f"cross-validated, {counted(measured, model.example)}, each predicted by a model that had not seen it"
    return f"held out, {measured:,} of {counted(taught + measured, model.example)}, where the best weights were chosen"


def _echo_duplicates(model: Any) -> None:
    if model.duplicates_:
        echo(f"held-out {model.example}s that are in the training part too: {model.duplicates_:,}")


def next_commands(model: Path, prompt: str) -> list[str]:
    """Return three commands worth trying next."""
    generate = ["generate", str(model), "--prompt", prompt]
    own = ["train", "text", "YOUR.txt", "-o", "runs/yours.safetensors"]
    bold = [*generate, "--temperature", "1.2", "--samples", "3", "--length", "150"]
    return [command(words) for words in (generate, bold, own)]


def command(words: Sequence[str]) -> str:
    """Return a line for the shell that runs `elman` with these words."""
    return shlex.join([*program(), *words])


def program() -> list[str]:
    """Return the words that start this `elman`: the bare name where the search path leads to it, else its place."""
    here = _script()
    if here is None:
        return [_shown(Path(sys.executable)), "-m", "elman"]
    found = shutil.which("elman")
    if found and os.path.samefile(found, here):
        return ["elman"]
    return [_shown(here)]


def _script() -> Path | None:
    """Return the script that this program was started by, or the one that was installed with it."""
    started = Path(sys.argv[0])
    places = [started] if started.stem == "elman" else []
    places += [Path(sys.executable).parent / name for name in ("elman", "elman.exe")]
    return next((place.absolute() for place in places if place.is_file()), None)


def _shown(place: Path) -> str:
    """Return a path from the working folder where it is below that, else in full."""
    try:
        return str(place.relative_to(Path.cwd()))
    except ValueError:
        return str(place)
