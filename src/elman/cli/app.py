"""Assemble the commands, one line each."""

from typing import Annotated

import typer

from elman import __version__
from elman.cli import (
    check,
    data,
    demo,
    diagnose,
    draw,
    exercise,
    explain,
    forecast,
    generate,
    info,
    predict,
    train,
)
from elman.cli.outputs import Commands
from elman.cli.terminal import echo

app = Commands(
    name="elman",
    help="Train recurrent neural networks on files, examine them, and work small ones by hand.",
    epilog="Try first: elman demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich's help costs a tenth of a second at every start
)
app.command(short_help="Train a network that writes text, in about ninety seconds.")(demo.demo)
app.command(short_help="List small data sets for every job, or write some of them.")(data.data)
app.add_typer(train.app, name="train")
app.command()(generate.generate)
app.command("forecast")(forecast.run)
app.command()(predict.predict)
app.command()(predict.evaluate)
app.command(short_help="Work a small network by hand, number by number.")(explain.explain)
app.command(short_help="Mark a student's numbers and name the mistakes.")(check.check)
app.command(short_help="Make a practice sheet with its key.")(exercise.exercise)
app.command(short_help="Find vanishing and exploding gradients in a model, with the evidence.")(diagnose.diagnose)
app.add_typer(draw.app, name="draw")
app.command()(info.info)


def _version(wanted: bool) -> None:
    if wanted:
        echo(f"elman {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; allowed anywhere in the line.")
    ] = False,
) -> None:
    """Declare the options of `elman` itself; `main` has already taken `--debug` out of the line."""
