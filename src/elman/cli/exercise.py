"""`elman exercise`: a fresh worksheet with its key. Parses, makes one call, prints."""

import os
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.terminal import echo
from elman.errors import InputError


def exercise(
    cell: Annotated[str, typer.Option(help="rnn, lstm or gru.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same sheet.")] = 0,
    *,
    result: Annotated[str, typer.Option("--result", help="sigmoid (one output) or softmax (two).")] = "sigmoid",
    steps: Annotated[int, typer.Option(help="The length of the sequence, 2 to 6.")] = 3,
    hidden: Annotated[int, typer.Option(help="The units, 2 to 4.")] = 2,
    inputs: Annotated[int, typer.Option(help="The size of an input vector, 1 to 4.")] = 2,
    reset: Annotated[str, typer.Option(help="Of a gru: before or after the matrix product.")] = "after",
    z: Annotated[str, typer.Option(help="Of a gru: keep or take.")] = "keep",
    digits: Annotated[int, typer.Option(help="Decimals, 2 to 8.")] = 4,
    kind: Annotated[str, typer.Option("--format", help="terminal, markdown, latex, ipynb.")] = "terminal",
    ascii_only: Annotated[bool, typer.Option("--ascii", help="No signs beyond ASCII.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Also write the worksheet as YAML, for explain and check.")
    ] = None,
) -> None:
    """Print a fresh worksheet with gaps, and its key: short numbers that tell every known mistake apart."""
    # Looking for plugins of pydantic reads the metadata of every installed package: a tenth of the whole start.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from elman.files import write_atomically
    from elman.worked.entry import explain
    from elman.worked.marking.teaching import as_yaml
    from elman.worked.marking.teaching import exercise as make

    sheet = make(cell, seed, output=result, steps=steps, hidden=hidden, inputs=inputs, reset=reset, z=z, digits=digits)
    if output is not None:
        if output.suffix.lower() not in {".yaml", ".yml"}:
            got = output.suffix or "no ending"
            raise InputError(f"{output}: expected a file that ends in .yaml or .yml, got {got}; name another with -o")
        write_atomically(output, as_yaml(sheet).encode("utf-8"))
    echo(explain(sheet).to(kind, blank=True, ascii=ascii_only), end="")
