"""`elman generate`: let a trained model write."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.terminal import echo, write


def generate(
    model: Annotated[Path, typer.Argument(help="A model that `elman train text` wrote.", show_default=False)],
    *,
    prompt: Annotated[str, typer.Option(help="What to write on from.", show_default="the beginning of a line")] = "",
    length: Annotated[int, typer.Option(help="Characters to write at most.")] = 500,
    temperature: Annotated[
        float, typer.Option(help="Above 1 bolder, below 1 safer, 0 always the likeliest character.")
    ] = 0.8,
    top_k: Annotated[
        int | None, typer.Option(help="Choose among the k likeliest characters.", show_default="all")
    ] = None,
    top_p: Annotated[float, typer.Option(help="Choose among the fewest characters that hold this probability.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Same seed, same text.")] = 0,
    stop: Annotated[str | None, typer.Option(help="Stop once this string is written.", show_default="never")] = None,
    samples: Annotated[int, typer.Option(help="Texts to write, a line of dashes between them.")] = 1,
) -> None:
    """Write text with a trained model, shown as it comes."""
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
    # A model of a hostile text may write what a terminal obeys; a file gets what it wrote.
    show = partial(echo, end="") if sys.stdout.isatty() else write
    shown = -1
    for piece in writing:
        if piece.sample != shown:
            show(("\n" + "-" * 40 + "\n" if piece.sample else "") + prompt)
            shown = piece.sample
        show(piece.text)
    echo()
