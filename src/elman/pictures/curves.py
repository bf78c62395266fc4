"""Curves: the gradient by lag, and the losses of a training."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elman.errors import InputError
from elman.palette import BACKWARD, INK, QUIET, TRAINING, look
from elman.pictures.arrays import Floats, series
from elman.pictures.canvas import axes_for, figure_of, tidy, whole_numbers
from elman.quoting import shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_MARKERS = 12
_MANY_DECADES, _HUGE = 1e30, 1e290


def gradient_flow(
    curves: Mapping[str, Any], ax: "Axes | None" = None, *, y: str = "gradient norm ‖∂loss/∂hₜ‖"
) -> "Figure":
    """Draw how a gradient grows or shrinks with the way back, on a logarithmic scale.

    Args:
        curves: name -> norms of shape (T,), by lag: the first at the step of the loss, the next one step before it.
            A norm of exactly 0 has no place on the scale: a triangle on the lower edge marks the first; one
            that is infinite or NaN: a cross on the upper edge.
        ax: axes to draw in.
        y: the label of the vertical axis.

    Raises:
        InputError: curves of another shape, or a norm below 0.
    """
    drawn = series(curves, "curves", "(lag,)")
    for name, norms in drawn.items():
        if (norms < 0).any():
            raise InputError(f"curves[{name!r}]: expected norms of 0 or more, got {np.nanmin(norms):g}")
    ax = axes_for(ax, 7, 4)
    ax.set_yscale("log")
    low, high = _decades(np.concatenate(list(drawn.values())))
    ax.set_ylim(low, high)
    if high / _MANY_DECADES > low or high > _HUGE:
        _number_decades(ax, low, high)
    for k, (name, norms) in enumerate(drawn.items()):
        _curve(ax, name, norms, k)
    for k, norms in enumerate(drawn.values()):
        _mark_first(ax, norms == 0, 0.02, "v", look(k).colour)
        _mark_first(ax, ~np.isfinite(norms), 0.98, "X", look(k).colour)
    tidy(ax, "lag: steps before the loss", y)
    count = max(map(len, drawn.values()))
    whole_numbers(ax.xaxis, 0, count - 1)
    ax.set_xlim(-0.02 * count - 0.3, count - 0.7 + 0.02 * count)
    _legend(ax)
    return figure_of(ax)


def _decades(norms: Floats) -> tuple[float, float]:
    """Return limits that hold every norm that has a place on the scale, and stay within what float64 can say."""
    shown = norms[np.isfinite(norms) & (norms > 0)]
    if not shown.size:
        return 1e-12, 1.0
    low, high = np.log10(shown.min()), np.log10(shown.max())
    room = max(0.2, 0.05 * (high - low))
    return float(10 ** max(low - room, -307)), float(10 ** min(high + room, 308))


def _number_decades(ax: "Axes", low: float, high: float) -> None:
    """Place the ticks of a very long axis; Matplotlib's own search for them goes past the largest float64."""
    from matplotlib.ticker import NullLocator

    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    ax.set_yticks(10.0 ** np.arange(first, last + 1, max(1, -(-(last - first) // 8))))
    ax.yaxis.set_minor_locator(NullLocator())


def _curve(ax: "Axes", name: str, norms: Floats, k: int) -> None:
    shown = np.where(np.isfinite(norms) & (norms > 0), norms, np.nan)
    colour, dashes, marker = look(k)
    every = max(1, math.ceil(len(norms) / _MOST_MARKERS))
    (line,) = ax.plot(shown, color=colour, linestyle=dashes, marker=marker, markersize=4.5, markevery=every, label=name)
    line.set_linewidth(1.7)


def _mark_first(ax: "Axes", where: npt.NDArray[np.bool_], height: float, marker: str, colour: str) -> None:
    lags = np.flatnonzero(where)
    if len(lags):
        place = ax.get_xaxis_transform()
        ax.plot([lags[0]], [height], marker=marker, markersize=9, color=colour, transform=place, clip_on=False)


def _legend(ax: "Axes") -> None:
    legend = ax.legend(frameon=False, fontsize=9, handlelength=3.2)
    for entry in legend.get_texts():
        entry.set_parse_math(False)


def losses(
    training: tuple[Any, Any] | None,
    held_out: tuple[Any, Any] | None = None,
    ax: "Axes | None" = None,
    *,
    x: str = "updates",
    unit: str = "nats",
    baselines: Mapping[str, float] | None = None,
) -> "Figure":
    """Draw the losses of a training, with the baselines to beat.

    Args:
        training: (what was read, loss), each of shape (N,); None if there is none.
        held_out: the same of the held-out part; its best is marked.
        ax: axes to draw in.
        x: what was read: the label of the horizontal axis.
        unit: of the loss; one in nats gets a second axis in bits.
        baselines: name -> loss.

    Raises:
        InputError: another shape, or as many losses as places they do not have.
    """
    lines = [(_pair(pair, name)) for pair, name in ((training, "training"), (held_out, "held_out"))]
    ax = axes_for(ax, 8, 4.8)
    if lines[0] is not None:
        ax.plot(*lines[0], color=TRAINING, linewidth=1.2, label="training")
    if lines[1] is not None:
        _held_out(ax, *lines[1])
    _baselines(ax, baselines or {})
    _label_losses(ax, x, unit)
    return figure_of(ax)


_MOST = 48  # characters of a label, so that it fits beside axes of the usual size
_APART = 0.045  # of the axis: lines nearer than this have no room for a name between them


def _pair(pair: tuple[Any, Any] | None, name: str) -> tuple[Floats, Floats] | None:
    if pair is None or not len(pair[0]):
        return None
    found = series({"read": pair[0], "loss": pair[1]}, name, "(N,)")
    if len(found["read"]) != len(found["loss"]):
        raise InputError(f"{name}: expected a loss for each place, got {len(found['loss'])} for {len(found['read'])}")
    return found["read"], found["loss"]


def _held_out(ax: "Axes", read: Floats, loss: Floats) -> None:
    ax.plot(read, loss, color=BACKWARD, marker="o", markersize=4, linewidth=1.8, label="held out")
    if np.isfinite(loss).any():
        best = int(np.nanargmin(loss))
        place = (float(read[best]), float(loss[best]))
        across = place[0] / max(ax.get_xlim()[1], 1e-300)
        side = "left" if across < 0.2 else "right" if across > 0.8 else "center"  # a long number stays within the axes
        said = f"best {_number(place[1], 3)}"
        ax.annotate(said, place, (0, 7), textcoords="offset points", color=BACKWARD, ha=side)


def _number(value: float, decimals: int) -> str:
    """Return a number with so many decimals, or as many digits where those would be all zeros or very many."""
    usual = 10 ** (1 - decimals) <= abs(value) < 1e5
    return f"{value:.{decimals}f}" if usual else f"{value:.{decimals + 1}g}"


def _baselines(ax: "Axes", baselines: Mapping[str, float]) -> None:
    """Draw a line for each baseline; the name is above it, or below where the next line above leaves no room."""
    for loss in baselines.values():
        ax.axhline(loss, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    low, high = ax.get_ylim()
    for name, loss in baselines.items():
        crowded = any(0 < other - loss < _APART * (high - low) for other in baselines.values())
        ax.text(
            0.995,
            loss,
            f"{shorten(name, _MOST, '…')} {_number(loss, 2)}",
            color=INK,
            fontsize=8,
            ha="right",
            va="top" if crowded else "bottom",
            transform=ax.get_yaxis_transform(),
            parse_math=False,
        )


def _label_losses(ax: "Axes", x: str, unit: str) -> None:
    from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator

    tidy(ax, shorten(x, _MOST, "…"), f"loss ({shorten(unit, _MOST, '…')})")
    ax.grid(visible=False, axis="x")
    ax.set_xlim(left=0)
    ax.margins(y=0.1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    plain = FuncFormatter(lambda value, _: f"{value:g}")  # Matplotlib's own would put "1e12" over the legend
    ax.yaxis.set_major_formatter(plain)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
    if unit.startswith("nats"):
        bits = ax.secondary_yaxis("right", functions=(_bits, _nats))
        bits.yaxis.set_major_formatter(plain)
        bits.set_ylabel(f"loss ({shorten(unit.replace('nats', 'bits'), _MOST, '…')})", parse_math=False)
        bits.spines["right"].set_visible(False)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_parse_math(False)


def _bits(nats: npt.ArrayLike) -> Floats:
    return np.asarray(nats) / math.log(2)


def _nats(bits: npt.ArrayLike) -> Floats:
    return np.asarray(bits) * math.log(2)
