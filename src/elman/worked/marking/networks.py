"""Define the known mistakes made before the first line: another order of the weights, another GRU, another loss.

Everything after is derived from the other network, as the student derives it; or, where only the gradients are written
in another order, the lines of the sums change places.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from elman.worked.calculus.expr import Expr, Value, ref
from elman.worked.marking.slips import Slip, Values, replaced
from elman.worked.sheet.names import CELLS
from elman.worked.sheet.problem import Problem
from elman.worked.view.document import is_sum

# Orders in which libraries stack the blocks of the gates; the sheet's own order is that of `equations.py`.
ORDERS = {"lstm": ("ifog", "iofg", "igfo"), "gru_after": ("zrn", "nzr"), "gru_before": ("zrn", "nzr")}


def other_order(problem: Problem) -> Iterator[Slip]:
    """Make mistake E16: the blocks of the gates, or of x and h, in another order; as weights, or only as gradients."""
    own = "".join(CELLS[problem.cell].gates)
    for order in ORDERS.get(problem.cell, ()):
        for said, back in ((f"{order} read as {own}", False), (f"{own} read as {order}", True)):
            read = dict(zip(order, own, strict=True) if back else zip(own, order, strict=True))
            if back and read == dict(zip(own, order, strict=True)):
                continue  # an exchange of two undoes itself
            yield Slip(f"weights: {said}", problem=_permuted(lambda s, r=read: _gate(s, r)))  # type: ignore[misc]
            yield Slip(f"gradients: {said}", instead=_sum_of(lambda s, r=read: _gate(s, r)))  # type: ignore[misc]
    if problem.inputs == problem.hidden:
        yield Slip("weights: [h, x] read as [x, h]", problem=_permuted(_x_and_h))
        yield Slip("gradients: [h, x] read as [x, h]", instead=_sum_of(_x_and_h))


def _gate(symbol: str, read: Mapping[str, str]) -> str:
    return (
        symbol[:-1] + read.get(symbol[-1], symbol[-1]) if symbol[:3] in {"W_x", "W_h"} or symbol[:2] == "b_" else symbol
    )


def _x_and_h(symbol: str) -> str:
    other = {"W_x": "W_h", "W_h": "W_x"}.get(symbol[:3])
    return symbol if other is None or symbol == "W_hy" else other + symbol[3:]


def _permuted(other: Callable[[str], str]) -> Callable[[Problem], Problem]:
    def change(problem: Problem) -> Problem:
        arrays = problem.parameters
        base = {name: replace(part, symbol=other(part.symbol)).base for name, part in problem.names.items()}
        own = {name: name if name in {"W_hy", "b_y"} or base[name] not in arrays else base[name] for name in arrays}
        shapes = {name: arrays[own[name]].shape == arrays[name].shape for name in arrays}
        return replace(problem, parameters={n: arrays[own[n]] if shapes[n] else arrays[n] for n in arrays})

    return change


def _sum_of(other: Callable[[str], str]) -> Callable[[Value, Values], Value]:
    def instead(value: Value, values: Values) -> Value:
        if not is_sum(value) or value.name.symbol in {"W_hy", "b_y"}:
            return value
        found = values.get(replace(value.name, symbol=other(value.name.symbol)).id, value)
        return found if found.shape == value.shape else value

    return instead


def other_gru(problem: Problem) -> Iterator[Slip]:
    """Make mistake E17."""
    other = "take" if problem.sheet.z == "keep" else "keep"
    yield Slip("z and 1 - z exchanged", problem=lambda p: replace(p, sheet=p.sheet.model_copy(update={"z": other})))
    if problem.cell == "gru_after":
        yield Slip("reset before the product", forward=_reset_before)
    else:
        yield Slip("reset after the product", forward=_reset_after)


def _reset_before(value: Value, expr: Expr, values: Values) -> Expr:
    r = values.get(replace(value.name, symbol="r").id)
    if r is None or value.name.symbol not in {"u", "a_n"}:
        return expr
    if value.name.symbol == "a_n":
        return replaced(expr, lambda e: e.args[1] if e.op == "mul" else None)
    return replaced(expr, lambda e: e.args[0] @ (ref(r) * e.args[1]) if e.op == "matvec" else None)


def _reset_after(value: Value, expr: Expr, values: Values) -> Expr:
    q = values.get(replace(value.name, symbol="q").id)
    if value.name.symbol != "a_n" or q is None or q.expr is None:
        return expr
    r, h = q.expr.args
    return replaced(expr, lambda e: r * (e.args[0] @ h) if e.op == "matvec" and e.args[1].value is q else None)


def mean_or_sum(problem: Problem) -> Iterator[Slip]:
    """Make mistake E20."""
    for field, word, count in (
        ("over_steps", "steps", max(sequence.length for sequence in problem.sequences)),
        ("over_examples", "examples", len(problem.sequences)),
    ):
        stated = getattr(problem.sheet.loss, field, None)
        if stated is not None and count > 1:
            other = "mean" if stated == "sum" else "sum"
            yield Slip(f"{other} over the {word} instead of the {stated}", problem=_loss_over(field, other))


def _loss_over(field: str, other: str) -> Callable[[Problem], Problem]:
    def change(problem: Problem) -> Problem:
        loss = problem.sheet.loss.model_copy(update={field: other}) if problem.sheet.loss else None
        return replace(problem, sheet=problem.sheet.model_copy(update={"loss": loss}))

    return change
