"""The colours of every picture.

Two that stand side by side differ in lightness, for every kind of colour blindness and for grey print, and are never
the only sign: lines differ in dashes and markers too.
"""

from typing import NamedTuple

INK, QUIET, RULE, PAPER = "#22262b", "#5c636b", "#d9d5cb", "#ffffff"
FORWARD, FORWARD_SOFT = "#1f5a94", "#d5e4f3"
BACKWARD, BACKWARD_SOFT = "#a1440f", "#f7dfcf"
HEAT = "cividis"
"""Matplotlib's colour map for values: its lightness rises from the lowest value to the highest."""


class Look(NamedTuple):
    """How one of several series is drawn."""

    colour: str
    dashes: str | tuple[int, tuple[float, ...]]
    marker: str


# Blue, orange, black, sky, green, purple of Okabe and Ito (2008), in an order whose neighbours differ in lightness.
_LOOKS = (
    Look("#0072b2", "-", "o"),
    Look("#e69f00", (0, (5, 2)), "s"),
    Look("#000000", (0, (1, 1.5)), "^"),
    Look("#56b4e9", (0, (6, 2, 1, 2)), "D"),
    Look("#8a3a10", "-", "v"),
    Look("#009e73", (0, (3, 3)), "P"),
)


def look(k: int) -> Look:
    """Return the look of the k-th series; after six they come again."""
    return _LOOKS[k % len(_LOOKS)]
