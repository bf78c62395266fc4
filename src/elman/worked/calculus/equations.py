"""Write the equations of each cell as the textbook does, one function per cell, and those of outputs and losses.

`s("f", expression, reason)` names a value of the current step and returns it. A cell takes the parameters by name,
the input `x` and the state before, and returns the state after. `sheet/names.py` lists the parameters of each cell.
Unrolling, layers, directions and the backward pass are common to all cells. No derivative is written here except the
long way round the shortcut p - target, which the reader may want to see.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from elman.worked.calculus.expr import Expr, Value, add, call, const, ref, times
from elman.worked.calculus.tape import Aside, Tape
from elman.worked.sheet.choices import output_at
from elman.worked.sheet.examples import Sequence
from elman.worked.sheet.names import Name
from elman.worked.sheet.problem import Problem

Parameters = Mapping[str, Expr]
State = dict[str, Expr]
_P_REASON = {
    "linear": "the output as it is",
    "none": "the state itself is the prediction",
    "sigmoid": "the sigmoid makes a probability of each output",
    "softmax": "softmax makes probabilities that sum to 1",
}
_LOSS_REASON = {
    "binary_cross_entropy": "binary cross-entropy: minus the natural logarithm of the probability of the right label",
    "cross_entropy": "cross-entropy: minus the natural logarithm of the probability given to the right class",
    "half_squares": "half the squared distance from the target",
}


class Step(Protocol):
    """Name a value of the current step."""

    def __call__(self, symbol: str, expr: Expr, reason: str) -> Expr:
        """Give the named value."""


def tanh(a: Expr) -> Expr:
    """Squash a to between -1 and 1."""
    return call("tanh", a)


def sigmoid(a: Expr) -> Expr:
    """Squash a to between 0 and 1."""
    return call("sigmoid", a)


def rnn(s: Step, p: Parameters, x: Expr, before: State, activation: str = "tanh") -> State:
    """Write the plain cell: the new state is a squashed mixture of the input and the old state."""
    h = before["h"]
    a = s("a", p["W_xh"] @ x + p["W_hh"] @ h + p["b_h"], "mix the input with the state before, and add the bias")
    return {"h": s("h", call(activation, a), f"{activation} gives the new state")}


def lstm(s: Step, p: Parameters, x: Expr, before: State) -> State:
    """Write long short-term memory: a cell state with an input, a forget and an output gate."""
    h, c = before["h"], before["c"]
    i = s("i", sigmoid(_mix(s, p, "i", x, h)), "input gate: how much of the candidate is written, 0 to 1")
    f = s("f", sigmoid(_mix(s, p, "f", x, h)), "forget gate: how much of the old cell state is kept, 0 to 1")
    g = s("g", tanh(_mix(s, p, "g", x, h)), "candidate: what could be written")
    o = s("o", sigmoid(_mix(s, p, "o", x, h)), "output gate: how much of the cell state is shown, 0 to 1")
    c = s("c", f * c + i * g, "keep part of the old cell state, write part of the candidate")
    return {"c": c, "h": s("h", o * tanh(c), "show part of the cell state")}


def gru_after(s: Step, p: Parameters, x: Expr, before: State, mix: str) -> State:
    """Write the GRU whose reset gate is applied after the matrix product (PyTorch, Keras's default)."""
    h = before["h"]
    r, z = _gru_gates(s, p, x, h)
    u = s("u", p["W_hn"] @ h + p["b_hn"], "what the old state would say to the candidate")
    a = s("a_n", p["W_xn"] @ x + p["b_n"] + r * u, "the reset gate weighs what the old state says")
    return _gru_state(s, a, z, h, mix)


def gru_before(s: Step, p: Parameters, x: Expr, before: State, mix: str) -> State:
    """Write the GRU whose reset gate is applied to the state before the matrix product (as published)."""
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


@dataclass(slots=True)
class Head:
    """Write the outputs and the loss of one example."""

    problem: Problem
    tape: Tape
    parameters: dict[str, Expr]
    example: int | None

    def write(self, states: dict[int, Expr], sequence: Sequence) -> Expr | None:
        """Write y and p where outputs are read, and the loss where there is a target; returns the example's loss."""
        outputs = {t: self._output(t, state) for t, state in states.items()}
        losses = {t: self._loss(t, outputs[t], sequence) for t in sequence.targets}
        loss = self.problem.sheet.loss
        if loss is None or loss.at == "last":
            return next(iter(losses.values()), None)
        return self._over_steps(list(losses.values()), loss.over_steps == "mean")

    def _name(self, symbol: str, t: int, everywhere: bool) -> Name:
        return Name(symbol, t if everywhere else None, example=self.example)

    def _output(self, t: int, state: Expr) -> Expr:
        kind, every = self.problem.sheet.output.kind, output_at(self.problem.sheet) == "every"
        if kind != "none":
            y = self.parameters["W_hy"] @ state + self.parameters["b_y"]
            state = self.tape.let(self._name("y", t, every), y, "read the output off the state", t=t)
        p = call(kind, state) if kind in {"sigmoid", "softmax"} else state
        return self.tape.let(self._name("p", t, every), p, _P_REASON[kind], t=t)

    def _loss(self, t: int, p: Expr, sequence: Sequence) -> Expr:
        kind = self.problem.sheet.loss.kind if self.problem.sheet.loss else ""
        every = self.problem.sheet.loss is not None and self.problem.sheet.loss.at == "every"
        target = self.tape.given(self._name("target", t, every), sequence.targets[t], "given", t=t)
        return self.tape.let(self._name("loss", t, every), call(kind, p, target), _LOSS_REASON[kind], t=t)

    def _over_steps(self, losses: list[Expr], mean: bool) -> Expr:
        total = add(*losses) / len(losses) if mean else add(*losses)
        reason = "the mean of the losses of the steps" if mean else "the sum of the losses of the steps"
        return self.tape.let(Name("loss", example=self.example), total, reason)


def long_way(value: Value, d: Expr) -> Iterator[Aside]:
    """Write the steps that p - target skips: dL/dp, and dp/dy for a sigmoid, unless p is exactly 0 or 1."""
    if value.expr is None or value.expr.op not in {"binary_cross_entropy", "cross_entropy"}:
        return
    p, target = (arg.value for arg in value.expr.args)
    if p is None or target is None or not ((p.array > 0) & (p.array < 1)).all():
        return
    slope = _slope_binary(p, target) if value.expr.op == "binary_cross_entropy" else -(ref(target) / ref(p))
    yield Aside(p.name.d(), times(d, slope), "the long way: the slope of the loss at p", p)
    if value.expr.op == "binary_cross_entropy":
        name = replace(p.name, symbol="dp_dy")
        yield Aside(
            name, ref(p) * (1 - ref(p)), "the long way: the slope of the sigmoid; dp times this is p - target", None
        )


def _slope_binary(p: Value, target: Value) -> Expr:
    if (target.array == 1).all():
        return -(const(1) / ref(p))
    if (target.array == 0).all():
        return const(1) / (1 - ref(p))
    return (1 - ref(target)) / (1 - ref(p)) - ref(target) / ref(p)
