"""Prepare a character generator for examination: a few streams of a text, or of the model's own writing."""

from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from torch import Tensor

from elman.bptt import Position, Streams, Truncated
from elman.data import Alphabet, read_text
from elman.doctor import Probe, WindowedProbe
from elman.errors import DataError
from elman.models.networks.next_symbol import mean_loss
from elman.models.networks.symbols import SymbolNetwork

ROWS = 8
"""Streams that are examined."""
LONGEST, OTHERS = 256, 7
"""Most steps in a window, and further windows that only the gradient's norm is measured on."""
OWN = 200
"""Characters of each stream that the model writes where no text is given."""


def text_probe(
    network: SymbolNetwork, streams: Streams, *, reach: int, clip: float | None, clipped_share: float | None, note: str
) -> Probe:
    """Return the case of a trained generator: windows twice as long as its gradients reach back in training.

    Args:
        network: a trained one.
        streams: the text to read, see `text_streams`.
        reach: steps that gradients reach back in training.
        clip: the largest global norm of the gradients in training.
        clipped_share: the share of its updates that were clipped.
        note: a sentence for the reader.
    """
    steps = min(LONGEST, 2 * reach, streams.length)
    windows = Truncated(streams, steps)
    begins = range(0, streams.length - steps + 1, steps)
    first, *others = (_loss(network, windows, begin) for begin in islice(begins, OTHERS + 1))
    return Probe(network, first, others, clip, clipped_share, reach, note, trained=True)


def text_windowed_probe(network: SymbolNetwork, streams: Streams) -> WindowedProbe:
    """Return streams that `elman.truncation` reads in windows."""
    return WindowedProbe(network, streams, network.recur, partial(mean_loss, network))


def text_streams(
    text: str | Path | None, alphabet: Alphabet, write: Callable[[], list[str]], longest: int | None = None
) -> Streams:
    """Return a few streams, side by side; characters outside the alphabet are left out.

    Args:
        text: the text or its file, read from the beginning; None reads what the model writes.
        alphabet: the characters of the model.
        write: has the model write `ROWS` samples; called without a text.
        longest: most steps in a stream; None reads as much as `text_probe` needs.

    Raises:
        DataError: the text is missing or too short.
    """
    if text is None:
        read, name = "".join(write()), "what the model writes"
    else:
        corpus = read_text(text, held_out=0.0)
        most = ROWS * (longest or LONGEST * (OTHERS + 1)) + 1
        read, name = corpus.alphabet.decode(corpus.symbols[:most]), str(text) if isinstance(text, Path) else "text"
    known = alphabet.known(read)
    rows = max(1, min(ROWS, len(known) // 20))
    if longest is not None:
        known = known[: rows * longest + 1]
    if len(known) < 20:
        raise DataError(f"{name}: {len(known)} characters that the model knows, 20 or more are needed: give more text")
    return Streams(known.astype(np.int64), rows)


def _loss(network: SymbolNetwork, windows: Truncated, begin: int) -> Callable[[], Tensor]:
    return lambda: mean_loss(network, windows.run(network.recur, Position(begin, begin)))
