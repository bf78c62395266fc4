"""A sheet as a student with certain slips would work it, beside the numbers that the student gives.

Each line is computed from the student's own earlier numbers where they stand, and from the lines before where they do
not: an error is carried forward, and one wrong value does not make all that follow wrong. How far a line can be off by
rounding is the half unit of each operand, carried through the line.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from elman.errors import DataError
from elman.explain.expr import Array, Expr, Value, add, call
from elman.explain.marking.answers import Answer
from elman.explain.marking.digits_typed import half
from elman.explain.marking.slips import Rewrite, Slip
from elman.explain.network import calculate
from elman.explain.operations import evaluate
from elman.explain.problem import Problem
from elman.explain.tape import Tape

FAR, ROUNDED, EXACT = 0, 1, 2


class _OtherNetwork(Tape):
    """A tape on which equations of the forward pass are rewritten as they are written down."""

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


def lines(
    problem: Problem, slips: Sequence[Slip], right: Mapping[str, Value]
) -> tuple[Mapping[str, Value], dict[str, Expr]]:
    """The values of the network that the slips leave, and the right-hand side of each as the student writes it."""
    values = right
    if any(slip.problem or slip.forward for slip in slips):
        for slip in slips:
            problem = slip.problem(problem) if slip.problem else problem
        values = calculate(problem, _OtherNetwork([slip.forward for slip in slips if slip.forward])).values
    return values, {key: expr for key, value in values.items() if (expr := _line(value, slips, values)) is not None}


def _line(value: Value, slips: Sequence[Slip], values: Mapping[str, Value]) -> Expr | None:
    for slip in slips:
        value = slip.instead(value, values) if slip.instead else value
    if value.expr is None:
        return None
    expr = value.expr
    keeps = [slip.keep for slip in slips if slip.keep]
    if value.sources and value.name.share is None and expr.op != "zeros":
        kept = [source for source in value.sources if all(keep(value, source) for keep in keeps)]
        if len(kept) < len(value.sources):
            expr = add(*(s.expr for s in kept)) if kept else call("zeros", fixed=(value.array.size,))
    for slip in slips:
        expr = slip.line(value, expr, values) if slip.line else expr
    return expr


class Reading:
    """The numbers of a student with these slips, worked from the answers; without slips, the right rules."""

    def __init__(
        self, problem: Problem, right: Mapping[str, Value], answers: Mapping[str, Answer], slips: Sequence[Slip] = ()
    ) -> None:
        self.slips, self.answers = tuple(slips), answers
        self.values, self.lines = lines(problem, slips, right)
        self.worked: dict[str, Array] = {}
        self.seen: dict[str, Array] = {}
        self._moved: dict[str, Array] = {}
        with np.errstate(all="ignore"):
            for value in self.values.values():
                self._see(value)

    def _see(self, value: Value) -> Array:
        if value.id not in self.seen:
            expr = self.lines.get(value.id)
            array = value.array if expr is None else np.asarray(evaluate(expr, self._see), dtype=np.float64)
            self.worked[value.id] = array
            answer = self.answers.get(value.id)
            own = answer.array if answer is not None and answer.array.shape == array.shape else None
            self.seen[value.id] = array if own is None else np.where(np.isnan(own), array, own)
        return self.seen[value.id]

    def closeness(self, key: str) -> int:
        """How well the answer for a value fits this reading: EXACT to the digits typed, ROUNDED on the way, or FAR."""
        answer, worked = self.answers[key], self.worked.get(key)
        if worked is None or worked.shape != answer.array.shape:
            return FAR
        given = ~np.isnan(answer.array)
        off = np.abs(answer.array - worked)[given]
        if not np.isfinite(off).all():
            return FAR
        if (off <= answer.unit[given]).all():
            return EXACT
        return ROUNDED if (off <= 2 * answer.unit[given] + self.moved(key)[given]).all() else FAR

    def moved(self, key: str) -> Array:
        """How far a line can move when each operand moves by what rounding may have done to it."""
        if key not in self._moved:
            expr, total = self.lines.get(key), np.zeros(self.worked[key].shape)
            self._moved[key] = total
            if expr is not None:
                for operand in {leaf.id: leaf for leaf in expr.leaves()}.values():
                    total = total + self._moved_by(expr, operand, total.shape)
                self._moved[key] = total
        return self._moved[key]

    def _moved_by(self, expr: Expr, operand: Value, shape: tuple[int, ...]) -> Array:
        total, uncertain = np.zeros(shape), self._uncertain(operand)
        with np.errstate(all="ignore"):
            middle = evaluate(expr, lambda v: self.seen[v.id])
            for index in (place for place in np.ndindex(uncertain.shape) if uncertain[place]):
                nudged = np.array(self.seen[operand.id])
                nudged[index] += uncertain[index]
                moved = evaluate(expr, lambda v, other=nudged: other if v.id == operand.id else self.seen[v.id])
                total = total + np.abs(moved - middle)
        return np.nan_to_num(total, nan=0.0, posinf=0.0)

    def _uncertain(self, value: Value) -> Array:
        """Half a unit for what was typed; for what was not, how far it can have moved, and its own rounding."""
        answer, expr = self.answers.get(value.id), self.lines.get(value.id)
        if expr is None:
            return np.zeros(value.shape)
        exact = expr.op == "ref" or (self.seen[value.id] == 0).all()
        hidden = self.moved(value.id) + (0.0 if exact else self._usual)
        return hidden if answer is None else np.where(np.isnan(answer.array), hidden, answer.unit)

    @cached_property
    def _usual(self) -> float:
        """Half a unit of the sheet: the coarser of what is typed, since hidden steps are no more exact."""
        typed = [float(unit) for a in self.answers.values() for unit in a.unit[~np.isnan(a.array)]]
        return float(np.median(typed)) if typed else half(15, 0.0)


def reading(
    problem: Problem, right: Mapping[str, Value], answers: Mapping[str, Answer], slips: Sequence[Slip]
) -> Reading | None:
    """The reading with these slips; None where they lead out of the range of numbers."""
    try:
        return Reading(problem, right, answers, slips)
    except (DataError, FloatingPointError):
        return None
