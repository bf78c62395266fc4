"""Figures and axes to draw on, and saving pictures to a file or a notebook."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elman.errors import InputError
from elman.extras import required_by
from elman.files import write_atomically
from elman.palette import INK, QUIET, RULE
from elman.pictures.markup import Html, Svg
from elman.pictures.raster import figure_from

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_FORMATS = ("png", "svg", "pdf")
_STEADY = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None, "Creator": None}}


def axes_for(ax: "Axes | None", width: float, height: float) -> "Axes":
    """Return `ax`, or the axes of a new figure of that size in inches, which a notebook shows without pyplot."""
    with required_by("a picture"):
        from matplotlib.figure import Figure

    if ax is not None:
        if not hasattr(ax, "get_xlim"):
            raise InputError(f"ax: expected Matplotlib axes or None, got {type(ax).__name__}")
        return ax

    class Picture(Figure):
        def _repr_png_(self) -> bytes:
            return _bytes(self, "png")

    return Picture(figsize=(width, height), dpi=120, layout="constrained").subplots()


def figure_of(ax: "Axes") -> "Figure":
    """Return the whole figure of the axes."""
    return ax.figure.figure  # of a subfigure, the figure around it


def tidy(ax: "Axes", x: str, y: str) -> None:
    """Label both axes and take away the lines that say nothing."""
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(colors=QUIET, labelcolor=INK)
    ax.grid(color=RULE, linewidth=0.6, alpha=0.6)
    ax.set_axisbelow(True)


def whole_numbers(axis: "Axis", first: int, last: int) -> None:
    """Number an axis of steps or units by round whole numbers from `first` to `last`."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(nbins=9, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]).tick_values(
        first, max(last, first + 1)
    )
    axis.set_ticks([float(at) for at in ticks if first <= at <= last])


def save(figure: Any, path: str | Path) -> None:
    """Write a picture, whole or not at all; the same picture gives the same bytes.

    Args:
        figure: what a function of this package returned: a figure, the SVG of `unrolled`, the HTML of `text_map_html`.
        path: a name that ends in .png, .svg or .pdf; for HTML in .html.

    Raises:
        InputError: it is no picture, or cannot be written as that kind of file.
        ModelFileError: the file cannot be written.
    """
    path = Path(path)
    if isinstance(figure, Html):
        _expect(path, ("html",))
        write_atomically(path, figure.encode())
        return
    if isinstance(figure, Svg):
        _expect(path, _FORMATS)
        if path.suffix.lower() == ".svg":
            write_atomically(path, figure.encode())
            return
        figure = figure_from(figure)
    if not hasattr(figure, "savefig"):
        raise InputError(f"figure: expected a figure, SVG or HTML of elman.pictures, got {type(figure).__name__}")
    _expect(path, _FORMATS)
    write_atomically(path, _bytes(figure, path.suffix[1:].lower()))


def _expect(path: Path, kinds: tuple[str, ...]) -> None:
    if path.suffix[1:].lower() not in kinds:
        names = " or ".join(f".{kind}" for kind in kinds).replace(" or ", ", ", len(kinds) - 2)
        raise InputError(f"{path}: this picture is written as {names}: give a name that ends so")


def _bytes(figure: "Figure", kind: str) -> bytes:
    import matplotlib

    file = io.BytesIO()
    # Names inside an SVG are random otherwise. A letter that the font lacks is drawn as a box, and that is seen.
    with matplotlib.rc_context({"svg.hashsalt": "elman"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing")
        figure.savefig(file, format=kind, metadata=_STEADY[kind])
    return file.getvalue()
