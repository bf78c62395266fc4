"""Implement `elman draw`: pictures that need no model."""

from pathlib import Path
from typing import Annotated

import typer

from elman.cli.outputs import Commands

app = Commands(help="Draw a network.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Keep `unrolled` a subcommand while it is the only one."""


@app.command()
def unrolled(
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="The .svg, .png or .pdf to write.", show_default=False),
    ],
    cell: Annotated[str, typer.Option(help="Recurrent cell: rnn, gru or lstm.")] = "rnn",
    shape: Annotated[
        str,
        typer.Option(help="Shape of the job: one-to-one, one-to-many, many-to-one, many-to-many or encoder-decoder."),
    ] = "many-to-many",
    steps: Annotated[
        int | None, typer.Option(help="Number of time steps.", show_default="one for each word, or 4")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="Words under the inputs, separated by spaces.")] = None,
    outputs: Annotated[str | None, typer.Option(help="Words over the outputs, separated by spaces.")] = None,
    bidirectional: Annotated[
        bool, typer.Option("--bidirectional", help="Add a second direction that reads from the end.")
    ] = False,
    layers: Annotated[int, typer.Option(help="Number of layers.")] = 1,
) -> None:
    """Draw a recurrent network unrolled in time."""
    from elman.pictures import save
    from elman.pictures import unrolled as draw

    picture = draw(
        cell,
        shape,
        steps=steps,
        labels=None if labels is None else labels.split(),
        outputs=None if outputs is None else outputs.split(),
        bidirectional=bidirectional,
        layers=layers,
    )
    save(picture, output)
