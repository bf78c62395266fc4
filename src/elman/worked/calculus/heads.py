"""Write outputs and losses, and the gradient of an output without the shortcut p - target."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from elman.worked.calculus.expr import Expr, Value, add, call, const, ref, times
from elman.worked.calculus.tape import Aside, Tape
from elman.worked.sheet.choices import output_at
from elman.worked.sheet.examples import Sequence
from elman.worked.sheet.ids import Name
from elman.worked.sheet.problem import Problem

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


@dataclass(slots=True)
class Head:
    """Writes the outputs and the loss of one example."""

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
