"""Represent expressions over named values: the right-hand sides of the equations.

Python's operators build them, so an equation is written as in a textbook (`W_xh @ x + W_hh @ h + b_h`) and the same
object gives the number (`evaluate`), the formula, the substituted numbers and the derivative. A `Value` is a
left-hand side: a name, its array, and the expression that made it. `operations.py` defines the operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from elman.worked.sheet.names import Array, Name

Reader = Callable[["Value"], Any]


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Expr:
    """Represent one operation on expressions; the leaves are `ref` (a named value) and `const` (a number)."""

    op: str
    args: tuple[Expr, ...] = ()
    value: Value | None = None
    fixed: tuple[float, ...] = ()

    def __repr__(self) -> str:
        return (
            self.value.id if self.value is not None else f"{self.op}({', '.join(map(repr, self.args or self.fixed))})"
        )

    def __add__(self, other: Expr) -> Expr:
        return add(self, other)

    def __sub__(self, other: Expr) -> Expr:
        return Expr("sub", (self, other))

    def __rsub__(self, other: float) -> Expr:
        return Expr("sub", (const(other), self))

    def __neg__(self) -> Expr:
        return Expr("neg", (self,))

    def __mul__(self, other: Expr) -> Expr:
        return times(self, other)

    def __rmul__(self, other: float) -> Expr:
        return times(const(other), self)

    def __truediv__(self, other: Expr | float) -> Expr:
        return Expr("div", (self, other if isinstance(other, Expr) else const(other)))

    def __matmul__(self, other: Expr) -> Expr:
        return Expr("matvec", (self, other))

    @property
    def T(self) -> Expr:  # noqa: N802 - the transpose is written as in NumPy
        """Return the transpose."""
        return Expr("transpose", (self,))

    def leaves(self) -> Iterator[Value]:
        """Yield the named values in the expression, from left to right."""
        if self.value is not None:
            yield self.value
        for arg in self.args:
            yield from arg.leaves()

    def is_const(self, number: float) -> bool:
        """Tell whether this is the constant `number`."""
        return self.op == "const" and self.fixed[0] == number


def const(number: float) -> Expr:
    """Make a plain number an expression."""
    return Expr("const", fixed=(float(number),))


def ref(value: Value) -> Expr:
    """Use a named value in another expression."""
    return Expr("ref", value=value)


def call(op: str, *args: Expr, fixed: tuple[float, ...] = ()) -> Expr:
    """Apply any operation by its name: `call("tanh", a)`."""
    return Expr(op, args, fixed=fixed)


def add(*terms: Expr) -> Expr:
    """Add terms; a sum inside it is written flat, a single term is returned as it is."""
    flat = tuple(inner for term in terms for inner in (term.args if term.op == "add" else (term,)))
    return flat[0] if len(flat) == 1 else Expr("add", flat)


def times(*factors: Expr) -> Expr:
    """Multiply, entry by entry; a factor 1 is left out."""
    inner = [f for factor in factors for f in (factor.args if factor.op == "mul" else (factor,))]
    flat = tuple(factor for factor in inner if not factor.is_const(1))
    return const(1) if not flat else flat[0] if len(flat) == 1 else Expr("mul", flat)


@dataclass(frozen=True, slots=True)
class Source:
    """Hold one of the terms that make up a gradient: the value that passed it back, and the operations in between."""

    consumer: Value
    expr: Expr
    path: tuple[str, ...]


@dataclass(eq=False, slots=True, repr=False)
class Value:
    """Hold a named array, the expression that made it, and why.

    `phase` is given, forward, backward or update. `t` is the step it belongs to (also where the id has none, as for
    `p`). `uses` are the values made from this one. For a gradient, `of` is the value it belongs to and `sources` its
    terms.
    """

    name: Name
    array: Array
    expr: Expr | None
    phase: str
    reason: str
    t: int | None = None
    of: Value | None = None
    sources: tuple[Source, ...] = ()
    uses: list[Value] = field(default_factory=list)
    id: str = field(init=False)
    operands: list[Value] = field(init=False)

    def __post_init__(self) -> None:
        """Keep the address, and the values it was made from, each once, in the order of the formula."""
        self.id = self.name.id
        leaves = self.expr.leaves() if self.expr is not None else ()
        self.operands = list({leaf.id: leaf for leaf in leaves}.values())

    def __repr__(self) -> str:
        return f"<{self.id} = {self.array.tolist()}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the array; () for a single number."""
        return self.array.shape
