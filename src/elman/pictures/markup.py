"""SVG and HTML as strings that a notebook shows as pictures."""

from xml.sax.saxutils import escape, quoteattr


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
