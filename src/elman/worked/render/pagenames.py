"""Split the names of values into parts for the page: letter, subscript, superscript, accent, share."""

from elman.worked.sheet.ids import Name
from elman.worked.view.notation import Notation

_LETTERS = {
    "yhat": ("y", "^"),
    "ctilde": ("c", "~"),
    "loss": ("L", ""),
    "dp_dy": ("dp/dy", ""),
}
Parts = tuple[int, str, str, str, str, int]


def name_parts(name: Name, notation: Notation) -> Parts:
    """(1 for a gradient, letter, below, above, accent, step of a share or 0)."""
    schools = notation.name == "pytorch"
    plain = Name(name.symbol, layer=name.layer, reverse=name.reverse) if schools else Name(name.symbol)
    letter, below, accent = _split(notation.symbol(plain))
    time = "" if name.t is None else str(name.t)
    above = f"({name.layer})" if name.layer > 1 and letter[:6] not in {"weight", "bias_l"} else ""
    if notation.angle and time:
        above, time = f"{above}⟨{time}⟩", ""
    if name.reverse and letter[:6] not in {"weight", "bias_l"}:
        accent = "←"
    if name.mark == "~":
        accent = "~"
    below = ",".join(part for part in (below, time) if part)
    return int(name.gradient), letter, below, above + ("′" if name.mark == "'" else ""), accent, name.share or 0


def _split(symbol: str) -> tuple[str, str, str]:
    if symbol in _LETTERS:
        letter, accent = _LETTERS[symbol]
        return letter, "", accent
    if symbol.startswith(("weight", "bias", "fc.")):
        return symbol, "", ""
    letter, _, below = symbol.partition("." if "." in symbol else "_")
    return {"Gamma": "Γ"}.get(letter, letter), below, ""
