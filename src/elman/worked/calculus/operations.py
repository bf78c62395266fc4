"""Define each operation: its value, its derivative rule, and the reason in a sentence. One entry per operation.

`derivative(node, d, out)` takes the operation, the gradient `d` of its result and the result `out`, and gives pairs:
what the gradient flows to, and the gradient, written as an expression again. A backward formula is derived, never
typed twice. Arrays may carry leading batch axes, so that one sweep evaluates many perturbed copies (`verify.py`);
`maths` is NumPy or torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.worked.calculus import maths as numpy_maths
from elman.worked.calculus.expr import Expr, Reader, call, times
from elman.worked.sheet.names import Array

Flows = list[tuple[Expr, Expr]]
Derivative = Callable[[Expr, Expr, Expr], Flows]


@dataclass(frozen=True, slots=True)
class Operation:
    """Hold the value of an operation, its derivative and the sentence that gives the reason."""

    value: Callable[..., Any]
    derivative: Derivative
    reason: str


def evaluate(expr: Expr, read: Reader, cut: Reader | None = None, maths: Any = numpy_maths) -> Any:
    """Compute an expression, with the named values as `read` gives them (`cut`: behind a truncation)."""
    if expr.op == "ref":
        return read(expr.value)  # type: ignore[arg-type]  # a ref always holds its value
    if expr.op == "const":
        return expr.fixed[0]
    reader = cut if expr.op == "cut" and cut is not None else read
    arrays = [evaluate(arg, reader, cut, maths) for arg in expr.args]
    return OPERATIONS[expr.op].value(maths, *arrays, *expr.fixed)


def number(expr: Expr) -> Array:
    """Return the number of an expression, with every named value as it is on the tape."""
    with np.errstate(all="ignore"):  # the tape refuses what is not finite, by its id
        array: Array = numpy_maths.array(evaluate(expr, lambda value: value.array))
    return array


def parts(expr: Expr) -> list[Expr]:
    """Return the terms of a sum, or the factors of a product, that are more than a name: `W_xh x_2`, `1 - h_2²`."""
    inner = expr.args if expr.op in {"add", "mul"} else ()
    return [arg for arg in inner if arg.op not in {"ref", "const"}]


def _no_flow(_node: Expr, _d: Expr, _out: Expr) -> Flows:
    return []


def _mul(node: Expr, d: Expr, _out: Expr) -> Flows:
    return [(arg, times(d, *(other for other in node.args if other is not arg))) for arg in node.args]


def _matvec(node: Expr, d: Expr, _out: Expr) -> Flows:
    matrix, vector = node.args
    return [(matrix, call("outer", d, vector)), (vector, matrix.T @ d)]


def _concat(node: Expr, d: Expr, _out: Expr) -> Flows:
    (first, second), (m, n) = node.args, node.fixed
    return [(first, call("part", d, fixed=(0, m))), (second, call("part", d, fixed=(m, m + n)))]


def _softmax(node: Expr, d: Expr, out: Expr) -> Flows:
    return [(node.args[0], times(out, d - call("inner", d, out)))]


def _shortcut(node: Expr, d: Expr, _out: Expr) -> Flows:
    """Go round p, straight to the y that p is made of."""
    p, target = node.args
    made_by = p.value.expr if p.value else None
    return [(made_by.args[0], times(d, p - target))] if made_by else []


def _half_squares(node: Expr, d: Expr, _out: Expr) -> Flows:
    p, target = node.args
    return [(p, times(d, p - target))]


def _binary(maths: Any, p: Any, target: Any) -> Any:
    return -(maths.xlogy(target, p) + maths.xlogy(1 - target, 1 - p)).sum(-1)


OPERATIONS: Mapping[str, Operation] = {
    "add": Operation(
        lambda _m, *terms: sum(terms[1:], terms[0]),
        lambda node, d, _out: [(arg, d) for arg in node.args],
        "a sum passes the gradient on unchanged",
    ),
    "sub": Operation(
        lambda _m, a, b: a - b,
        lambda node, d, _out: [(node.args[0], d), (node.args[1], -d)],
        "a difference passes the gradient on, with a minus for what is taken away",
    ),
    "neg": Operation(lambda _m, a: -a, lambda node, d, _out: [(node.args[0], -d)], "a minus turns the gradient round"),
    "mul": Operation(
        lambda _m, *factors: _product(factors),
        _mul,
        "each factor gets the gradient times the other factor",
    ),
    "div": Operation(
        lambda _m, a, b: a / b,
        lambda node, d, _out: [(node.args[0], d / node.args[1])],
        "what is divided gets its share of the gradient",
    ),
    "matvec": Operation(
        lambda _m, matrix, vector: (matrix @ vector[..., None])[..., 0],
        _matvec,
        "through a matrix the gradient goes back by its transpose, and the matrix gets the outer product",
    ),
    "tanh": Operation(
        lambda m, a: m.tanh(a),
        lambda node, d, out: [(node.args[0], d * (1 - call("square", out)))],
        "tanh has slope 1 - tanh², taken at the output",
    ),
    "sigmoid": Operation(
        lambda m, a: m.sigmoid(a),
        lambda node, d, out: [(node.args[0], times(d, out, 1 - out))],
        "the sigmoid s has slope s(1 - s)",
    ),
    "relu": Operation(
        lambda m, a: m.relu(a),
        lambda node, d, _out: [(node.args[0], d * call("step", node.args[0]))],
        "relu has slope 1 where its input is positive, else 0",
    ),
    "identity": Operation(lambda _m, a: a, lambda node, d, _out: [(node.args[0], d)], "the identity has slope 1"),
    "softmax": Operation(lambda m, y: m.softmax(y), _softmax, "softmax couples its entries: p ∘ (dp - dp·p)"),
    "concat": Operation(
        lambda m, a, b, *_sizes: m.concat(a, b), _concat, "each part of a joined vector takes its part of the gradient"
    ),
    "binary_cross_entropy": Operation(
        _binary, _shortcut, "sigmoid and cross-entropy together: dL/dp · p(1 - p) = p - target"
    ),
    "cross_entropy": Operation(
        lambda m, p, target: -m.xlogy(target, p).sum(-1),
        _shortcut,
        "softmax and cross-entropy together: p - target",
    ),
    "half_squares": Operation(
        lambda _m, p, target: 0.5 * ((p - target) ** 2).sum(-1), _half_squares, "½(p - target)² has slope p - target"
    ),
    "cut": Operation(lambda _m, a: a, _no_flow, "truncation: no gradient goes back across the cut"),
    # An operation used only in backward and update formulas has no derivative of its own.
    "transpose": Operation(lambda _m, a: a.swapaxes(-1, -2), _no_flow, ""),
    "outer": Operation(lambda _m, a, b: a[..., :, None] * b[..., None, :], _no_flow, ""),
    "square": Operation(lambda _m, a: a * a, _no_flow, ""),
    "step": Operation(lambda m, a: m.step(a), _no_flow, ""),
    "inner": Operation(lambda _m, a, b: (a * b).sum(-1), _no_flow, ""),
    "part": Operation(lambda _m, a, lo, hi: a[..., int(lo) : int(hi)], _no_flow, ""),
    "zeros": Operation(lambda m, n: m.zeros(int(n)), _no_flow, ""),
    "sqrt": Operation(lambda m, a: m.sqrt(a), _no_flow, ""),
    "norm": Operation(lambda m, *arrays: m.norm(*arrays), _no_flow, ""),
    "at_least": Operation(lambda m, a, bound: m.at_least(a, bound), _no_flow, ""),
    "clamp": Operation(lambda m, a, bound: m.clamp(a, bound), _no_flow, ""),
}


def _product(factors: tuple[Any, ...]) -> Any:
    result = factors[0]
    for factor in factors[1:]:
        result = result * factor
    return result
