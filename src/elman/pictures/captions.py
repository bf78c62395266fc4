"""Draw images with the texts that were written for them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elman.errors import InputError
from elman.palette import BACKWARD, FORWARD, INK
from elman.pictures.canvas import axes_for, figure_of
from elman.quoting import printable, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN, _ACROSS = 24, 6
_LONGEST = 24  # characters of a text
_WIDTH, _HEIGHT = 1.6, 1.9  # inches of an image with its texts


def captions(
    images: Any, written: Sequence[str], wanted: Sequence[str] | None = None, ax: "Axes | None" = None
) -> "Figure":
    """Draw images with the texts that were written for them; below a wrong one is what should have been.

    At most 24 are drawn, half of them wrong ones where there are as many, the first of each kind.

    Args:
        images: shape (n, rows, columns), or (n, rows, columns, C) with C 1 or 3, of any range of values.
        written: n texts.
        wanted: n texts that should have been written; None where nobody knows.
        ax: axes to draw in.

    Raises:
        InputError: images of another shape, or another number of texts.
    """
    shown = np.asarray(images)
    if shown.ndim not in (3, 4) or not len(shown) or (shown.ndim == 4 and shown.shape[3] not in (1, 3)):
        raise InputError(f"images: expected (n, rows, columns) or (n, rows, columns, 3), got {shown.shape}")
    for name, texts in (("written", written), ("wanted", wanted)):
        if texts is not None and len(texts) != len(shown):
            raise InputError(f"{name}: expected {len(shown)} texts, one for each image, got {len(texts)}")
    rows = _chosen([wanted is None or a == b for a, b in zip(written, wanted or written, strict=True)])
    across = min(_ACROSS, len(rows))
    down = -(-len(rows) // across)
    ax = axes_for(ax, _WIDTH * across, _HEIGHT * down)
    ax.set_axis_off()
    for at, row in enumerate(rows):
        width, height = 1 / across, 1 / down
        place = ax.inset_axes((at % across * width, 1 - (at // across + 0.78) * height, 0.92 * width, 0.76 * height))
        _draw(place, shown[row])
        right = wanted is None or written[row] == wanted[row]
        colour = INK if wanted is None else FORWARD if right else BACKWARD
        _say(place, -0.02, f"{'' if right else '✗ '}{_short(written[row])}", colour)
        if wanted is not None and not right:
            _say(place, -0.16, _short(wanted[row]), INK)
    return figure_of(ax)


def _chosen(right: list[bool]) -> list[int]:
    """Return the rows to draw: the first right ones, then the first wrong ones."""
    good, bad = ([row for row, is_right in enumerate(right) if is_right == kind] for kind in (True, False))
    wrong = min(len(bad), max(_SHOWN // 2, _SHOWN - len(good)))
    return good[: _SHOWN - wrong] + bad[:wrong]


def _draw(place: "Axes", image: npt.NDArray[Any]) -> None:
    """Draw one image, its values scaled to what can be shown."""
    values = image.astype(np.float64)
    least, most = values.min(), values.max()
    scaled = (values - least) / (most - least or 1.0)
    place.imshow(scaled.squeeze(-1) if scaled.ndim == 3 and scaled.shape[2] == 1 else scaled, cmap="gray")
    place.set_axis_off()


def _say(place: "Axes", height: float, text: str, colour: str) -> None:
    place.text(
        0.5, height, text, color=colour, transform=place.transAxes, ha="center", va="top", fontsize=7, parse_math=False
    )


def _short(text: str) -> str:
    return shorten(printable(text), _LONGEST) or "(nothing)"
