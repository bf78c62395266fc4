"""Draw a confusion matrix: true classes against predicted ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from elman.errors import InputError
from elman.pictures.arrays import array
from elman.pictures.canvas import axes_for, figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_NUMBERS = 30  # classes; with more the numbers in the cells would overlap
_DARK = 0.6  # of the scale: above it numbers are written in white
_LONG = 5  # characters: longer names lean


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
    side = min(9.0, max(3.2, 2.2 + 0.5 * K))
    ax = axes_for(ax, side + 1.2, side)
    image = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if K <= _MOST_NUMBERS:
        for row, column in np.ndindex(K, K):
            ink = "white" if shares[row, column] > _DARK else "black"
            ax.text(column, row, f"{matrix[row, column]:,.0f}", ha="center", va="center", color=ink, fontsize=8)
    lean = max(map(len, classes)) > _LONG
    ax.set_xticks(range(K), classes, rotation=45 if lean else 0, ha="right" if lean else "center")
    ax.set_yticks(range(K), classes)
    ax.set_xlabel("predicted class")
    ax.set_ylabel("true class")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    figure_of(ax).colorbar(image, ax=ax, label="share of the class", pad=0.03, aspect=16)
    return figure_of(ax)
