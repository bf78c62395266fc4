"""Implement `elman generate`: write text with a trained model."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.terminal import echo, write


def generate(
    model: Annotated[Path, typer.Argument(help="A model that `elman train text` wrote.", show_default=False)],
    *,
    prompt: Annotated[str, typer.Option(help="Text to continue.", show_default="the beginning of a line")] = "",
    length: Annotated[int, typer.Option(help="Maximum number of characters to write.")] = 500,
    temperature: Annotated[
        float,
        typer.Option(
            help="Sampling temperature: above 1 more varied, below 1 safer, 0 always the most probable character."
        ),
    ] = 0.8,
    top_k: Annotated[
        int | None, typer.Option(help="Sample from the k most probable characters only.", show_default="all")
    ] = None,
    top_p: Annotated[
        float, typer.Option(help="Sample from the fewest characters that together have this probability.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Random seed: the same seed gives the same text.")] = 0,
    stop: Annotated[str | None, typer.Option(help="Stop after this string.", show_default="never")] = None,
    samples: Annotated[int, typer.Option(help="Number of texts, separated by a line of dashes.")] = 1,
) -> None:
    """Write text with a trained model, character by character."""
    import elman

    writing = elman.load(model, elman.TextGenerator).generate(
        prompt,
        length=length,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        seed=seed,
        stop=stop,
        samples=samples,
    )
    # A model of a hostile text may write control sequences: escape them on a terminal, not in a file.
    show = partial(echo, end="") if sys.stdout.isatty() else write
    shown = -1
    for piece in writing:
        if piece.sample != shown:
            show(("\n" + "-" * 40 + "\n" if piece.sample else "") + prompt)
            shown = piece.sample
        show(piece.text)
    echo()
