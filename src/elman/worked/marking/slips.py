"""Define how a mistake changes a line: the hooks of a `Slip`, and the rewritings of expressions that it consists of.

A sheet with a mistake is the right sheet with one rule replaced. Where the rule belongs to the network itself (which
weights, which equation), the way back is derived again from the wrong equation, as the student would. Where it belongs
to one line, that line alone is rewritten, and what comes after follows from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from elman.worked.calculus.expr import Expr, Source, Value, add, call, const
from elman.worked.sheet.problem import Problem

Values = Mapping[str, Value]
Change = Callable[[Expr], Expr | None]
Rewrite = Callable[[Value, Expr, Values], Expr]


@dataclass(frozen=True, slots=True)
class Slip:
    """Describe one way to make a mistake; `label` tells it from the other ways.

    `problem` and `forward` change the network, and the gradients are derived from what they leave. `keep` says which
    terms of a gradient are gathered, `instead` which line is written in the place of a value's own, and `line`
    rewrites a right-hand side. Two slips with one label are the same way to make a mistake.
    """

    label: str = ""
    problem: Callable[[Problem], Problem] | None = field(default=None, compare=False)
    forward: Rewrite | None = field(default=None, compare=False)
    keep: Callable[[Value, Source], bool] | None = field(default=None, compare=False)
    instead: Callable[[Value, Values], Value] | None = field(default=None, compare=False)
    line: Rewrite | None = field(default=None, compare=False)


def replaced(expr: Expr, change: Change) -> Expr:
    """Change every part of an expression for which `change` gives another."""
    new = change(expr)
    if new is not None:
        return new
    args = tuple(replaced(arg, change) for arg in expr.args)
    return expr if all(a is b for a, b in zip(args, expr.args, strict=True)) else replace(expr, args=args)


def everywhere(change: Change) -> Rewrite:
    """Rewrite every line of the backward pass by the same change."""
    return lambda value, expr, _values: replaced(expr, change) if value.phase == "backward" else expr


def at_slope(change: Callable[[Value, Expr], Expr | None], gate: str | None = None) -> Rewrite:
    """Rewrite the lines `da = d ∘ slope`, of one gate's or of all."""

    def rewrite(value: Value, expr: Expr, _values: Values) -> Expr:
        if not is_slope(value) or expr.op != "mul" or gate not in {None, value.name.symbol.removeprefix("a_")}:
            return expr
        new = change(value, expr)
        return expr if new is None else new

    return rewrite


def is_slope(value: Value) -> bool:
    """Tell whether the value is the gradient of a pre-activation."""
    symbol = value.name.symbol
    return value.of is not None and value.name.share is None and (symbol == "a" or symbol.startswith("a_"))


def is_gradient_of(value: Value, symbol: str) -> bool:
    """Tell whether the value is the gradient of `h`, `c`, `y`, ... of some step."""
    return value.of is not None and value.of.phase == "forward" and value.name.symbol == symbol and bool(value.sources)


def is_recurrent_matrix(value: Value | None) -> bool:
    """Tell whether the value is W_hh, or one of W_hi, W_hf, ..."""
    return (
        value is not None
        and value.phase == "parameter"
        and value.name.symbol.startswith("W_h")
        and value.name.symbol != "W_hy"
    )


def from_later(value: Value, source: Source) -> bool:
    """Tell whether a term of a state's gradient comes back along the sequence, not from the output or a layer above."""
    consumer = source.consumer
    if value.of is None or consumer.name.symbol in {"y", "p", "hh", "loss"} or consumer is value.of:
        return False
    place = (value.name.layer, value.name.reverse)
    return consumer.t != value.t and (consumer.name.layer, consumer.name.reverse) == place


def gate_of(consumer: Value) -> str:
    """Return the gate through which a state goes on: `f` for a_f, `n` for what leads to it, `direct` for h itself."""
    return {"u": "n", "q": "n", "h": "direct"}.get(consumer.name.symbol, consumer.name.symbol.removeprefix("a_"))


def repeated(number: Expr, times: int) -> Expr:
    """Return a vector of ones, to spread one number over all entries."""
    return add(call("zeros", fixed=(times,)), number)


def dot(first: Expr, second: Expr, size: int) -> Expr:
    """Return the scalar product, written into every entry."""
    return call("outer", repeated(const(1), size), first) @ second
