"""Write SVG and HTML as strings that a notebook shows as pictures, and the strokes that networks are drawn with."""

from xml.sax.saxutils import escape, quoteattr

from elman.palette import BACKWARD, FORWARD, INK, PAPER

Points = list[tuple[float, float]]


class Svg(str):
    """A picture in SVG: a string."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)


class Html(str):
    """A picture in HTML: a string, one element with its own style, for any page."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


def element(tag: str, content: str = "", **attributes: str | float) -> str:
    """Return one element; `content` is markup already, attributes are escaped; `class_` and `stroke_width` work."""
    words = "".join(f" {name.rstrip('_').replace('_', '-')}={quoteattr(_plain(v))}" for name, v in attributes.items())
    return f"<{tag}{words}>{content}</{tag}>" if content else f"<{tag}{words}/>"


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def text(content: str) -> str:
    """Return a text as markup; what no XML may hold is left out."""
    return escape("".join(c for c in content if c.isprintable()))


HEADS = element(
    "defs",
    "".join(
        element(
            "marker",
            element("path", d="M0 0L8 4L0 8Z", fill=colour),
            id=name,
            markerWidth=8.0,
            markerHeight=8.0,
            refX=7.0,
            refY=4.0,
            orient="auto",
            markerUnits="userSpaceOnUse",
        )
        for name, colour in (("elman-forward", FORWARD), ("elman-fed", BACKWARD))
    ),
)


def line(points: Points, colour: str = FORWARD, **more: str) -> str:
    """Return a line through the points."""
    d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return element("path", d=d, fill="none", stroke=colour, stroke_width=1.5, stroke_linejoin="round", **more)


def arrow(points: Points, *, fed: bool = False) -> str:
    """Return an arrow through the points; `fed` is one that brings an output back."""
    if fed:
        return line(points, BACKWARD, stroke_dasharray="5 3", marker_end="url(#elman-fed)", class_="fed")
    return line(points, marker_end="url(#elman-forward)")


def ring(x: float, y: float, content: str, colour: str, kind: str) -> str:
    """Return an input or an output: its symbol in a ring."""
    box = element("rect", x=x - 17, y=y - 15, width=34.0, height=30.0, rx=15.0, fill=PAPER, stroke=colour)
    return element("g", box + _lettered(x, y + 4, content), class_=kind)


def symbol(letter: str, time: int) -> str:
    """Return a letter with its step."""
    down = element("tspan", str(time), dy=4.0, font_size="10", font_style="normal")
    return element("tspan", letter, font_style="italic") + down


def state_name(x: float, y: float, letter: str, time: int) -> str:
    """Return the name of a state next to its arrow."""
    return _lettered(x, y, symbol(letter, time), size=12)


def _lettered(x: float, y: float, content: str, size: float = 15) -> str:
    return element(
        "text", content, x=x, y=y, fill=INK, font_size=size, text_anchor="middle", font_family="Georgia, serif"
    )


def word(
    x: float,
    y: float,
    content: str,
    colour: str,
    *,
    size: float = 13,
    anchor: str = "middle",
    weight: str = "normal",
    title: str = "",
) -> str:
    """Return a word; `title` is its full form, shown under the pointer."""
    if not content:
        return ""
    whole = element("title", text(title)) if title and title != content else ""
    return element(
        "text", whole + text(content), x=x, y=y, fill=colour, font_size=size, text_anchor=anchor, font_weight=weight
    )
