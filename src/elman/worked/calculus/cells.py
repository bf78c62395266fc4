"""Write the equations of each cell as the textbook does, one function per cell.

`s("f", expression, reason)` names a value of the current step and returns it. A cell takes the parameters by name,
the input `x` and the state before, and returns the state after. `sheet/parameters.py` lists the parameters of each
cell. Unrolling, layers, directions and the backward pass are common to all cells, and no derivative is written here.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from elman.worked.calculus.expr import Expr, call

Parameters = Mapping[str, Expr]
State = dict[str, Expr]


class Step(Protocol):
    """Names a value of the current step."""

    def __call__(self, symbol: str, expr: Expr, reason: str) -> Expr:
        """Give the named value."""


def tanh(a: Expr) -> Expr:
    """Between -1 and 1."""
    return call("tanh", a)


def sigmoid(a: Expr) -> Expr:
    """Between 0 and 1."""
    return call("sigmoid", a)


def rnn(s: Step, p: Parameters, x: Expr, before: State, activation: str = "tanh") -> State:
    """The plain cell: the new state is a squashed mixture of the input and the old state."""
    h = before["h"]
    a = s("a", p["W_xh"] @ x + p["W_hh"] @ h + p["b_h"], "mix the input with the state before, and add the bias")
    return {"h": s("h", call(activation, a), f"{activation} gives the new state")}


def lstm(s: Step, p: Parameters, x: Expr, before: State) -> State:
    """Long short-term memory: a cell state with an input, a forget and an output gate."""
    h, c = before["h"], before["c"]
    i = s("i", sigmoid(_mix(s, p, "i", x, h)), "input gate: how much of the candidate is written, 0 to 1")
    f = s("f", sigmoid(_mix(s, p, "f", x, h)), "forget gate: how much of the old cell state is kept, 0 to 1")
    g = s("g", tanh(_mix(s, p, "g", x, h)), "candidate: what could be written")
    o = s("o", sigmoid(_mix(s, p, "o", x, h)), "output gate: how much of the cell state is shown, 0 to 1")
    c = s("c", f * c + i * g, "keep part of the old cell state, write part of the candidate")
    return {"c": c, "h": s("h", o * tanh(c), "show part of the cell state")}


def gru_after(s: Step, p: Parameters, x: Expr, before: State, mix: str) -> State:
    """Gated recurrent unit, the reset gate applied after the matrix product (PyTorch, Keras's default)."""
    h = before["h"]
    r, z = _gru_gates(s, p, x, h)
    u = s("u", p["W_hn"] @ h + p["b_hn"], "what the old state would say to the candidate")
    a = s("a_n", p["W_xn"] @ x + p["b_n"] + r * u, "the reset gate weighs what the old state says")
    return _gru_state(s, a, z, h, mix)


def gru_before(s: Step, p: Parameters, x: Expr, before: State, mix: str) -> State:
    """Gated recurrent unit, the reset gate applied to the state before the matrix product (the published form)."""
    h = before["h"]
    r, z = _gru_gates(s, p, x, h)
    q = s("q", r * h, "the reset gate weighs the old state")
    a = s("a_n", p["W_xn"] @ x + p["W_hn"] @ q + p["b_n"], "mix the input with the weighed state")
    return _gru_state(s, a, z, h, mix)


def _mix(s: Step, p: Parameters, gate: str, x: Expr, h: Expr) -> Expr:
    mixture = p[f"W_x{gate}"] @ x + p[f"W_h{gate}"] @ h + p[f"b_{gate}"]
    return s(f"a_{gate}", mixture, f"mix the input with the state before, with the weights of {gate}")


def _gru_gates(s: Step, p: Parameters, x: Expr, h: Expr) -> tuple[Expr, Expr]:
    r = s("r", sigmoid(_mix(s, p, "r", x, h)), "reset gate: how much the candidate sees of the old state, 0 to 1")
    z = s("z", sigmoid(_mix(s, p, "z", x, h)), "update gate, 0 to 1")
    return r, z


def _gru_state(s: Step, a: Expr, z: Expr, h: Expr, mix: str) -> State:
    n = s("n", tanh(a), "candidate for the new state")
    if mix == "keep":
        return {"h": s("h", (1 - z) * n + z * h, "z keeps the old state, 1 - z takes the candidate")}
    return {"h": s("h", (1 - z) * h + z * n, "z takes the candidate, 1 - z keeps the old state")}


EQUATIONS: Mapping[str, Callable[..., State]] = {
    "rnn": rnn,
    "lstm": lstm,
    "gru_after": gru_after,
    "gru_before": gru_before,
}
