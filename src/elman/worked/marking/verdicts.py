"""Decide the marks: one verdict per value, the headline, and the lines to fix."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from elman.worked.marking.digits import Sorted
from elman.worked.marking.reading import EXACT, FAR, Reading
from elman.worked.marking.search import Search, Set
from elman.worked.sheet.names import Array

RIGHT, ROUNDING, FOLLOWS, MISTAKE, WRONG = "right", "rounding", "follows", "mistake", "wrong"
FEW = "too few digits"
PASSED = (RIGHT, ROUNDING)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Hold the mark of one value.

    `kind` is right, rounding, too few digits, follows, mistake or wrong. `expected` is the right number; `carried` what
    the right rule gives from the student's own earlier numbers. For a mistake, `made` names it and `line` is the id of
    the line to fix; for what follows, `line` is the earlier value that it follows from.
    """

    id: str
    kind: str
    yours: Array
    expected: Array
    carried: Array
    note: str = ""
    line: str = ""
    made: Set = field(default=())


def verdicts(search: Search, answers: Sorted, made: Set) -> Iterator[Verdict]:
    """Mark every answer, in the order of the sheet."""
    judge = _Judge(search, answers, made)
    for key in search.right:
        if key in search.answers:
            yield judge.mark(key)


class _Judge:
    def __init__(self, search: Search, answers: Sorted, made: Set) -> None:
        self.search, self.right, self.answers = search, search.right, answers
        self.plain = search.plain
        self.sets: list[Set] = [*((one,) for one in made), *([made] if len(made) > 1 else [])]
        self.bad: dict[str, str] = {}  # a value that depends on a wrong answer, and on which

    def mark(self, key: str) -> Verdict:
        """Decide the verdict on one answer."""
        answer, worked = self.answers.given[key], self.plain.worked(key)
        kind, note, line, made = self._short(key) if key in self.answers.short else self._kind(key)
        if kind not in PASSED and not (kind == FEW and np.isnan(self.search.answers[key].array).any()):
            self.bad[key] = key
        return Verdict(key, kind, answer.array, self.right[key].array, np.asarray(worked), note, line, made)

    def _kind(self, key: str) -> tuple[str, str, str, Set]:
        if self.search.is_true(key):
            return RIGHT, "", "", ()
        close, cause = self.plain.closeness(key), self._cause(key)
        if close != FAR and cause:
            return FOLLOWS, f"right from your {cause}", cause, ()
        if close != FAR:
            return ROUNDING, self._chain(close), "", ()
        for made in self.sets:
            found = self.search.reading(made)
            if found is not None and found.closeness(key) != FAR:
                line = self._line(found, key)
                return MISTAKE, " and ".join(one.title for one in made), line, made
        return WRONG, "not a known mistake", key, ()

    def _short(self, key: str) -> tuple[str, str, str, Set]:
        """Decide on a value of which some entries have too few digits: theirs, unless another is wrong."""
        kind, note, line, made = self._kind(key)
        answer, vague = self.answers.given[key], self.answers.short[key]
        others = np.abs(answer.array - self.right[key].array)[~vague] <= answer.unit[~vague]
        if kind in {RIGHT, MISTAKE} and not vague.any():
            return kind, note, line, made
        if kind == MISTAKE or (kind in {WRONG, FOLLOWS} and not others.all()):
            return kind, note, line, made
        for made in self.sets:
            found = self.search.reading(made)
            if found is not None and found.fit(answer) != FAR:
                return MISTAKE, " and ".join(one.title for one in made), self._line(found, key), made
        return FEW, f"write at least {self.answers.needed} decimals", key, ()

    @staticmethod
    def _chain(close: int) -> str:
        return "rounded at every step" if close == EXACT else "within what rounding on the way can do"

    def _cause(self, key: str) -> str:
        """Find the nearest wrong answer that a value was made from, through lines that are not given."""
        for operand in self.right[key].operands:
            if operand.id not in self.bad:
                hidden = operand.id not in self.search.answers and operand.expr is not None
                self.bad[operand.id] = self._cause(operand.id) if hidden else ""
            if self.bad[operand.id]:
                return self.bad[operand.id]
        return ""

    def _line(self, found: Reading, key: str) -> str:
        """Find the first line behind a value, up to what is given, that these mistakes write differently."""
        before: list[str] = []
        stack, seen = [key], {key}
        while stack:
            current = stack.pop()
            if self.right[current].expr is not None and self._differs(found, current):
                before.append(current)
            for operand in self.right[current].operands:
                if operand.id not in self.search.answers and operand.id not in seen:
                    seen.add(operand.id)
                    stack.append(operand.id)
        order = {name: k for k, name in enumerate(self.right)}
        return min(before, key=order.__getitem__, default=key)

    def _differs(self, found: Reading, key: str) -> bool:
        value, ours = self.right[key], found.values.get(key)
        if ours is None or value.expr is None:
            return ours is not None and not np.array_equal(ours.array, value.array)
        return repr(found.line(key)) != repr(value.expr)


def first_wrong(marked: list[Verdict]) -> Verdict | None:
    """Return the first wrong value in the order of dependency; without one, the first with too few digits."""
    for kinds in ({MISTAKE, WRONG}, {FOLLOWS}, {FEW}):
        first = next((v for v in marked if v.kind in kinds), None)
        if first is not None:
            return first
    return None
