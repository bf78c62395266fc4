"""Write one entry of a value with its numbers put in, `0.2·0.4 + ... + 0.1`, as tokens that know their origin.

Renderers print the tokens; a number token carries the id and the index of its value, so that a page can link it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from elman.worked.calculus.expr import Expr, Value

Index = tuple[int, ...]


@dataclass(slots=True)  # thousands are made: a frozen one takes twice as long
class Token:
    """Hold a piece of a calculation: a sign or word, or a number with the value and entry that it is."""

    text: str
    value: Value | None = None
    index: Index = ()


Tokens = list[Token]
Show = Callable[[float], str]


def entry(value: Value, index: Index, show: Show) -> Tokens:
    """Write the numbers that make one entry of a value; empty where the value is given."""
    return _Expander(show).expand(value.expr, index) if value.expr is not None else []


def text_of(tokens: Tokens) -> str:
    """Join the tokens to one line of text."""
    return "".join(token.text for token in tokens)


@dataclass(frozen=True, slots=True)
class _Expander:
    show: Show

    def expand(self, expr: Expr, index: Index) -> Tokens:
        if expr.value is not None:
            return [self._number(expr.value, index)]
        if expr.op == "const":
            return [Token(_signed(f"{expr.fixed[0]:g}"))]
        return _WRITERS.get(expr.op, _function)(self, expr, index)

    def _number(self, value: Value, index: Index) -> Token:
        index = index[len(index) - value.array.ndim :] if value.array.ndim else ()
        return Token(_signed(self.show(float(value.array[index]))), value, index)

    def group(self, expr: Expr, index: Index) -> Tokens:
        """Expand, in brackets if there is more than one piece."""
        tokens = self.expand(expr, index)
        return tokens if len(tokens) == 1 else [Token("("), *tokens, Token(")")]


def _signed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _join(parts: list[Tokens], sign: str) -> Tokens:
    return [token for k, part in enumerate(parts) for token in ([Token(sign)] if k else []) + part]


def _add(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return _join([e.expand(arg, index) for arg in expr.args], " + ")


def _sub(e: _Expander, expr: Expr, index: Index) -> Tokens:
    left, right = expr.args
    loose = right.op in {"add", "sub"}
    return _join([e.expand(left, index), e.group(right, index) if loose else e.expand(right, index)], " - ")


def _neg(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return [Token("-"), *e.group(expr.args[0], index)]


def _mul(e: _Expander, expr: Expr, index: Index) -> Tokens:
    tight = {"mul", "square", "tanh", "sigmoid", "relu", "step"}
    parts = [e.expand(arg, index) if arg.op in tight else e.group(arg, index) for arg in expr.args]
    return _join(parts, "·")


def _div(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return _join([e.group(arg, index) for arg in expr.args], " / ")


def _matvec(e: _Expander, expr: Expr, index: Index) -> Tokens:
    matrix, vector = expr.args
    columns = _columns(matrix)
    return _join([[*e.expand(matrix, (*index, j)), Token("·"), *e.group(vector, (j,))] for j in range(columns)], " + ")


def _columns(matrix: Expr) -> int:
    if matrix.op == "transpose":
        inner = matrix.args[0].value
        return inner.shape[0] if inner is not None else 0
    return matrix.value.shape[1] if matrix.value is not None else 0


def _transpose(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return e.expand(expr.args[0], index[::-1])


def _outer(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return _join([e.group(expr.args[0], index[:1]), e.group(expr.args[1], index[1:])], "·")


def _square(e: _Expander, expr: Expr, index: Index) -> Tokens:
    inner = expr.args[0]
    bracketed = inner.op in {"tanh", "sigmoid"}
    return [*(e.expand(inner, index) if bracketed else e.group(inner, index)), Token("²")]


def _function(e: _Expander, expr: Expr, index: Index) -> Tokens:
    name = {"sigmoid": "σ", "sqrt": "√"}.get(expr.op, expr.op)
    return [Token(f"{name}("), *_bare(e.expand(expr.args[0], index)), Token(")")]


def _bare(tokens: Tokens) -> Tokens:
    """Drop the brackets of a single number inside a function's brackets."""
    if len(tokens) == 1 and tokens[0].value is not None:
        return [Token(tokens[0].text.strip("()"), tokens[0].value, tokens[0].index)]
    return tokens


