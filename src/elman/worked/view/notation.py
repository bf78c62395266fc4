"""Name the values as one of four textbooks and courses does, as text or LaTeX. Ids never change, only what is printed.

xh       W_xh W_hh W_hy b_h b_y, h_t, y_t, p_t          the notes, CS231n; a_t is the pre-activation
uwv      U W V b c, h_t, o_t, yhat_t                    Goodfellow; an LSTM's cell state is s, its output gate q
ng       W_ax W_aa W_ya b_a b_y, a<t>, z<t>, yhat<t>    the Coursera course; gates are Gamma_u, Gamma_f, Gamma_o
pytorch  weight_ih_l0, weight_hh_l0, bias_l0, fc.weight the two biases of PyTorch added up, except in a GRU's n
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from elman.errors import InputError
from elman.quoting import quote
from elman.worked.sheet.names import Name

_UWV = {"W_xh": "U", "W_hh": "W", "W_hy": "V", "b_h": "b", "b_y": "c", "y": "o", "p": "yhat"}
_UWV_LSTM = {"c": "s", "o": "q", "a_o": "a_q"}  # o is the output and c its bias
_NG = {"W_xh": "W_ax", "W_hh": "W_aa", "W_hy": "W_ya", "b_h": "b_a", "h": "a", "a": "z", "y": "z_y", "p": "yhat"}
_NG_GATES = {
    "i": "Gamma_u",
    "f": "Gamma_f",
    "o": "Gamma_o",
    "g": "ctilde",
    "r": "Gamma_r",
    "z": "Gamma_u",
    "n": "ctilde",
}
_GATES = "ifgorzn"
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


@dataclass(frozen=True, slots=True)
class Notation:
    """Name values as one school does: `symbol` renames, `angle` writes the step as a<3> instead of a_3."""

    name: str
    rename: Callable[[Name], str]
    angle: bool = False

    def symbol(self, name: Name) -> str:
        """Return the symbol without step, example and marks: `W_xh_l2`."""
        moment, _, plain = name.symbol.partition(".")
        if moment in {"m", "v"}:
            return f"{moment}.{plain if plain[:2] == 'E.' else self.rename(_parsed(plain))}"
        return name.base if moment == "E" else self.rename(name)


def _parsed(base: str) -> Name:
    """Read the name of a parameter from its base: `W_hh_l2_r`."""
    found = re.fullmatch(r"(?P<symbol>.+?)(_l(?P<layer>\d+))?(?P<reverse>_r)?", base)
    if found is None or found["symbol"] in {"W", "b"}:  # b_r is a bias of the gate r, not one that reads backwards
        return Name(base)
    return Name(found["symbol"], layer=int(found["layer"] or 1), reverse=bool(found["reverse"]))


def _suffix(name: Name) -> str:
    return replace(name, symbol="").base


def _xh(name: Name) -> str:
    return name.base


def _uwv(name: Name) -> str:
    symbol = name.symbol
    if _is_gate_parameter(symbol):
        gate = _UWV_LSTM.get(symbol[-1], symbol[-1])
        return {"W_x": "U_", "W_h": "W_", "b_": "b_"}[symbol[:-1]] + gate + _suffix(name)
    return {**_UWV, **_UWV_LSTM}.get(symbol, symbol) + _suffix(name)


def _ng(name: Name) -> str:
    symbol = name.symbol
    if _is_gate_parameter(symbol):
        symbol = {"W_x": f"W_{symbol[-1]}x", "W_h": f"W_{symbol[-1]}a", "b_": f"b_{symbol[-1]}"}[symbol[:-1]]
    elif symbol[:2] == "a_":
        symbol = f"z_{symbol[2:]}"
    return {**_NG, **_NG_GATES}.get(symbol, symbol) + _suffix(name)


def _pytorch(name: Name) -> str:
    tail = f"l{name.layer - 1}{'_reverse' if name.reverse else ''}"
    symbol = name.symbol
    stems = {"W_x": f"weight_ih_{tail}", "W_h": f"weight_hh_{tail}", "b_": f"bias_{tail}"}
    if symbol in {"W_hy", "b_y"}:
        return "fc.weight" if symbol == "W_hy" else "fc.bias"
    if symbol == "b_hn":
        return f"bias_hh_{tail}[n]"
    if symbol[:-1] in stems and symbol[-1] == "h":
        return stems[symbol[:-1]]
    return f"{stems[symbol[:-1]]}[{symbol[-1]}]" if _is_gate_parameter(symbol) else name.base


def _is_gate_parameter(symbol: str) -> bool:
    return symbol[:-1] in {"W_x", "W_h", "b_"} and symbol[-1] in _GATES


NOTATIONS: Mapping[str, Notation] = {
    "xh": Notation("xh", _xh),
    "uwv": Notation("uwv", _uwv),
    "ng": Notation("ng", _ng, angle=True),
    "pytorch": Notation("pytorch", _pytorch),
}


def notation(name: str) -> Notation:
    """Find a notation by its name; `W_xh` and `U W V` are understood too."""
    key = {"w_xh": "xh", "u w v": "uwv"}.get(name.lower(), name.lower())
    if key not in NOTATIONS:
        raise InputError(f"notation: expected one of {', '.join(NOTATIONS)}, got {quote(name)}")
    return NOTATIONS[key]


def latex_name(name: Name, notation: Notation, example: int | None = None) -> str:
    """Write a name as LaTeX: the layer in brackets above, an arrow for the direction from right to left."""
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
    """Escape text within a formula. Braces keep a Markdown reader from seeing an HTML tag or a link there."""
    signs = {c: f"\\{c}" for c in "_#%&$"} | {c: f"{{{c}}}" for c in "<[]"} | dict.fromkeys("\\{}^~", "") | {"`": "'"}
    return "".join(signs.get(c, c) for c in text)


def _assemble(name: Name, letter: str, below: str, above: str) -> str:
    if name.mark == "~":
        letter = rf"\widetilde{{{letter}}}"
    text = f"{'d' if name.gradient else ''}{letter}"
    text += f"_{{{below}}}" if below else ""
    text += f"^{{{above}}}" if above else ""
    return rf"\left.{text}\right|_{{t={name.share}}}" if name.share is not None else text
