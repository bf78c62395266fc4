"""Name the values as one of four textbooks and courses does. Ids never change, only what is printed.

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
from elman.worked.sheet.ids import Name

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


@dataclass(frozen=True, slots=True)
class Notation:
    """A school's names: `symbol` renames, `angle` writes the step as a<3> instead of a_3."""

    name: str
    rename: Callable[[Name], str]
    angle: bool = False

    def symbol(self, name: Name) -> str:
        """The symbol without step, example and marks: `W_xh_l2`."""
        moment, _, plain = name.symbol.partition(".")
        if moment in {"m", "v"}:
            return f"{moment}.{plain if plain[:2] == 'E.' else self.rename(_parsed(plain))}"
        return name.base if moment == "E" else self.rename(name)


def _parsed(base: str) -> Name:
    """The name of a parameter from its base: `W_hh_l2_r`."""
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
