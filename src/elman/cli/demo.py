"""Implement `elman demo`: train a network that writes text, in about ninety seconds."""

from pathlib import Path
from typing import Annotated

import typer

from elman.cli.running import Interruption
from elman.cli.terminal import echo

SAMPLE = 240


def demo(
    file: Annotated[
        Path | None,
        typer.Option(help="A text of your own, in UTF-8.", show_default="Python's help topics, no download"),
    ] = None,
    minutes: Annotated[float, typer.Option(help="Time to train.")] = 1.5,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="The folder for all output.")] = Path(
        "runs/demo"
    ),
    resume: Annotated[bool, typer.Option("--resume", help="Continue a demo that was stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier demo or another model.")] = False,
) -> None:
    """Train a character generator for about ninety seconds and print samples as it improves.

    Writes the model, its metrics as JSON lines, and a plot of the losses.
    """
    from elman.cli.running import next_commands, report
    from elman.data import bundled_text
    from elman.models.generate.estimator import demo_model
    from elman.models.generate.preprocess import opening
    from elman.train import RunFiles
    from elman.train.show import Show

    files = RunFiles.within(output)
    model = demo_model(minutes)
    text = file or bundled_text()
    show = Show(aside=lambda: model.generate(opening(text), length=SAMPLE).texts()[0].strip("\n"))
    with Interruption():
        model.fit(text, files=files, callback=show, resume=resume, overwrite=overwrite)
    report(model, files)
    echo("\nTry next:")
    for command in next_commands(files.model, opening(text).split()[0]):
        echo(f"  {command}")
