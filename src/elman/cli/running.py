"""Run a training for a command, handle Ctrl-C, and print command lines that work from the user's folder."""

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from elman.cli.terminal import StoppedError, echo, print_grid
from elman.quoting import shown
from elman.rounding import brief
from elman.signals import exit_code


class Interruption:
    """Turns Ctrl-C in a training into one line that says how to go on, and exit code 130."""

    def __enter__(self) -> "Interruption":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not isinstance(error, KeyboardInterrupt):
            return
        from elman.train import Interrupted

        if isinstance(error, Interrupted):
            words = [word for word in sys.argv[1:] if word not in ("--resume", "--overwrite")]
            again = command([*words, "--resume"])
            raise StoppedError(f"{error}, everything is saved; go on with: {again}", exit_code(error))


def train_table(estimator: type[Any], options: dict[str, Any], run: dict[str, Any]) -> None:
    """Train an estimator on a table, and say how it did on the held-out rows."""
    with Interruption():
        model, files = fit_on_file(estimator, options, run)
        if model.duplicates_:
            echo(f"{model.duplicates_:,} held-out rows are in the training part too")
        if getattr(model, "unseen_tags_", 0):
            echo(f"{model.unseen_tags_:,} held-out sequences, with a tag that training never saw, are not in the loss")
        if model.held_out_ is not None:
            echo("\nheld out, where the best weights were chosen:")
            print_grid(model.held_out_.summary())
            echo()
        report(model, files)


def train_pairs(estimator: type[Any], options: dict[str, Any], run: dict[str, Any], inputs: str) -> None:
    """Train an estimator that writes texts, and say how many of its inputs are on both sides of the split."""
    with Interruption():
        model, files = fit_on_file(estimator, options, run)
        if model.duplicates_:
            echo(f"{model.duplicates_:,} held-out {inputs} are in the training part too")
        report(model, files)


def fit_on_file(estimator: type[Any], options: dict[str, Any], run: dict[str, Any]) -> tuple[Any, Any]:
    """Train an estimator on a file and return it, and the files of the run.

    Args:
        estimator: The class.
        options: Its options, by name.
        run: `file`, `output`, and what `fit` takes, by name.
    """
    from elman.train import RunFiles
    from elman.train.show import Show

    model, file = estimator(**options), run.pop("file")
    files = RunFiles.for_model(run.pop("output"))
    model.fit(file, files=files, callback=Show(), **run)
    if hasattr(model, "read_"):
        echo(f"{shown(file)}: {model.read_} read")
    echo_chosen(model)
    return model, files


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
        echo(f"{model.left_out_} held-out characters that training never saw were left out of the held-out loss")
    if progress.best is not None:
        echo(f"best held-out loss: {brief(progress.best)} {model.loss_unit}, after step {progress.best_step:,}")
    echo(f"gradients clipped in {progress.clipped_share:.1%} of {progress.step:,} updates")
    if model.picture_note_:
        echo(f"note: no picture of the losses: {model.picture_note_}")
    losses = "" if model.picture_note_ else f"   losses: {files.picture}"
    echo(f"model: {files.model}   metrics: {files.metrics}{losses}")


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
