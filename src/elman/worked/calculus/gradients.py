"""Write the total loss, the backward pass of each example, and the sums over steps and examples."""

from collections import defaultdict

from elman.worked.calculus.expr import Expr, Value, add, ref
from elman.worked.calculus.heads import long_way
from elman.worked.calculus.tape import Tape
from elman.worked.calculus.update import write_update
from elman.worked.sheet.ids import Name
from elman.worked.sheet.problem import Problem


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
