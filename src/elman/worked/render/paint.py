"""Format text for a terminal: colour, wrapped lines, and plain ASCII."""

import re
from dataclasses import dataclass
from textwrap import wrap

WIDTH = 80
_KINDS = {"forward": "36", "backward": "35", "sums": "33", "update": "32"}
_COLOURS = re.compile("\x1b\\[[0-9;]*m")
_PLAIN = {
    "∘": "o", "·": "*", "≈": "~", "ᵀ": "^T", "²": "^2", "σ": "sigmoid", "½": "1/2 ", "Σ": "sum", "√": "sqrt", "‖": "|",
    "±": "+-", "×": "x", "█": "#", "ŷ": "yhat", "c̃": "ctilde",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Paint:
    """Colour text with escape codes, or leave it as it is."""

    on: bool

    def title(self, text: str) -> str:
        """Colour the sheet's title."""
        return self._in("1", text)

    def heading(self, text: str, kind: str) -> str:
        """Colour a section's heading, by its pass; the words say the same without it."""
        return self._in(f"1;{_KINDS.get(kind, '37')}", text)

    def symbol(self, text: str) -> str:
        """Colour the symbol on the left of an equals sign."""
        return self._in("1", text)

    def good(self, text: str, good: bool) -> str:
        """Colour a verdict."""
        return self._in("32" if good else "31;1", text)

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.on else text


def plain_ascii(text: str) -> str:
    """Write text in ASCII: signs are written out or replaced; lines that become too long are broken."""
    lines = []
    for line in text.split("\n"):
        plain = line
        for sign, word in _PLAIN.items():
            plain = plain.replace(sign, word)
        plain = plain.encode("ascii", "replace").decode("ascii")
        lines += [plain] if len(line) == len(plain) else wrapped(plain, len(line) - len(line.lstrip()) + 4)
    return "\n".join(lines)


def wrapped(line: str, indent: int) -> list[str]:
    """Break a long line, the later parts indented. The codes of colours take no room."""
    if len(_COLOURS.sub("", line)) <= WIDTH:
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
