"""A heat map: one gate, or the states, of every unit at every step."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import InputError
from elman.palette import BACKWARD, HEAT, PAPER
from elman.pictures.arrays import Floats, array, shortened, tokens, visible
from elman.pictures.canvas import axes_for, figure_of, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_TOKENS = 48  # more would overlap


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
    short = [shortened(visible(word), 18) for word in words]
    turned = max(map(len, short)) > 4 or (T > 24 and max(map(len, short)) > 1)
    labels = ax.set_xticks(range(1, T + 1), short)
    for tick in labels:
        tick.label1.set_parse_math(False)
        tick.label1.set(rotation=40 if turned else 0, ha="right" if turned else "center", rotation_mode="anchor")
    ax.set_xlabel("time step, by its token")
