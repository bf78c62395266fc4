"""Colour where it helps and plain ASCII where it must be: what a terminal can show."""

from dataclasses import dataclass
from textwrap import wrap

WIDTH = 80
_KINDS = {"forward": "36", "backward": "35", "sums": "33", "update": "32"}
_PLAIN = {
    "∘": "o", "·": "*", "≈": "~", "ᵀ": "^T", "²": "^2", "σ": "sigmoid", "½": "1/2 ", "Σ": "sum", "√": "sqrt", "‖": "|",
    "±": "+-", "×": "x", "█": "#", "ŷ": "yhat", "c̃": "ctilde",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paint:
    """Escape codes, or nothing."""

    on: bool

    def title(self, text: str) -> str:
        """The sheet's title."""
        return self._in("1", text)

    def heading(self, text: str, kind: str) -> str:
        """A section's heading, each pass in its colour; the words say the same without it."""
        return self._in(f"1;{_KINDS.get(kind, '37')}", text)

    def symbol(self, text: str) -> str:
        """The symbol on the left of an equals sign."""
        return self._in("1", text)

    def good(self, text: str, good: bool) -> str:
        """A verdict."""
        return self._in("32" if good else "31;1", text)

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on else text


def plain_ascii(text: str) -> str:
    """The text in ASCII: every sign written out, anything else replaced by a question mark."""
    for sign, plain in _PLAIN.items():
        text = text.replace(sign, plain)
    return text.encode("ascii", "replace").decode("ascii")


def wrapped(line: str, indent: int) -> list[str]:
    """One long line as several, the later ones indented."""
    if len(line) <= WIDTH:
        return [line]
    lead = len(line) - len(line.lstrip())
    return wrap(
        line.strip(),
        WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
        initial_indent=" " * lead,
        subsequent_indent=" " * indent,
    )
