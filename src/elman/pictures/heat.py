"""Draw heat maps: a gate or the states of every unit at every step, attention, and a confusion matrix."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import InputError
from elman.palette import BACKWARD, HEAT, PAPER
from elman.pictures.arrays import Floats, array, tokens, visible
from elman.pictures.canvas import axes_for, figure_of, whole_numbers
from elman.quoting import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_TOKENS = 48  # more would overlap
_LONGEST = 18  # characters of a token
_MOST_NUMBERS = 30  # classes; with more the numbers in the cells would overlap
_DARK = 0.6  # of the scale: above it numbers are written in white
_LONG_CLASS = 5  # characters: longer names lean
_SIDE, _CROWDED = 9.0, 0.16  # inches: of a confusion matrix as a rule, and of a class where there are many
_LINE = 1.25  # of the size of its letters: the height of a line


def gate_map(
    values: Any,
    steps: Sequence[str] | None = None,
    ax: "Axes | None" = None,
    *,
    name: str = "value",
    limits: tuple[float, float] | None = None,
) -> "Figure":
    """Draw a gate or a state as a heat map: time to the right, units upwards.

    Args:
        values: shape (T, H). What is not a number is crossed out.
        steps: T words to show below the steps; where they are too many for the picture, steps are numbered.
        ax: axes to draw in.
        name: what the values are, for the colour bar.
        limits: the values of the darkest and the lightest colour; by default (0, 1) if all values are between them, as
            those of a gate do, (-1, 1) if all are between these, as those of h do, else plus and minus the largest.

    Raises:
        InputError: values of another shape, steps that are not T, limits that are no range.
    """
    shown = array(values, "values", "(T, H)")
    T, H = shown.shape
    words = tokens(steps, T, "steps")
    low, high = limits_of(shown) if limits is None else limits
    if not low < high:
        raise InputError(f"limits: expected (low, high) with low < high, got ({low}, {high})")
    ax = axes_for(ax, min(9.0, max(4.2, 2.6 + 0.34 * T)), min(5.5, max(2.2, 1.5 + 0.2 * H)))
    image = ax.imshow(
        shown.T,
        cmap=HEAT,
        vmin=low,
        vmax=high,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, T + 0.5, -0.5, H - 0.5),  # t counts from 1, units from 0
    )
    ax.autoscale(enable=False)
    _cross_out(ax, shown)
    figure_of(ax).colorbar(image, ax=ax, label=name, pad=0.02, aspect=14)
    ax.set_ylabel("unit")
    whole_numbers(ax.yaxis, 0, H - 1)
    _name_steps(ax, words, T)
    return figure_of(ax)


def limits_of(values: Floats) -> tuple[float, float]:
    """Return (0, 1), (-1, 1) or plus and minus the largest finite magnitude, the first that holds all values."""
    finite = values[np.isfinite(values)]
    if not finite.size or (finite.min() >= 0 and finite.max() <= 1):
        return 0.0, 1.0
    largest = max(1.0, float(np.abs(finite).max()))
    return -largest, largest


def _cross_out(ax: "Axes", values: Floats) -> None:
    steps, units = np.nonzero(~np.isfinite(values))
    if not len(steps):
        return
    ax.set_facecolor(PAPER)
    ax.scatter(steps + 1, units, marker="x", s=22, linewidths=1.4, color=BACKWARD, zorder=3)
    ax.set_title(f"× not a finite number ({len(steps)} of {values.size})", fontsize=8, color=BACKWARD, loc="left")


def _name_steps(ax: "Axes", words: list[str] | None, T: int) -> None:
    if words is None or T > _MOST_TOKENS:
        ax.set_xlabel("time step t")
        whole_numbers(ax.xaxis, 1, T)
        return
    short = _short(words)
    turned = max(map(len, short)) > 4 or (T > 24 and max(map(len, short)) > 1)
    labels = ax.set_xticks(range(1, T + 1), short)
    for tick in labels:
        tick.label1.set_parse_math(False)
        tick.label1.set(rotation=40 if turned else 0, ha="right" if turned else "center", rotation_mode="anchor")
    ax.set_xlabel("time step, by its token")


def attention_map(weights: Any, source: Sequence[str], target: Sequence[str], ax: "Axes | None" = None) -> "Figure":
    """Draw attention as a heat map: what was read to the right, what was written downwards.

    Args:
        weights: shape (T, S), the weight of each source symbol at each target symbol, 0 to 1.
        source: S symbols.
        target: T symbols.
        ax: axes to draw in.

    Raises:
        InputError: weights of another shape, or other numbers of symbols than they have rows and columns.
    """
    shown = array(weights, "weights", "(T, S)")
    T, S = shown.shape
    read, written = tokens(source, S, "source") or [], tokens(target, T, "target") or []
    ax = axes_for(ax, min(11.0, max(3.6, 2.2 + 0.34 * S)), min(11.0, max(2.6, 1.4 + 0.28 * T)))
    image = ax.imshow(shown, cmap=HEAT, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    figure_of(ax).colorbar(image, ax=ax, label="weight", pad=0.02, aspect=18)
    _name_ticks(ax.set_xticks(range(S), _short(read)), turned=max(map(len, _short(read))) > 2)
    _name_ticks(ax.set_yticks(range(T), _short(written)), turned=False)
    ax.set_xlabel("source, as it was read")
    ax.set_ylabel("target, as it was written")
    return figure_of(ax)


def _short(words: list[str]) -> list[str]:
    return [shorten(visible(word), _LONGEST, "…") for word in words]


def _name_ticks(ticks: list[Any], turned: bool) -> None:
    for tick in ticks:
        tick.label1.set_parse_math(False)  # a dollar sign is no formula
        if turned:
            tick.label1.set(rotation=40, ha="right", rotation_mode="anchor")


def confusion(counts: Any, classes: Sequence[str], ax: "Axes | None" = None) -> "Figure":
    """Draw how many of each class, down, were taken for each class, across; colours are shares of the row.

    Args:
        counts: shape (K, K), the true class first.
        classes: K names.
        ax: axes to draw in.

    Raises:
        InputError: counts of another shape, or names that are not K.
    """
    matrix = array(counts, "counts", "(K, K)")
    K = len(matrix)
    if matrix.shape != (K, K) or len(classes) != K:
        raise InputError(f"counts: expected ({len(classes)}, {len(classes)}) for the classes, got {matrix.shape}")
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = max(min(_SIDE, max(3.2, 2.2 + 0.5 * K)), min(40.0, _CROWDED * K))
    ax = axes_for(ax, side + 1.2, side)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if K <= _MOST_NUMBERS:
        for row, column in np.ndindex(K, K):
            ink = "white" if shares[row, column] > _DARK else "black"
            ax.text(column, row, f"{matrix[row, column]:,.0f}", ha="center", va="center", color=ink, fontsize=8)
    _name_classes(ax, _short(list(classes)))
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    figure_of(ax).colorbar(image, ax=ax, label="share of the class", pad=0.03, aspect=16)
    return figure_of(ax)


def _name_classes(ax: "Axes", names: list[str]) -> None:
    """Name rows and columns in letters that fit, upright where there are so many that leaning ones would overlap."""
    many, lean = len(names) > _MOST_NUMBERS, max(map(len, names)) > _LONG_CLASS
    _name_ticks(ax.set_xticks(range(len(names)), names), turned=False)
    _name_ticks(ax.set_yticks(range(len(names)), names), turned=False)
    if many:
        room = 72 * figure_of(ax).get_figheight() * ax.get_position().height / len(names)
        ax.tick_params(labelsize=max(1.0, min(8.0, room / _LINE)))
    for tick in ax.xaxis.get_major_ticks():
        tick.label1.set(rotation=90 if many else 45 * lean, ha="right" if lean and not many else "center")
