"""Write the names of values as LaTeX."""

from elman.worked.sheet.ids import Name
from elman.worked.view.notation import Notation

_WORDS = {
    "yhat": r"\hat{y}",
    "ctilde": r"\tilde{c}",
    "loss": "L",
    "target": r"\mathrm{target}",
    "norm": r"\mathrm{norm}",
    "scale": r"\mathrm{scale}",
    "bag": r"\mathrm{bag}",
    "dp_dy": r"\frac{\mathrm{d}p}{\mathrm{d}y}",
}


def latex_name(name: Name, notation: Notation, example: int | None = None) -> str:
    """A name as LaTeX: the layer in brackets above, an arrow for the direction that reads from right to left."""
    symbol = notation.symbol(
        Name(name.symbol, layer=name.layer, reverse=name.reverse) if notation.name == "pytorch" else Name(name.symbol)
    )
    letter, below = _split(symbol)
    if notation.name != "pytorch" and name.reverse:
        letter = rf"\overleftarrow{{{letter}}}"
    time = "" if name.t is None else str(name.t)
    if notation.angle and time:
        above, time = rf"\langle {time}\rangle", ""
    else:
        above = ""
    return _assemble(name, letter, ", ".join(x for x in (below, time) if x), _above(name, above, example))


def _above(name: Name, angle: str, example: int | None) -> str:
    layer = f"({name.layer})" if name.layer > 1 else ""
    other = f"[{name.example}]" if name.example not in {None, example} else ""
    return other + layer + angle + ("'" if name.mark == "'" else "")


def _split(symbol: str) -> tuple[str, str]:
    if symbol in _WORDS:
        return _WORDS[symbol], ""
    if "." in symbol or "weight" in symbol or "bias" in symbol:
        return rf"\text{{{_escape(symbol)}}}", ""
    letter, _, below = symbol.partition("_")
    return (rf"\{letter}" if letter == "Gamma" else letter), (rf"\mathrm{{{below}}}" if len(below) > 1 else below)


def _escape(text: str) -> str:
    """Text within a formula. Braces keep a Markdown reader from seeing an HTML tag or a link there."""
    signs = {c: f"\\{c}" for c in "_#%&$"} | {c: f"{{{c}}}" for c in "<[]"} | dict.fromkeys("\\{}^~", "") | {"`": "'"}
    return "".join(signs.get(c, c) for c in text)


def _assemble(name: Name, letter: str, below: str, above: str) -> str:
    if name.mark == "~":
        letter = rf"\widetilde{{{letter}}}"
    text = f"{'d' if name.gradient else ''}{letter}"
    text += f"_{{{below}}}" if below else ""
    text += f"^{{{above}}}" if above else ""
    return rf"\left.{text}\right|_{{t={name.share}}}" if name.share is not None else text
