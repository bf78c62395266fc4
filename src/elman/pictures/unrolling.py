"""The columns in time of an unrolled network, by the shape of the job; they are drawn in `network.py`."""

from collections.abc import Sequence
from dataclasses import dataclass

from elman.errors import InputError

SHAPES = ("one-to-one", "one-to-many", "many-to-one", "many-to-many", "encoder-decoder")
GATES = {"rnn": "tanh", "gru": "r z n", "lstm": "i f g o"}
_STEPS = 4
_HEAD, _TAIL = 4, 2  # of a longer run, the columns that are drawn


@dataclass(frozen=True)
class Column:
    """One step in time.

    Attributes:
        time: counted from 1 within its part.
        decoder: it belongs to the decoder.
        reads: The input: "x" for an input, "y" for the output of the step before, None for nothing.
        writes: True if the column has an output.
        below: the word under the input, or "".
        above: the word over the output, or "".
    """

    time: int
    decoder: bool = False
    reads: str | None = "x"
    writes: bool = True
    below: str = ""
    above: str = ""


@dataclass(frozen=True)
class Network:
    """A network to draw; `columns` has None where steps are left out."""

    cell: str
    shape: str
    columns: tuple[Column | None, ...]
    layers: int
    bidirectional: bool


def network(
    cell: str,
    shape: str,
    steps: int | None,
    labels: Sequence[str] | None,
    outputs: Sequence[str] | None,
    bidirectional: bool,
    layers: int,
) -> Network:
    """Return the network that `unrolled` is asked for.

    Raises:
        InputError: something is unknown or does not go together.
    """
    if cell not in GATES:
        raise InputError(f"cell: expected {', '.join(GATES)}, got {cell!r}")
    if shape not in SHAPES:
        raise InputError(f"shape: expected {', '.join(SHAPES)}, got {shape!r}")
    for name, words in (("labels", labels), ("outputs", outputs)):
        if isinstance(words, str):
            raise InputError(f"{name}: expected a list of words, got the text {words!r}: split it first")
    if isinstance(layers, bool) or not isinstance(layers, int) or not 1 <= layers <= 8:
        raise InputError(f"layers: expected 1 to 8, got {layers!r}")
    if bidirectional and shape == "one-to-many":
        raise InputError("bidirectional: one-to-many feeds each output back, so no later input is there to read")
    read, written = _lengths(shape, steps, labels, outputs)
    columns = _columns(shape, _words(labels, read, "labels"), _words(outputs, written, "outputs"))
    return Network(cell, shape, tuple(columns), layers, bidirectional)


def _lengths(
    shape: str, steps: int | None, labels: Sequence[str] | None, outputs: Sequence[str] | None
) -> tuple[int, int]:
    """Return how many inputs are read and how many outputs written: `steps`, else as many as there are words."""
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
        raise InputError(f"steps: expected a whole number from 1 on, got {steps!r}")
    if shape == "one-to-one" and steps not in {None, 1}:
        raise InputError(f"steps: one-to-one has one step, got {steps}")
    inputs = steps or (len(labels) if labels else None)
    answers = len(outputs) if outputs else None
    if shape == "one-to-one":
        return 1, 1
    if shape == "one-to-many":
        return 1, steps or answers or _STEPS
    if shape == "many-to-one":
        return inputs or _STEPS, 1
    if shape == "encoder-decoder":
        return inputs or _STEPS, answers or inputs or _STEPS
    both = inputs or answers or _STEPS
    return both, both


def _words(words: Sequence[str] | None, count: int, name: str) -> list[str]:
    if not words:
        return [""] * count
    if len(words) != count:
        raise InputError(f"{name}: expected {count} for this shape and these steps, got {len(words)}")
    return [str(word) for word in words]


def _columns(shape: str, below: list[str], above: list[str]) -> list[Column | None]:
    read, written = len(below), len(above)
    if shape == "one-to-many":
        fed = ["x", *["y"] * (written - 1)]
        words = [below[0], *above[:-1]]
        return _short([Column(t + 1, False, fed[t], True, words[t], above[t]) for t in range(written)])
    if shape == "many-to-one":
        columns = [Column(t + 1, writes=False, below=below[t]) for t in range(read - 1)]
        return _short([*columns, Column(read, below=below[-1], above=above[0])])
    if shape == "encoder-decoder":
        encoder = [Column(t + 1, writes=False, below=below[t]) for t in range(read)]
        fed = ["start", *above[:-1]] if any(above) else ["start", *[""] * (written - 1)]
        decoder = [Column(t + 1, True, "y", True, fed[t], above[t]) for t in range(written)]
        return [*_short(encoder), *_short(decoder)]
    return _short([Column(t + 1, below=below[t], above=above[t]) for t in range(read)])


def _short(columns: list[Column]) -> list[Column | None]:
    """Leave out the middle of a long run."""
    if len(columns) <= _HEAD + _TAIL + 1:
        return list(columns)
    return [*columns[:_HEAD], None, *columns[-_TAIL:]]
