"""Measure a text generator on another text, and on each line of one."""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elman.data import Alphabet
from elman.data.text import whole_text
from elman.errors import DataError
from elman.models.estimator.reports import Cell, Columns, Grid, Report
from elman.opening import lines
from elman.quoting import shown
from elman.rounding import counted

PIECE = 1000
"""Lines that are read at once."""

Loss = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]]


class Lines(NamedTuple):
    """Some lines of a text, without their ends, and the number of the first one, from 1."""

    first: int
    texts: list[str]


def text_report(source: str | Path, alphabet: Alphabet, losses: Mapping[str, Loss], known: dict[str, float]) -> Report:
    """Return the report of a text.

    Args:
        source: the text, or its file.
        alphabet: the characters of the model; others are left out and counted.
        losses: functions that return the nats of each symbol but the first, by the name of the predictor.
        known: losses on the held-out part of training, by name.

    Raises:
        DataError: the text cannot be read, or has fewer than two characters that the model knows.
    """
    name, text = (shown(source), whole_text(source)) if isinstance(source, Path) else ("text", source)
    numbers = alphabet.known(text).astype(np.int64)
    unknown = len(text) - len(numbers)
    if len(numbers) < 2:
        raise DataError(f"{name}: expected two characters or more that the model knows, got {len(numbers)}: give more")
    grids = [_grid({name: float(loss(numbers).mean()) for name, loss in losses.items()}, len(numbers))]
    if known:
        grids.append(_grid(known, title="for comparison, the held-out end of the text of training"))
    notes = [f"characters that training never saw, left out: {unknown:,}"] if unknown else []
    return Report(f"{name}: {counted(len(numbers), 'character')}", grids, notes)


def _grid(losses: dict[str, float], characters: int | None = None, title: str = "") -> Grid:
    rows: list[list[Cell]] = [[name, nats, nats / math.log(2)] for name, nats in losses.items()]
    return Grid(["", "nats/char", "bits/char"], rows, characters, title)


def read_lines(source: str | Path) -> Iterator[Lines]:
    """Return the lines of a text file piece by piece.

    Raises:
        DataError: the file cannot be read.
    """
    found = lines(Path(source))
    while part := list(islice(found, PIECE)):
        yield Lines(part[0][0], [line.rstrip("\r\n") for _, line in part])


def line_scores(piece: Lines, alphabet: Alphabet, loss: Loss) -> Columns:
    """Return the number of each line, the line, its loss with its end, and how many of its characters are unknown.

    A line is read as the first one of a text would be, after the end of a line; where nothing of it is known, its loss
    is not a number.
    """
    found = [alphabet.known(f"\n{text}\n").astype(np.int64) for text in piece.texts]
    nats = [float(loss(numbers).mean()) if len(numbers) > 1 else math.nan for numbers in found]
    return {
        "line": list(range(piece.first, piece.first + len(found))),
        "text": piece.texts,
        "nats_per_char": [round(one, 6) for one in nats],
        "unknown_characters": [len(text) - len(alphabet.known(text)) for text in piece.texts],
    }
