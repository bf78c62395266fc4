"""Compute a sheet as a student with certain slips would, and compare it with the numbers that the student gives.

Each line is computed from the student's own earlier numbers where there are some, and from the lines before where not:
an error is carried forward, and one wrong value does not make all that follow wrong. How far a line can be off by
rounding is the half unit of each operand, carried through the line.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from elman.worked.calculus.expr import Expr, Value, add, call
from elman.worked.calculus.network import calculate
from elman.worked.calculus.operations import evaluate
from elman.worked.calculus.tape import Tape
from elman.worked.marking.digits import Answer
from elman.worked.marking.slips import Rewrite, Slip
from elman.worked.sheet.names import Array
from elman.worked.sheet.problem import Problem

FAR, ROUNDED, EXACT = 0, 1, 2


class CircularError(Exception):
    """Say that a line needs itself: these slips cannot be made together on this sheet."""


class _OtherNetwork(Tape):
    """Rewrite equations of the forward pass as they are written on the tape."""

    def __init__(self, rewrites: Sequence[Rewrite]) -> None:
        super().__init__()
        self._rewrites = rewrites

    def _write(self, value: Value) -> Expr:
        expr = value.expr
        if expr is not None and value.phase == "forward":
            for rewrite in self._rewrites:
                expr = rewrite(value, expr, self.values)
            if expr is not value.expr:
                array = np.asarray(evaluate(expr, lambda v: v.array), dtype=np.float64)
                value = Value(value.name, array, expr, value.phase, value.reason, t=value.t)
        return Tape._write(self, value)


def network(problem: Problem, slips: Sequence[Slip], right: Mapping[str, Value]) -> Mapping[str, Value]:
    """Compute the network that the slips leave; the values are the right ones where no slip touches the network."""
    if not any(slip.problem or slip.forward for slip in slips):
        return right
    for slip in slips:
        problem = slip.problem(problem) if slip.problem else problem
    return calculate(problem, _OtherNetwork([slip.forward for slip in slips if slip.forward])).values


class Reading:
    """Work a sheet as a student with these slips, from the answers; without slips, by the right rules.

    `values` are those of the network that the slips leave. Nothing is worked before it is asked for. `plain` is the
    reading without slips, which says how far rounding can reach before this reading works it out for itself.
    """

    def __init__(
        self,
        values: Mapping[str, Value],
        answers: Mapping[str, Answer],
        slips: Sequence[Slip] = (),
        plain: "Reading | None" = None,
    ) -> None:
        self.slips, self.answers, self.values, self.plain = tuple(slips), answers, values, plain
        self._lines: dict[str, Expr | None] = {}
        self._needs: dict[str, list[str]] = {}
        self._worked: dict[str, Array] = {}
        self._seen: dict[str, Array] = {}
        self._moved: dict[str, Array] = {}
        self._reach: dict[str, Array] = {}

    def line(self, key: str) -> Expr | None:
        """Return the right-hand side of a value as the student writes it; None where the value is given."""
        if key not in self._lines:
            self._lines[key] = self._written(self.values[key])
        return self._lines[key]

    def _written(self, value: Value) -> Expr | None:
        for slip in self.slips:
            value = slip.instead(value, self.values) if slip.instead else value
        if value.expr is None:
            return None
        expr = value.expr
        keeps = [slip.keep for slip in self.slips if slip.keep]
        if keeps and value.sources and value.name.share is None and expr.op != "zeros":
            kept = [source for source in value.sources if all(keep(value, source) for keep in keeps)]
            if len(kept) < len(value.sources):
                expr = add(*(s.expr for s in kept)) if kept else call("zeros", fixed=(value.array.size,))
        for slip in self.slips:
            expr = slip.line(value, expr, self.values) if slip.line else expr
        return expr

    def needs(self, key: str) -> list[str]:
        """Return the ids of the values in a line; none where the value is given."""
        if key not in self._needs:
            expr, value = self.line(key), self.values[key]
            leaves = value.operands if expr is value.expr else expr.leaves() if expr is not None else ()
            self._needs[key] = [leaf.id for leaf in leaves]
        return self._needs[key]

    def worked(self, key: str) -> Array | None:
        """Compute a line from the student's own earlier numbers.

        None where this network has no such value, or where the value would have to be known before itself.
        """
        if key not in self.values:
            return None
        if key not in self._worked:
            try:
                with np.errstate(all="ignore"):
                    for name in self.needs(key):
                        self._settle(name)
                    self._worked[key] = self._number(key)
            except CircularError:
                return None
        return self._worked[key]

    def _number(self, key: str) -> Array:
        expr = self.line(key)
        if expr is None:
            return self.values[key].array
        return np.asarray(evaluate(expr, lambda value: self._seen[value.id]), dtype=np.float64)

    def _settle(self, key: str) -> None:
        """See a value: the student's own numbers, and worked ones where there are none, those before it first."""
        for name in self._hidden(key, self._seen):
            answer, array = self.answers.get(name), None
            if not self._is_whole(name):
                array = self._worked[name] = self._number(name)
            if answer is not None:
                array = answer.array if array is None else np.where(np.isnan(answer.array), array, answer.array)
            self._seen[name] = np.asarray(array)

    def _hidden(self, key: str, done: Mapping[str, Array]) -> Iterator[str]:
        """Return the values behind one that are not done, each after those it is made from; not past what is given."""
        stack, opened = [key], set[str]()
        while stack:
            name = stack[-1]
            waiting = [] if self._is_whole(name) else [need for need in self.needs(name) if need not in done]
            if waiting and name not in done:
                if name in opened:  # the names above it on the stack are its operands, and it is one of them
                    raise CircularError(name)
                opened.add(name)
                stack += waiting
                continue
            stack.pop()
            if name not in done:
                yield name

    def closeness(self, key: str) -> int:
        """Compare the answer for a value with this reading: EXACT to the digits typed, ROUNDED on the way, or FAR."""
        return self.fit(self.answers[key])

    def fit(self, answer: Answer) -> int:
        """Compare any answer, also one that no other value is computed from."""
        key, worked = answer.id, self.worked(answer.id)
        if worked is None or worked.shape != answer.array.shape:
            return FAR
        given = ~np.isnan(answer.array)
        off, unit = np.abs(answer.array - worked)[given], answer.unit[given]
        if not np.isfinite(off).all():
            return FAR
        if (off <= unit).all():
            return EXACT
        if self.plain is not None and (off > 4 * unit + 4 * self.plain.moved(key)[given]).any():
            return FAR
        return ROUNDED if (off <= 2 * unit + self.moved(key)[given]).all() else FAR

    def moved(self, key: str) -> Array:
        """Bound the change of a line when each operand changes by its possible rounding error."""
        if key not in self._reach:
            self.worked(key)
            for need in self.needs(key):
                for name in self._hidden(need, self._moved):
                    self._moved[name] = np.zeros(()) if self._is_whole(name) else self._move(name)
            self._reach[key] = self._move(key)
        return self._reach[key]

    def _is_whole(self, key: str) -> bool:
        """Tell whether the student gives every number of a value."""
        answer = self.answers.get(key)
        return answer is not None and answer.whole

    def _move(self, key: str) -> Array:
        expr, total = self.line(key), np.zeros(self.values[key].shape)
        if expr is None:
            return total
        for operand in {leaf.id: leaf for leaf in expr.leaves()}.values():
            total = total + self._moved_by(expr, operand, total.shape)
        return total

    def _moved_by(self, expr: Expr, operand: Value, shape: tuple[int, ...]) -> Array:
        total, uncertain = np.zeros(shape), self._uncertain(operand)
        with np.errstate(all="ignore"):
            middle = evaluate(expr, lambda v: self._seen[v.id])
            for index in (place for place in np.ndindex(uncertain.shape) if uncertain[place]):
                nudged = np.array(self._seen[operand.id])
                nudged[index] += uncertain[index]
                other = {**self._seen, operand.id: nudged}
                total = total + np.abs(evaluate(expr, lambda v, other=other: other[v.id]) - middle)  # type: ignore[misc]
        return np.nan_to_num(total, nan=0.0, posinf=0.0)

    def _uncertain(self, value: Value) -> Array:
        """Return half a unit for what was typed; otherwise how far it can have moved, and its own rounding."""
        answer, expr = self.answers.get(value.id), self.line(value.id)
        if expr is None:
            return np.zeros(value.shape)
        if answer is not None and self._is_whole(value.id):
            return answer.unit
        exact = expr.op == "ref" or (self._seen[value.id] == 0).all()
        hidden = self._moved[value.id] + (0.0 if exact else self._usual)
        return hidden if answer is None else np.where(np.isnan(answer.array), hidden, answer.unit)

    @cached_property
    def _usual(self) -> float:
        """Return half a unit of the sheet, as most of it is typed: hidden steps are taken to be as exact."""
        typed = [float(unit) for a in self.answers.values() for unit in a.unit[~np.isnan(a.array)]]
        return float(np.median(typed)) if typed else 0.0
