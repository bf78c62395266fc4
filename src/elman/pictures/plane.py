"""Draw points in a plane: eigenvalues in the complex plane, and the trajectory of the state in two units."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import InputError
from elman.palette import HEAT, INK, QUIET, look
from elman.pictures.arrays import Floats, array, series, tokens, visible
from elman.pictures.canvas import axes_for, figure_of, tidy, whole_numbers
from elman.quoting import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_WORDS = 30


def eigenvalues(eigs: Mapping[str, Any], ax: "Axes | None" = None) -> "Figure":
    """Draw eigenvalues in the complex plane, with the unit circle; the legend has each spectral radius.

    Inside the circle a linear recurrence forgets, outside it grows; a tanh or a gate in the way changes that.

    Args:
        eigs: name -> eigenvalues of a recurrent matrix, shape (H,), real or complex.
        ax: axes to draw in.

    Raises:
        InputError: another shape, or a value that is not finite.
    """
    drawn = series(eigs, "eigs", "(H,)", complex_=True)
    for name, values in drawn.items():
        if not np.isfinite(values).all():
            raise InputError(f"eigs[{name!r}]: expected finite numbers, {(~np.isfinite(values)).sum()} are not")
    ax = axes_for(ax, 5.4, 5)
    turn = np.linspace(0, 2 * np.pi, 361)
    ax.plot(np.cos(turn), np.sin(turn), color=QUIET, linewidth=1.1)
    for k, (name, values) in enumerate(drawn.items()):
        label = f"{name}: spectral radius {np.abs(values).max():.3g}"
        colour, _, marker = look(k)
        ax.scatter(values.real, values.imag, s=24, marker=marker, color=colour, alpha=0.8, linewidths=0, label=label)
    tidy(ax, "real part", "imaginary part")
    ax.axhline(0, color=QUIET, linewidth=0.5)
    ax.axvline(0, color=QUIET, linewidth=0.5)
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.08)
    _legend_above(ax)
    return figure_of(ax)


def _legend_above(ax: "Axes") -> None:
    legend = ax.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    for entry in legend.get_texts():
        entry.set_parse_math(False)


def phase(h: Any, i: int = 0, j: int = 1, labels: Sequence[str] | None = None, ax: "Axes | None" = None) -> "Figure":
    """Draw the trajectory of the state in the plane of two units: a ring at its start, a square at its end.

    Args:
        h: states, shape (T, H). The way is broken where one is not finite.
        i: the unit on the horizontal axis; a negative one counts from the end.
        j: the unit on the vertical axis.
        labels: T words to show at the states, drawn while they are 30 or fewer.
        ax: axes to draw in.

    Raises:
        InputError: another shape, a unit that is not there, labels that are not T.
    """
    states = array(h, "h", "(T, H)")
    T, H = states.shape
    for name, unit in (("i", i), ("j", j)):
        if not -H <= unit < H:
            raise InputError(f"{name}: h has {H} units, 0 to {H - 1}, got {unit}")
    words = tokens(labels, T, "labels")
    ax = axes_for(ax, 5.8, 4.8)
    x, y = states[:, i], states[:, j]
    _way(ax, x, y)
    if words is not None and T <= _MOST_WORDS:
        _name_points(ax, x, y, words)
    tidy(ax, f"h, unit {i % H}", f"h, unit {j % H}")
    ax.margins(0.12)
    return figure_of(ax)


def _way(ax: "Axes", x: Floats, y: Floats) -> None:
    T = len(x)
    ax.plot(x, y, color=QUIET, linewidth=0.9, alpha=0.7, zorder=1)
    points = ax.scatter(x, y, c=np.arange(1, T + 1), cmap=HEAT, s=26, edgecolors=INK, linewidths=0.4, zorder=2)
    points.set_clim(1, T)
    there = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if len(there):
        first, last = there[0], there[-1]
        ax.plot(x[first], y[first], "o", markersize=13, fillstyle="none", color=INK, label=f"t = {first + 1}")
        ax.plot(x[last], y[last], "s", markersize=12, fillstyle="none", color=INK, label=f"t = {last + 1}")
        ax.legend(frameon=False, fontsize=9, ncols=2, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    if T > 1:
        bar = figure_of(ax).colorbar(points, ax=ax, label="time step t", pad=0.02, aspect=22)
        whole_numbers(bar.ax.yaxis, 1, T)
    if len(there) < T:
        note = f"{T - len(there)} of {T} states are not finite"
        ax.set_title(note, fontsize=8, color=QUIET, loc="right")


def _name_points(ax: "Axes", x: Floats, y: Floats, words: list[str]) -> None:
    for at, word in enumerate(words):
        if np.isfinite(x[at]) and np.isfinite(y[at]):
            short = shorten(visible(word), 16, "…")
            note = ax.annotate(short, (float(x[at]), float(y[at])), (6, 5), textcoords="offset points", fontsize=8)
            note.set_parse_math(False)
