"""A text coloured by one unit, step by step: blue above zero, rust and underlined below it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.palette import BACKWARD, FORWARD, INK, PAPER, QUIET
from elman.pictures.arrays import Floats, array, tokens, visible
from elman.pictures.canvas import axes_for, figure_of
from elman.pictures.markup import Html, element, text
from elman.quoting import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 80
_STRONGEST = 0.6  # the share of colour at the largest value: dark ink is still read on it


def text_map(words: Sequence[str], values: Any, ax: "Axes | None" = None, *, name: str = "value") -> "Figure":
    """Draw a text in which the background of each token has the colour of its value.

    Args:
        words: T tokens: characters, which are drawn close together, or longer ones, with spaces between.
        values: shape (T,): one unit of a state or gate. What is not a number gets a dotted frame and no colour.
        ax: axes to draw in.
        name: what the values are.

    Raises:
        InputError: another shape, or as many tokens as values they do not have.
    """
    numbers, shown = _checked(words, values)
    places, rows = _laid_out(shown)
    ax = axes_for(ax, 7.4, 0.5 + 0.24 * rows)
    largest = _largest(numbers)
    for word, value, (column, row, width) in zip(shown, numbers, places, strict=True):
        _tile(ax, value / largest, column, row, width)
        note = ax.text(column + width / 2, row + 0.52, _glyphs(word), family="monospace", fontsize=9.5, color=INK)
        note.set(ha="center", va="center", parse_math=False)
    ax.set_xlim(0, _COLUMNS)
    ax.set_ylim(rows, 0)
    ax.set_axis_off()
    ax.set_title(_scale(name, largest, numbers), fontsize=8.5, color=QUIET, loc="left")
    return figure_of(ax)


def text_map_html(words: Sequence[str], values: Any, *, name: str = "value") -> Html:
    """Return the same as HTML, one element for any page; each token's value shows under the pointer.

    Args:
        words: T tokens.
        values: shape (T,).
        name: what the values are.

    Raises:
        InputError: another shape, or as many tokens as values they do not have.
    """
    numbers, shown = _checked(words, values)
    largest = _largest(numbers)
    gap = " " if _apart(shown) else ""
    spans = gap.join(_span(word, float(value), largest) for word, value in zip(shown, numbers, strict=True))
    head = element("div", text(_scale(name, largest, numbers)), style=f"color:{QUIET};font:0.85em sans-serif")
    style = f"font:1em/1.7 monospace;white-space:pre-wrap;color:{INK};background:{PAPER};padding:0.6em"
    return Html(element("div", head + spans, style=style, role="figure", aria_label=f"text coloured by {name}"))


def _checked(words: Sequence[str], values: Any) -> tuple[Floats, list[str]]:
    numbers = array(values, "values", "(T,)")
    return numbers, tokens(words, len(numbers), "tokens") or []


def _largest(values: Floats) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def _scale(name: str, largest: float, values: Floats) -> str:
    odd = int((~np.isfinite(values)).sum())
    said = f"{name}: blue above 0, rust and underlined below; full colour at ±{largest:.3g}"
    return f"{said}; dotted: not a finite number ({odd})" if odd else said


def _apart(words: list[str]) -> bool:
    return any(len(word) > 1 for word in words)


def _glyphs(word: str) -> str:
    return word if word == " " else shorten(visible(word), _COLUMNS, "…")


def _laid_out(words: list[str]) -> tuple[list[tuple[float, int, float]], int]:
    """Return (column, row, width) of each token, broken into rows of at most `_COLUMNS` columns, and the rows."""
    from rich.cells import cell_len

    gap = 1 if _apart(words) else 0
    places: list[tuple[float, int, float]] = []
    column, row = 0, 0
    for word in words:
        width = min(_COLUMNS, max(1, cell_len(_glyphs(word))))
        if column + width > _COLUMNS:
            column, row = 0, row + 1
        places.append((column, row, width))
        column += width + gap
        if word.endswith("\n"):
            column, row = 0, row + 1
    return places, row + (column > 0)


def _tile(ax: "Axes", share: float, column: float, row: int, width: float) -> None:
    from matplotlib.patches import Rectangle

    if not np.isfinite(share):
        ax.add_patch(Rectangle((column, row + 0.08), width, 0.84, fill=False, edgecolor=QUIET, linestyle=":"))
        return
    colour = FORWARD if share > 0 else BACKWARD
    ax.add_patch(Rectangle((column, row + 0.04), width, 0.92, color=colour, alpha=_STRONGEST * abs(share), linewidth=0))
    if share < 0:
        ax.plot([column + 0.1, column + width - 0.1], [row + 0.9, row + 0.9], color=BACKWARD, linewidth=1)


def _span(word: str, value: float, largest: float) -> str:
    shown = text(visible(word) if word == "\n" else word.replace("\n", "⏎").replace("\t", "⇥")) or "&#8203;"
    after = "<br/>" if word.endswith("\n") else ""
    if not np.isfinite(value):
        return element("span", shown, style=f"outline:1px dotted {QUIET}", title=f"{value}") + after
    colour = FORWARD if value > 0 else BACKWARD
    strength = round(_STRONGEST * abs(value) / largest * 255)
    line = f";border-bottom:2px solid {BACKWARD}" if value < 0 else ""
    return element("span", shown, style=f"background:{colour}{strength:02x}{line}", title=f"{value:.4g}") + after
