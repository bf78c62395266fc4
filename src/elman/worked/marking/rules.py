"""Define the replaced rules of the known mistakes in a line, one short function each; `catalogue.py` names them.

Each gives a `Slip`, or one for each way in which the mistake can be made on this sheet.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import log

from elman.worked.calculus.expr import Expr, Source, Value, add, call, const, ref, times
from elman.worked.marking.slips import (
    Slip,
    Values,
    at_slope,
    dot,
    everywhere,
    from_later,
    gate_of,
    is_gradient_of,
    is_recurrent_matrix,
    replaced,
)
from elman.worked.sheet.names import CELLS
from elman.worked.sheet.problem import Problem
from elman.worked.view.document import is_sum


def local_only() -> Slip:
    """Make mistake E1."""
    return Slip(keep=lambda value, source: value.name.symbol != "h" or not from_later(value, source))


def future_only() -> Slip:
    """Make mistake E2."""

    def keep(value: Value, source: Source) -> bool:
        later = [from_later(value, other) for other in value.sources]
        return value.name.symbol != "h" or not any(later) or from_later(value, source)

    return Slip(keep=keep)


def no_transpose() -> Slip:
    """Make mistake E3."""
    turned = lambda e: e.args[0] if e.op == "transpose" and is_recurrent_matrix(e.args[0].value) else None  # noqa: E731
    return Slip(line=everywhere(turned))


def no_slope() -> Slip:
    """Make mistake E4."""
    return Slip(line=at_slope(lambda _value, expr: expr.args[0]))


def slope_at_the_input() -> Slip:
    """Make mistake E5."""

    def at_input(value: Value, expr: Expr) -> Expr | None:
        a = value.of
        return replaced(expr, lambda e: call("square", ref(a)) if e.op == "square" and a is not None else None)

    return Slip(line=at_slope(at_input))


def state_after() -> Slip:
    """Make mistake E6."""

    def line(value: Value, expr: Expr, values: Values) -> Expr:
        if value.name.share is None or not is_recurrent_matrix(value.of):
            return expr

        def later(e: Expr) -> Expr | None:
            state = e.value
            if state is None or state.name.symbol != "h" or state.t == value.t or state.name.gradient:
                return None
            return ref(values[replace(state.name, t=value.t).id])

        return replaced(expr, later)

    return Slip(line=line)


def turned_round() -> Slip:
    """Make mistake E7."""
    return _difference(lambda p, target: target - p)


def no_target() -> Slip:
    """Make mistake E10: p alone."""
    return _difference(lambda p, _target: p, "p")


def one_everywhere() -> Slip:
    """Make mistake E10: p - 1 in every entry."""
    return _difference(lambda p, _target: p - const(1), "p - 1")


def _difference(change: Callable[[Expr, Expr], Expr], label: str = "") -> Slip:
    """Put another difference in the place of p - target."""

    def line(e: Expr) -> Expr | None:
        if e.op != "sub" or e.args[1].value is None or e.args[1].value.name.symbol != "target":
            return None
        return change(*e.args) if e.args[0].value is not None else None

    def only_there(value: Value, expr: Expr, values: Values) -> Expr:
        return everywhere(line)(value, expr, values) if value.sources else expr

    return Slip(label, line=only_there)


def slope_again() -> Slip:
    """Make mistake E8."""

    def line(value: Value, expr: Expr, _values: Values) -> Expr:
        loss = value.sources[0].consumer if is_gradient_of(value, "y") else None
        if loss is None or loss.expr is None or loss.expr.op != "binary_cross_entropy":
            return expr
        p = loss.expr.args[0]
        return times(expr, p, 1 - p)

    return Slip(line=line)


def not_summed() -> Iterator[Slip]:
    """Make mistake E9: the last share, the first, or the mean."""

    def pick(choose: Callable[[list[Expr]], Expr]) -> Callable[[Value, Expr, Values], Expr]:
        def line(value: Value, expr: Expr, _values: Values) -> Expr:
            shares = [e for e in expr.args if e.value is not None and e.value.name.share is not None]
            return choose(shares) if is_sum(value) and len(shares) > 1 else expr

        return line

    yield Slip("only the last step", line=pick(lambda shares: shares[-1]))
    yield Slip("only the first step", line=pick(lambda shares: shares[0]))
    yield Slip("divided by the number of steps", line=pick(lambda shares: add(*shares) / len(shares)))


def without(symbol: str) -> Slip:
    """Make mistake E11, E12: dc_t without the term through `symbol`."""
    return Slip(keep=lambda value, source: value.name.symbol != "c" or source.consumer.name.symbol != symbol)


def cell_state_unsquashed() -> Slip:
    """Make mistake E13."""
    bare = lambda e: call("square", e.args[0].args[0]) if e.op == "square" and e.args[0].op == "tanh" else None  # noqa: E731
    return Slip(line=everywhere(bare))


def one_gate_only(problem: Problem) -> Iterator[Slip]:
    """Make mistake E14."""

    def keeping(wanted: Callable[[str], bool]) -> Callable[[Value, Source], bool]:
        return lambda value, source: (
            value.name.symbol != "h" or not from_later(value, source) or wanted(gate_of(source.consumer))
        )

    direct = ("direct",) if problem.sheet.cell == "gru" else ()
    for gate in (*CELLS[problem.cell].gates, *direct):
        yield Slip(f"only {gate}", keep=keeping(lambda found, gate=gate: found == gate))  # type: ignore[misc]
    if direct:
        yield Slip("without the direct term", keep=keeping(lambda found: found != "direct"))


def other_slope(problem: Problem) -> Iterator[Slip]:
    """Make mistake E15: s(1 - s) for a tanh, 1 - s² for a sigmoid."""

    def swap(value: Value, expr: Expr) -> Expr | None:
        d, out = expr.args[0], ref(value.sources[0].consumer)
        if any(e.op == "sub" and e.args[1].op == "square" for e in expr.args):
            return times(d, out, 1 - out)
        return times(d, 1 - call("square", out)) if len(expr.args) == 3 else None

    for gate in ("a",) if problem.cell == "rnn" else CELLS[problem.cell].gates:
        yield Slip("" if gate == "a" else f"gate {gate}", line=at_slope(swap, gate))


def other_product() -> Iterator[Slip]:
    """Make mistake E18."""

    def turned(value: Value, expr: Expr, _values: Values) -> Expr:
        square = value.name.share is not None and value.array.ndim == 2 and len({*value.shape}) == 1
        return call("outer", *expr.args[::-1]) if square and expr.op == "outer" else expr

    yield Slip("outer product transposed", line=turned)
    scalar = at_slope(lambda value, expr: dot(expr.args[0], times(*expr.args[1:]), value.array.size))
    yield Slip("scalar product for the product of entries", line=scalar)


def updated_weight() -> Slip:
    """Make mistake E19: W_hy', already updated, on the way back to the state.

    The norm of all gradients is known only when all are, so on a sheet that clips by it the early update has not been
    clipped.
    """

    def line(value: Value, expr: Expr, values: Values) -> Expr:
        new = values.get("W_hy'")
        if new is None or new.expr is None or value.phase != "backward":
            return expr
        early = _unclipped(new.expr, values) if "norm" in values else ref(new)
        return replaced(expr, lambda e: early if e.value is not None and e.value.id == "W_hy" else None)

    return Slip(line=line)


def _unclipped(expr: Expr, values: Values) -> Expr:
    """Write an update out down to the gradients before they were clipped."""

    def written_out(e: Expr) -> Expr | None:
        if e.value is None or e.value.expr is None or e.value.phase != "update":
            return None
        clipped = e.value.name.mark == "~"
        return ref(values[e.value.name.marked("").id]) if clipped else _unclipped(e.value.expr, values)

    return replaced(expr, written_out)


def other_base() -> Iterator[Slip]:
    """Make mistake E22: base 10 in the logarithm, or in the powers of sigmoid and softmax at the output."""
    logs, powers = {"binary_cross_entropy", "cross_entropy"}, {"sigmoid", "softmax"}

    def log10(value: Value, expr: Expr, _values: Values) -> Expr:
        return expr / log(10) if value.phase == "forward" and expr.op in logs else expr

    def ten(value: Value, expr: Expr, _values: Values) -> Expr:
        here = value.phase == "forward" and value.name.symbol == "p" and expr.op in powers
        return call(expr.op, const(log(10)) * expr.args[0]) if here else expr

    yield Slip("log10 for ln", line=log10)
    yield Slip("10^x for e^x", line=ten)
