"""What the doctor looks at in a character generator: a few streams of a text, or of what the model writes itself."""

from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from elman.bptt import Position, Streams, Truncated
from elman.data import read_text
from elman.data.alphabet import UNKNOWN
from elman.doctor import Probe, WindowedProbe
from elman.errors import DataError
from elman.models.networks.next_symbol import mean_loss

if TYPE_CHECKING:
    from elman.models.generate.estimator import TextGenerator

ROWS = 8
"""Streams that are looked at."""
LONGEST, OTHERS = 256, 7
"""Steps at most, and further windows that only the gradient's norm is taken of."""
OWN = 200
"""Characters of each stream that the model writes where no text is given."""


def text_probe(model: "TextGenerator", text: str | Path | None) -> Probe:
    """Return the case of a trained generator: windows twice as long as its gradients reach back in training.

    Args:
        model: a trained one.
        text: what to read: the text or its file, from the beginning; None reads what the model writes.

    Raises:
        DataError: the text is missing or too short.
    """
    options = model.get_params()
    reach = options["k2"] or options["k1"]
    streams = _streams(model, text)
    steps = min(LONGEST, 2 * reach, streams.length)
    windows = Truncated(streams, steps)
    begins = range(0, streams.length - steps + 1, steps)
    first, *others = (_loss(model, windows, begin) for begin in islice(begins, OTHERS + 1))
    note = "" if text is not None else "No text given: examined on what the model writes itself."
    share = model.progress_.clipped_share if model.progress_.step else None
    return Probe(model.network_, first, others, options["clip"], share, reach, note, trained=True)


def text_windowed_probe(model: "TextGenerator", text: str | Path | None) -> WindowedProbe:
    """Return streams of a text twice as long as the model's gradients reach back in training, to be read in windows.

    Raises:
        DataError: the text is missing or too short.
    """
    options = model.get_params()
    steps = 2 * (options["k2"] or options["k1"])
    streams = _streams(model, text, steps)
    network = model.network_
    return WindowedProbe(network, streams, network.recur, partial(mean_loss, network))


def _loss(model: "TextGenerator", windows: Truncated, begin: int) -> Callable[[], Tensor]:
    return lambda: mean_loss(model.network_, windows.run(model.network_.recur, Position(begin, begin)))


def _streams(model: "TextGenerator", text: str | Path | None, longest: int | None = None) -> Streams:
    """A few streams, side by side; characters that the model does not know are left out."""
    if text is None:
        writing = model.generate(length=OWN, temperature=1.0, samples=ROWS)
        read, name = "".join(writing.texts()), "what the model writes"
    else:
        corpus = read_text(text, held_out=0.0)
        read, name = (
            corpus.alphabet.decode(corpus.symbols[: _most(longest)]),
            str(text) if isinstance(text, Path) else "text",
        )
    numbers = model.alphabet_.numbers(read)
    known = numbers[numbers != UNKNOWN]
    rows = max(1, min(ROWS, len(known) // 20))
    if longest is not None:
        known = known[: rows * longest + 1]
    if len(known) < 20:
        raise DataError(f"{name}: {len(known)} characters that the model knows, 20 or more are needed: give more text")
    return Streams(known.astype(np.int64), rows)


def _most(longest: int | None) -> int:
    """Characters to read of a text."""
    return ROWS * (longest or LONGEST * (OTHERS + 1)) + 1
