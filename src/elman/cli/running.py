"""What the training commands share: Ctrl-C, and the hand-over from options to the library."""

import shlex
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import typer


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
            again = shlex.join(["elman", *words, "--resume"])
            typer.echo(f"elman: {error}, everything is saved; go on with: {again}", err=True)
            raise typer.Exit(130)


def train_text(options: dict[str, Any]) -> None:
    """Train on a file with the options of `elman train text`, and say what was left where."""
    from elman import TextGenerator
    from elman.train import RunFiles
    from elman.train.show import Show

    fit_only = {"resume", "overwrite", "errors", "checkpoint_seconds"}
    fit = {name: options[name] for name in fit_only}
    files = RunFiles.beside(options["output"])
    model = TextGenerator(**_model_options(options, {*fit_only, "file", "output", "one_hot"}))
    model.fit(options["file"], files=files, listener=Show(), **fit)
    report(model, files)


def _model_options(options: dict[str, Any], others: set[str]) -> dict[str, Any]:
    """Return the options that the model itself takes; on the command line 0 stands for no clipping."""
    kept = {name: value for name, value in options.items() if name not in others}
    kept["clip"] = kept["clip"] or None
    kept["clip_value"] = kept["clip_value"] or None
    if options["one_hot"]:
        kept["embedding"] = None
    return kept


def report(model: Any, files: Any) -> None:
    """Say how a training ended and where everything is."""
    progress = model.progress_
    if model.left_out_:
        typer.echo(f"{model.left_out_} held-out characters that training never saw were left out of the held-out loss")
    if progress.best is not None:
        typer.echo(f"best held-out loss: {progress.best:.3f} nats/char, after step {progress.best_step:,}")
    typer.echo(f"gradients clipped in {progress.clipped_share:.1%} of {progress.step:,} updates")
    typer.echo(f"model: {files.model}   metrics: {files.metrics}   losses: {files.picture}")


def next_commands(model: Path, prompt: str) -> list[str]:
    """Return three commands worth trying next."""
    generate = ["elman", "generate", str(model), "--prompt", prompt]
    own = ["elman", "train", "text", "YOUR.txt", "-o", "runs/yours.safetensors"]
    bold = [*generate, "--temperature", "1.2", "--samples", "3", "--length", "150"]
    return [shlex.join(words) for words in (generate, bold, own)]
