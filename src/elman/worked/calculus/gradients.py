"""Write the total loss, the backward pass, the sums over steps and examples, and one step of the optimiser.

The optimiser's step is clipping, then SGD with momentum or Adam. Clipping by norm multiplies all gradients by
bound / max(norm, bound), the norm taken over every parameter and embedding together.
"""

from collections import defaultdict
from collections.abc import Mapping

from elman.errors import InputError
from elman.quoting import listed
from elman.worked.calculus.equations import long_way
from elman.worked.calculus.expr import Expr, Value, add, call, const, ref
from elman.worked.calculus.maths import zeros
from elman.worked.calculus.tape import Tape
from elman.worked.sheet.names import Array, Name
from elman.worked.sheet.problem import Problem
from elman.worked.sheet.worksheet import Update, Worksheet


def write_gradients(problem: Problem, tape: Tape, losses: list[Expr]) -> None:
    """Write down every gradient, then the clipping and the update if the sheet asks for them."""
    examples = list(range(1, len(losses) + 1)) if len(losses) > 1 else [None]
    loss = _total(problem, tape, losses)
    if loss.value is None:
        return
    tape.backward(loss.value, _walk(tape, loss.value, examples), long_way)
    _sums(tape, examples)
    write_update(problem.sheet, tape)


def _total(problem: Problem, tape: Tape, losses: list[Expr]) -> Expr:
    if len(losses) == 1:
        return losses[0]
    mean = problem.sheet.loss is not None and problem.sheet.loss.over_examples == "mean"
    total = add(*losses) / len(losses) if mean else add(*losses)
    reason = "the mean of the losses of the examples" if mean else "the sum of the losses of the examples"
    return tape.let(Name("loss"), total, reason)


def _walk(tape: Tape, loss: Value, examples: list[int] | list[None]) -> list[Value]:
    """Yield the values from the loss back to the first step, one example after the other."""
    backwards = [value for value in reversed(tape.values.values()) if value.phase in {"given", "forward"}]
    walk = [loss] if examples[0] is not None else []
    return walk + [
        value for k in examples for value in backwards if value is not loss or k is None if value.name.example == k
    ]


def _sums(tape: Tape, examples: list[int] | list[None]) -> None:
    shares: dict[tuple[str, int | None], list[Value]] = defaultdict(list)
    parameters = set()
    for value in tape.values.values():
        if value.name.share is not None and value.of is not None:
            shares[value.of.id, value.name.example].append(value)
            parameters.add(value.of.id)
    for parameter in (value for value in tape.values.copy().values() if value.id in parameters):
        each = [_over_steps(tape, parameter, k, shares[parameter.id, k]) for k in examples if shares[parameter.id, k]]
        if examples[0] is not None:
            tape.let_sum(parameter, None, each, "the sum over the examples")


def _over_steps(tape: Tape, parameter: Value, example: int | None, shares: list[Value]) -> Expr:
    ordered = [ref(share) for share in sorted(shares, key=lambda share: share.name.share or 0)]
    reason = f"{parameter.id} is used at {_steps(len(ordered))}, so its gradient is the sum of the shares"
    return tape.let_sum(parameter, example, ordered, reason)


def _steps(count: int) -> str:
    return "one step" if count == 1 else f"{count} steps"


def write_update(sheet: Worksheet, tape: Tape) -> None:
    """Write down the clipped gradients, and every parameter after the update."""
    parameters = {v.id: v for v in tape.values.values() if v.phase == "parameter" and v.name.d().id in tape.values}
    gradients = {name: ref(tape.values[parameter.name.d().id]) for name, parameter in parameters.items()}
    if sheet.clip is not None:
        gradients = _clip(sheet, tape, parameters, gradients)
    if sheet.update is not None:
        step = Step(sheet.update, tape, parameters)
        for name, gradient in gradients.items():
            step.write(parameters[name], gradient)


def _clip(
    sheet: Worksheet, tape: Tape, parameters: Mapping[str, Value], gradients: Mapping[str, Expr]
) -> dict[str, Expr]:
    bound, each = (sheet.clip.norm, sheet.clip.value) if sheet.clip else (None, None)
    scale = None
    if bound is not None:
        norm = tape.let(
            Name("norm"), call("norm", *gradients.values()), "the norm of all gradients together", phase="update"
        )
        reason = "shrink only if the norm is above the bound"
        scale = tape.let(Name("scale"), const(bound) / call("at_least", norm, fixed=(bound,)), reason, phase="update")
    clipped = {}
    for name, gradient in gradients.items():
        expr = scale * gradient if scale else call("clamp", gradient, fixed=(each or 0.0,))
        reason = "clipped by the norm" if scale else "each entry held within the bound"
        clipped[name] = tape.let(
            parameters[name].name.d().marked("~"), expr, reason, phase="update", of=parameters[name]
        )
    return clipped


class Step:
    """Take one step of the optimiser for one parameter after the other."""

    def __init__(self, update: Update, tape: Tape, parameters: Mapping[str, Value]) -> None:
        self.update, self.tape = update, tape
        for field in ("velocity", "first", "second"):
            for name, moment in getattr(update, field).items():
                if name not in parameters:
                    raise InputError(f"update.{field}.{name}: not an updated parameter; expected {listed(parameters)}")
                if moment.shape != parameters[name].shape:
                    expected = parameters[name].shape
                    raise InputError(f"update.{field}.{name}: expected shape {expected}, got {moment.shape}")

    def write(self, parameter: Value, gradient: Expr) -> None:
        """Write down a parameter after the update."""
        move = self._adam(parameter, gradient) if self.update.method == "adam" else self._sgd(parameter, gradient)
        expr = ref(parameter) - self.update.rate * move
        name, reason = parameter.name.marked("'"), "a step against the gradient, as long as the learning rate says"
        self.tape.let(name, expr, reason, phase="update", of=parameter)

    def _sgd(self, parameter: Value, gradient: Expr) -> Expr:
        if not self.update.momentum:
            return gradient
        return self._moment("v", parameter, gradient, self.update.velocity, keep=self.update.momentum)

    def _adam(self, parameter: Value, gradient: Expr) -> Expr:
        (fast, slow), step = self.update.betas, self.update.step
        m = self._moment("m", parameter, gradient, self.update.first, keep=fast, take=1 - fast)
        v = self._moment("v", parameter, call("square", gradient), self.update.second, keep=slow, take=1 - slow)
        return (m / (1 - fast**step)) / (call("sqrt", v / (1 - slow**step)) + const(self.update.epsilon))

    def _moment(
        self, letter: str, parameter: Value, new: Expr, given: Mapping[str, Array], *, keep: float, take: float = 1.0
    ) -> Expr:
        name = Name(f"{letter}.{parameter.id}")
        array = given.get(parameter.id, zeros(parameter.shape))
        old = self.tape.given(name, array, "the moment before the step", phase="update")
        reason = "keep part of the old moment, add the new gradient"
        return self.tape.let(name.marked("'"), keep * old + take * new, reason, phase="update", of=parameter)
