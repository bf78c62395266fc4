"""The colours of every picture and page.

Neighbouring colours differ in lightness, so that they are told apart in grey print and with any colour blindness, and
colour is never the only sign: lines differ in dashes and markers too.
"""

from typing import NamedTuple

INK, QUIET, RULE, PAPER = "#22262b", "#5c636b", "#d9d5cb", "#ffffff"
FORWARD, FORWARD_SOFT = "#1f5a94", "#d5e4f3"
BACKWARD, BACKWARD_SOFT = "#a1440f", "#f7dfcf"
TRAINING = "#8fb8de"
"""The curve of the training loss."""
DECODER = "#ececec"
"""The cells of a decoder."""
HEAT = "cividis"
"""Matplotlib's colour map for values: its lightness rises from the lowest value to the highest."""

LIGHT = {
    "paper": "#fdfcf9",
    "card": PAPER,
    "ink": INK,
    "quiet": QUIET,
    "rule": RULE,
    "forward": FORWARD,
    "forward-soft": FORWARD_SOFT,
    "backward": BACKWARD,
    "backward-soft": BACKWARD_SOFT,
    "sum-soft": "#e3e0d6",
    "now": "#fff4d1",
    "same": "#ffe08a",
    "from": "#d9ecdf",
    "from-line": "#2b6b47",
    "focus": "#6a1b9a",
    "fault": "#a5260a",
    "caution": "#7a5200",
    "good": "#1c6b3a",
}
"""The colours of a page by the names of their CSS variables; a gradient has the colours of "backward"."""
DARK = {
    "paper": "#16191d",
    "card": "#1e2227",
    "ink": "#e8e6e1",
    "quiet": "#a5abb3",
    "rule": "#3a4048",
    "forward": "#8fbff0",
    "forward-soft": "#23405e",
    "backward": "#f2a679",
    "backward-soft": "#5a3420",
    "sum-soft": "#3a3d42",
    "now": "#35301c",
    "same": "#6b5500",
    "from": "#1f4230",
    "from-line": "#8fd0ab",
    "focus": "#d9a8f5",
    "fault": "#ff8f75",
    "caution": "#f0c05a",
    "good": "#7fd39c",
}
PRINT = LIGHT | {
    "paper": PAPER,
    "ink": "#000000",
    "quiet": "#444444",
    "rule": "#aaaaaa",
    "forward": "#123f6b",
    "backward": "#7a300a",
    "now": PAPER,
}


class Look(NamedTuple):
    """The style of one of several series."""

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
    """Return the look of the k-th series; they repeat after six."""
    return _LOOKS[k % len(_LOOKS)]


def page_colours() -> str:
    """Return the colours of a page as CSS variables, for light and dark screens and for print."""
    return f"""\
:root {{ color-scheme: light dark; {_variables(LIGHT)} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}
@media print {{ :root {{ color-scheme: light; {_variables(PRINT)} }} }}
"""


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