def _softmax(e: _Expander, expr: Expr, index: Index) -> Tokens:
    vector = expr.args[0]
    count = vector.value.array.size if vector.value is not None else 0
    powers = [[Token("exp("), *_bare(e.expand(vector, (k,))), Token(")")] for k in range(count)]
    return [*powers[index[0]], Token(" / ("), *_join(powers, " + "), Token(")")]


def _same(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return e.expand(expr.args[0], index)


def _step(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return [Token("["), *e.expand(expr.args[0], index), Token(" > 0]")]


def _part(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return e.expand(expr.args[0], (index[0] + int(expr.fixed[0]),))


def _concat(e: _Expander, expr: Expr, index: Index) -> Tokens:
    first = int(expr.fixed[0])
    return e.expand(expr.args[0], index) if index[0] < first else e.expand(expr.args[1], (index[0] - first,))


def _inner(e: _Expander, expr: Expr, _index: Index) -> Tokens:
    count = max(leaf.array.size for leaf in expr.leaves())
    return _join([_join([e.group(arg, (k,)) for arg in expr.args], "·") for k in range(count)], " + ")


def _binary(e: _Expander, expr: Expr, _index: Index) -> Tokens:
    return _join([_one_label(e, expr, k) for k in range(_count(expr))], " + ")


def _one_label(e: _Expander, expr: Expr, k: int) -> Tokens:
    p, target = (
        e.expand(expr.args[0], (k,)),
        float(np.ravel(expr.args[1].value.array)[k]) if expr.args[1].value else 0.0,
    )
    yes, no = [Token("ln("), *p, Token(")")], [Token("ln(1 - "), *p, Token(")")]
    if target in {0.0, 1.0}:
        return [Token("-"), *(yes if target else no)]
    t = e.expand(expr.args[1], (k,))
    return [Token("-("), *t, Token("·"), *yes, Token(" + (1 - "), *t, Token(")·"), *no, Token(")")]


def _cross(e: _Expander, expr: Expr, _index: Index) -> Tokens:
    target = expr.args[1].value
    kept = [k for k in range(_count(expr)) if target is None or target.array[k]]
    logs = [[Token("ln("), *e.expand(expr.args[0], (k,)), Token(")")] for k in kept]
    if len(kept) == 1:
        return [Token("-"), *logs[0]]
    terms = [[*e.expand(expr.args[1], (k,)), Token("·"), *log] for k, log in zip(kept, logs, strict=True)]
    return [Token("-("), *_join(terms, " + "), Token(")")]


def _half_squares(e: _Expander, expr: Expr, _index: Index) -> Tokens:
    pairs = [[e.expand(arg, (k,)) for arg in expr.args] for k in range(_count(expr))]
    squares = [[Token("("), *_join(pair, " - "), Token(")²")] for pair in pairs]
    return [Token("½·"), *(squares[0] if len(squares) == 1 else [Token("("), *_join(squares, " + "), Token(")")])]


def _count(expr: Expr) -> int:
    return expr.args[0].value.array.size if expr.args[0].value is not None else 0


def _words(text: str) -> Callable[[_Expander, Expr, Index], Tokens]:
    return lambda _e, _expr, _index: [Token(text)]


def _at_least(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return [Token("max("), *e.expand(expr.args[0], index), Token(f", {expr.fixed[0]:g})")]


def _clamp(e: _Expander, expr: Expr, index: Index) -> Tokens:
    return [Token("clip("), *e.expand(expr.args[0], index), Token(f", ±{expr.fixed[0]:g})")]


_WRITERS: Mapping[str, Callable[[_Expander, Expr, Index], Tokens]] = {
    "add": _add, "sub": _sub, "neg": _neg, "mul": _mul, "div": _div, "matvec": _matvec, "transpose": _transpose,
    "outer": _outer, "square": _square, "softmax": _softmax, "identity": _same, "cut": _same, "step": _step,
    "part": _part, "concat": _concat, "inner": _inner, "binary_cross_entropy": _binary, "cross_entropy": _cross,
    "half_squares": _half_squares, "zeros": _words("0"), "norm": _words("√(the sum of all squares)"),
    "at_least": _at_least, "clamp": _clamp,
}  # fmt: skip
