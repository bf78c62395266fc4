"""Record values one after another, forward and then backward, each with its formula and its reason.

`let` names the result of an expression. `backward` walks the tape from its end: every value passes its gradient to
what it was made from, by the rules in `operations.py`, and each gradient becomes a named value with a formula of its
own. A rule or `gather` can be replaced, which is how a known mistake is made on purpose.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from elman.errors import DataError
from elman.worked.calculus import maths
from elman.worked.calculus.expr import Expr, Source, Value, add, call, const, ref
from elman.worked.calculus.operations import OPERATIONS, Derivative, number
from elman.worked.sheet.names import Array, Name

Gather = Callable[[Value, list[Source]], list[Source]]
# Values that explain a shortcut and pass no gradient on: dL/dp and dp/dy with the shortcut p - target.
Asides = Callable[[Value, Expr], Iterable["Aside"]]


@dataclass(frozen=True, slots=True)
class Aside:
    """Hold a value written beside the path of the gradient."""

    name: Name
    expr: Expr
    reason: str
    of: Value | None


def all_sources(_value: Value, sources: list[Source]) -> list[Source]:
    """Keep every term that reaches a value: the right way to gather a gradient."""
    return sources


@dataclass(slots=True)
class Tape:
    """Hold the values in the order in which they were written, by id."""

    values: dict[str, Value] = field(default_factory=dict)
    derivatives: Mapping[str, Derivative] = field(
        default_factory=lambda: {name: operation.derivative for name, operation in OPERATIONS.items()}
    )
    gather: Gather = all_sources

    def given(self, name: Name, array: Array, reason: str, *, phase: str = "given", t: int | None = None) -> Expr:
        """Write down numbers that the sheet gives; returns the name for use in expressions."""
        return self._write(Value(name, maths.array(array), None, phase, reason, t=name.t if t is None else t))

    def let(
        self,
        name: Name,
        expr: Expr,
        reason: str,
        *,
        phase: str = "forward",
        t: int | None = None,
        of: Value | None = None,
    ) -> Expr:
        """Write down `name = expr`; returns the name for use in expressions."""
        return self._write(Value(name, number(expr), expr, phase, reason, t=name.t if t is None else t, of=of))

    def backward(self, loss: Value, walk: Sequence[Value], asides: Asides) -> None:
        """Write down the gradient of every value in `walk` (from the last to the first) that `loss` depends on."""
        pending: dict[str, list[Source]] = {loss.id: [Source(loss, const(1), ())]}
        for value in walk:
            sources = self.gather(value, pending.get(value.id, []))
            if not sources and value.name.symbol == "h" and value.expr is not None:
                sources = [Source(value, call("zeros", fixed=(value.array.size,)), ())]
            if sources:
                self._step_back(value, sources, pending, asides)

    def _step_back(self, value: Value, sources: list[Source], pending: dict[str, list[Source]], asides: Asides) -> None:
        d = self._gradient(value, sources)
        if value.expr is None:
            return
        for aside in asides(value, d):
            self.let(aside.name, aside.expr, aside.reason, phase="backward", t=value.t, of=aside.of)
        for target, expr, path in self._pull(value.expr, d, ref(value)):
            source = Source(value, expr, path)
            if target.phase == "parameter":
                self._share(target, source)
            else:
                pending.setdefault(target.id, []).append(source)

    def _gradient(self, value: Value, sources: list[Source]) -> Expr:
        expr = add(*(source.expr for source in sources))
        if expr.op == "const":
            return expr
        return self._write(
            Value(
                value.name.d(),
                number(expr),
                expr,
                "backward",
                _because(value, sources),
                t=value.t,
                of=value,
                sources=tuple(sources),
            )
        )

    def _share(self, parameter: Value, source: Source) -> None:
        consumer = source.consumer
        name = parameter.name.share_of(consumer.name.example, consumer.t or 0)
        reason = f"{consumer.id} uses {parameter.id}: {_rule(source.path)}"
        value = Value(name, number(source.expr), source.expr, "backward", reason, consumer.t, parameter, (source,))
        self._write(value)

    def _pull(self, node: Expr, d: Expr, out: Expr) -> Iterator[tuple[Value, Expr, tuple[str, ...]]]:
        if node.value is not None:
            yield node.value, d, ()
        elif node.op != "const":
            for arg, gradient in self.derivatives[node.op](node, d, out):
                for target, expr, path in self._pull(arg, gradient, arg):
                    yield target, expr, (node.op, *path)

    def let_sum(self, parameter: Value, example: int | None, terms: Sequence[Expr], reason: str) -> Expr:
        """Write down a parameter's gradient as a sum, over the steps of an example or over the examples."""
        name = replace(parameter.name.d(), example=example)
        return self.let(name, add(*terms), reason, phase="backward", of=parameter)

    def _write(self, value: Value) -> Expr:
        if not bool(maths.isfinite(value.array).all()):
            raise DataError(f"{value.id}: the value is not finite; the sheet's numbers grow too large from here on")
        if value.id in self.values:
            raise DataError(f"{value.id}: two values of the sheet would have this id; rename a word")
        self.values[value.id] = value
        for operand in value.operands:
            operand.uses.append(value)
        return ref(value)


def _rule(path: Sequence[str]) -> str:
    telling = [op for op in path if op != "add"] or path
    return "; ".join(dict.fromkeys(OPERATIONS[op].reason for op in telling)) or "it is the same vector"


def _because(value: Value, sources: Sequence[Source]) -> str:
    if sources[0].expr.op == "zeros":
        return f"no loss reaches {value.id}"
    return ". ".join(f"{source.consumer.id} uses {value.id}: {_rule(source.path)}" for source in sources)
