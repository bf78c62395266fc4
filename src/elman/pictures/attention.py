"""Draw an attention map: the weights on the source symbols at each symbol that a translator wrote."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from elman.palette import HEAT
from elman.pictures.arrays import array, shortened, tokens, visible
from elman.pictures.canvas import axes_for, figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST = 18


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
    _name(ax.set_xticks(range(S), _short(read)), turned=max(map(len, _short(read))) > 2)
    _name(ax.set_yticks(range(T), _short(written)), turned=False)
    ax.set_xlabel("source, as it was read")
    ax.set_ylabel("target, as it was written")
    return figure_of(ax)


def _short(words: list[str]) -> list[str]:
    return [shortened(visible(word), _LONGEST) for word in words]


def _name(ticks: list[Any], turned: bool) -> None:
    for tick in ticks:
        tick.label1.set_parse_math(False)  # a dollar sign is no formula
        if turned:
            tick.label1.set(rotation=40, ha="right", rotation_mode="anchor")
