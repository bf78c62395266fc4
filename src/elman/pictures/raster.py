"""Draw with Matplotlib the SVG that this package writes, so that it can be saved as .png or .pdf.

It knows the few elements of `network.py` and `markup.py`: boxes, circles, straight paths with an arrow head, words.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from elman.extras import required_by
from elman.pictures.markup import Svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_POINT = 72 / 96  # of a pixel: Matplotlib measures lines and letters in points
_HEAD = 8.0  # pixels, as the marker of markup.py
_ANCHORS = {"start": "left", "middle": "center", "end": "right"}


def figure_from(svg: Svg) -> "Figure":
    """Return the picture as a figure of the same size, with twice as many pixels to the inch."""
    with required_by("a picture"):
        from matplotlib.figure import Figure

    root = ElementTree.fromstring(svg)  # noqa: S314 -- our own markup
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    figure = Figure(figsize=(width / 96, height / 96), dpi=192)
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()
    for order, part in enumerate(_shown(root)):
        _DRAW[part.tag.removeprefix(_NAMESPACE)](ax, part, order)
    return figure


def _shown(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    for part in root:
        tag = part.tag.removeprefix(_NAMESPACE)
        if tag == "g":
            yield from _shown(part)
        elif tag in _DRAW:
            yield part


def _box(ax: "Axes", part: ElementTree.Element, order: int) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y, width, height, radius = (float(part.get(name, 0)) for name in ("x", "y", "width", "height", "rx"))
    style = f"round,pad=0,rounding_size={min(radius, width / 2, height / 2)}" if radius else "square,pad=0"
    ax.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=style, zorder=order, **_ink(part)))


def _circle(ax: "Axes", part: ElementTree.Element, order: int) -> None:
    from matplotlib.patches import Circle

    place = float(part.attrib["cx"]), float(part.attrib["cy"])
    ax.add_patch(Circle(place, float(part.attrib["r"]), zorder=order, **_ink(part)))


def _path(ax: "Axes", part: ElementTree.Element, order: int) -> None:
    points = [(float(x), float(y)) for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", part.attrib["d"])]
    width = float(part.get("stroke-width", 1)) * _POINT
    dashes = tuple(float(n) / float(part.get("stroke-width", 1)) for n in part.get("stroke-dasharray", "").split())
    style: Any = (0, dashes) if dashes else "-"
    colour = part.attrib["stroke"]
    if "marker-end" in part.attrib:
        points = [*points[:-1], _head(ax, points[-2], points[-1], colour, order)]
    ax.plot(*zip(*points, strict=True), color=colour, linewidth=width, linestyle=style, zorder=order)


def _head(
    ax: "Axes", before: tuple[float, float], tip: tuple[float, float], colour: str, order: int
) -> tuple[float, float]:
    """Draw an arrow head and return where its line ends."""
    from matplotlib.patches import Polygon

    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    along, aside = (dx / length, dy / length), (-dy / length / 2, dx / length / 2)
    foot = (tip[0] - _HEAD * along[0], tip[1] - _HEAD * along[1])
    corners = [(foot[0] + side * _HEAD * aside[0], foot[1] + side * _HEAD * aside[1]) for side in (1, -1)]
    ax.add_patch(Polygon([tip, *corners], closed=True, facecolor=colour, edgecolor="none", zorder=order))
    return foot


def _words(ax: "Axes", part: ElementTree.Element, order: int) -> None:
    x, y, size = float(part.attrib["x"]), float(part.attrib["y"]), float(part.attrib["font-size"])
    spans = part.findall(f"{_NAMESPACE}tspan")
    look: dict[str, Any] = {
        "fontsize": size * _POINT,
        "color": part.attrib["fill"],
        "ha": _ANCHORS[part.get("text-anchor", "start")],
        "va": "baseline",
        "zorder": order,
    }
    if not spans:
        said = "".join([part.text or "", *((child.tail or "") for child in part)])
        ax.text(x, y, said, fontweight=part.get("font-weight", "normal"), parse_math=False, **look)
        return
    letter, step = ((span.text or "").replace("′", "'") for span in spans)  # mathtext's prime
    ax.text(x, y, f"${letter}_{{{step}}}$", math_fontfamily="dejavuserif", **look)


def _ink(part: ElementTree.Element) -> dict[str, Any]:
    return {"facecolor": part.get("fill", "none"), "edgecolor": part.get("stroke", "none"), "linewidth": _POINT}


_DRAW = {"rect": _box, "circle": _circle, "path": _path, "text": _words}
