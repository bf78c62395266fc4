"""Assemble the commands, one line each, and implement `elman --version` and `elman info`."""

from typing import Annotated

import typer

from elman import __version__
from elman.cli import demo, diagnose, draw, explain, forecast, predict, search, train
from elman.cli.outputs import Commands
from elman.cli.terminal import echo, print_table

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
app.command(short_help="List small data sets for every job, or write some of them.")(demo.data)
app.add_typer(train.app, name="train")
app.add_typer(search.app, name="search")
app.command()(predict.generate)
app.command("forecast")(forecast.run)
app.command()(predict.predict)
app.command()(predict.evaluate)
app.command(short_help="Work a small network by hand, number by number.")(explain.explain)
app.command(short_help="Mark a student's numbers and name the mistakes.")(explain.check)
app.command(short_help="Make a practice sheet with its key.")(explain.exercise)
app.command(short_help="Find vanishing and exploding gradients in a model, with the evidence.")(diagnose.diagnose)
app.add_typer(draw.app, name="draw")


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


@app.command()
def info() -> None:
    """Show versions, the machine, and the kernels in use."""
    import os
    import platform

    import torch

    from elman import __version__, kernels
    from elman.ops.dispatch import choose

    choice = choose(torch.float32, torch.device("cpu"))
    lines = {
        "elman": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "torch": torch.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "threads": f"{torch.get_num_threads()} of {os.cpu_count()} processors",
        "kernels": f"native, {kernels.instruction_set()}"
        if choice.name == "native"
        else f"{choice.name}: {choice.reason}",
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }
    print_table(lines.items())
