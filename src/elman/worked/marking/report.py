"""Mark a sheet: `check` returns `Marks`, as text for a terminal and as JSON.

{"format": "elman.marks", "version": 1, "passed", "counts": {"right": 3, ...}, "headline": id or null,
 "mistakes": [{"number", "name", "way", "did", "fix"}], "or": [["E9 ..."], ...],  # others that fit as well
 "stopped": what was tried of a search that was cut short, or "",
 "values": [{"id", "verdict", "yours", "expected", "carried", "note", "line", "formula", "mistakes"}]}
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from elman.errors import InputError
from elman.limits import SEARCH_SECONDS
from elman.quoting import listed, printable, quote, shorten
from elman.worked.calculus.calculation import Calculation
from elman.worked.marking.answers import read_answers
from elman.worked.marking.digits import needed_decimals, sort_out
from elman.worked.marking.search import Found, KnownMistakes, Search, Set
from elman.worked.marking.verdicts import (
    FEW,
    FOLLOWS,
    MISTAKE,
    PASSED,
    RIGHT,
    ROUNDING,
    WRONG,
    Verdict,
    first_wrong,
    verdicts,
)
from elman.worked.render.paint import Paint, plain_ascii, wrapped
from elman.worked.sheet.names import Array
from elman.worked.view.document import Options
from elman.worked.view.view import View

KINDS = (RIGHT, ROUNDING, FEW, FOLLOWS, MISTAKE, WRONG)
_SAID = {
    RIGHT: "right", ROUNDING: "rounding", FEW: "too few digits", FOLLOWS: "follows from an earlier error",
    MISTAKE: "known mistake", WRONG: "wrong, no known mistake",
}  # fmt: skip


def check(
    calculation: Calculation,
    answers: Any,
    *,
    digits: int | None = None,
    seconds: float = SEARCH_SECONDS,
    known: KnownMistakes | None = None,
) -> "Marks":
    """Mark a student's numbers against a calculation; `known` saves a second search for the mistakes of its sheet."""
    if not seconds > 0:
        raise InputError(f"seconds: expected more than 0, got {seconds}")
    printed = calculation.problem.sheet.digits
    needed = needed_decimals(printed, digits)
    given = sort_out(read_answers(answers, calculation.__getitem__), calculation.values, printed, needed)
    search = Search(known or KnownMistakes(calculation.problem, calculation.values), given.telling, seconds)
    found = search.run()
    return Marks(calculation, search, found, tuple(verdicts(search, given, found.made)))


class Marks:
    """Hold the verdicts in the order of the sheet; `passed` if every value is right or only rounded."""

    def __init__(self, calculation: Calculation, search: Search, found: Found, marked: tuple[Verdict, ...]) -> None:
        self.calculation, self.verdicts, self.found = calculation, marked, found
        self._search = search
        self.headline = first_wrong(list(marked))

    def __getitem__(self, key: str) -> Verdict:
        """Give the verdict on a value, by its id."""
        for verdict in self.verdicts:
            if verdict.id == key or (key in self.calculation and self.calculation[key].id == verdict.id):
                return verdict
        raise InputError(
            f"{shorten(printable(key))}: not among the answers; they are {listed(v.id for v in self.verdicts)}"
        )

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __repr__(self) -> str:
        return f"<Marks: {', '.join(f'{count} {kind}' for kind, count in self.counts.items())}>"

    def __str__(self) -> str:
        return self.to("terminal")

    @property
    def passed(self) -> bool:
        """Tell whether every value is right or only rounded."""
        return all(verdict.kind in PASSED for verdict in self.verdicts)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Return the numbers of the known mistakes recognised: `("E3",)`."""
        return tuple(made.mistake.number for made in self.found.made)

    @property
    def counts(self) -> dict[str, int]:
        """Count the values of each verdict."""
        counted = Counter(verdict.kind for verdict in self.verdicts)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}

    def to(self, kind: str = "terminal", *, ascii: bool = False, color: bool = False) -> str:  # noqa: A002
        """Write the marks as text for a terminal, or as JSON."""
        if kind == "json":
            return json.dumps(self._data(), ensure_ascii=ascii, indent=1) + "\n"
        if kind != "terminal":
            raise InputError(f"format: expected terminal or json, got {quote(kind)}")
        text = "\n".join(self._lines(View(Options.of(self.calculation, ascii=ascii)), Paint(color))) + "\n"
        return plain_ascii(text) if ascii else text

    def _lines(self, view: View, paint: Paint) -> Iterator[str]:
        numbers = sum(int((~np.isnan(v.yours)).sum()) for v in self.verdicts)
        yield f"{len(self)} values read, {numbers} numbers"
        for kind, count in self.counts.items():
            ids = " ".join(v.id for v in self.verdicts if v.kind == kind)
            lead = f"  {_SAID[kind]:<30}{count:>4}   "
            first, *rest = wrapped(lead + ids, len(lead))
            yield paint.good(first, kind in PASSED)
            yield from rest
        if self.headline is None:
            yield paint.good("everything is right" + self._roundings(), True)
            return
        yield ""
        yield from self._headline(self.headline, view, paint)
        others = [v for v in self.verdicts if v.kind in {MISTAKE, WRONG} and v is not self.headline]
        same = [v.id for v in others if v.made and v.made == self.headline.made]
        if same:
            yield from wrapped(f"  the same mistake in {' '.join(same)}", 6)
        for verdict in others:
            if verdict.id not in same:
                yield from self._other(verdict, view)

    def _roundings(self) -> str:
        notes = dict.fromkeys(v.note for v in self.verdicts if v.kind == ROUNDING)
        return f" ({'; '.join(notes)})" if notes else ""

    def _headline(self, verdict: Verdict, view: View, paint: Paint) -> Iterator[str]:
        first = "TOO FEW DIGITS" if verdict.kind == FEW else "FIRST WRONG VALUE"
        yield paint.heading(f"{first}: {verdict.id}", "backward")
        yield from wrapped(f"  yours     {_numbers(verdict.yours, view)}", 12)
        yield from wrapped(f"  expected  {_numbers(verdict.expected, view)}", 12)
        if _numbers(verdict.carried, view) != _numbers(verdict.expected, view):
            yield from wrapped(f"  from your own numbers  {_numbers(verdict.carried, view)}", 12)
        if verdict.kind == WRONG:
            yield "  no known mistake, alone or with another, gives this number"
        if verdict.kind == FEW:
            printed = self.calculation.problem.sheet.digits
            yield f"  {verdict.note}; the sheet prints {printed}"
            return
        if self.found.stopped:
            yield from wrapped(f"  (the search for mistakes was cut short: {self.found.stopped})", 3)
        yield from self._fix(verdict, view)
        others = self.found.instead[:3]
        if others and verdict.kind == MISTAKE:
            yield from wrapped(f"  these numbers fit as well: {'; or '.join(_titles(made) for made in others)}", 6)

    def _fix(self, verdict: Verdict, view: View) -> Iterator[str]:
        for made in verdict.made:
            yield from wrapped(f"  known mistake {made.title}: {made.mistake.did}", 6)
            yield from wrapped(f"  to fix: {made.mistake.fix}", 6)
        value = self.calculation.values[verdict.line or verdict.id]
        reading = self._search.reading(verdict.made) if verdict.made else None
        symbol = view.symbol(value)
        wrong = reading.line(value.id) if reading is not None and value.id in reading.values else None
        if wrong is not None and repr(wrong) != repr(value.expr):
            yield from wrapped(f"  you wrote     {symbol} = {view.write(wrong)}", 16)
        if value.expr is not None:
            yield from wrapped(f"  line to fix   {symbol} = {view.formula(value)}", 16)
            if value.id != verdict.id:
                yield "                (not among your answers; it is where the numbers part)"

    def _other(self, verdict: Verdict, view: View) -> Iterator[str]:
        said = f"{_numbers(verdict.yours, view)}, expected {_numbers(verdict.expected, view)}"
        yield from wrapped(f"also {verdict.id}: yours {said}; {verdict.note}", 6)

    def _data(self) -> dict[str, Any]:
        return {
            "format": "elman.marks",
            "version": 1,
            "passed": self.passed,
            "counts": self.counts,
            "headline": self.headline.id if self.headline else None,
            "mistakes": [
                {
                    "number": made.mistake.number, "name": made.mistake.name, "way": made.slip.label,
                    "did": made.mistake.did, "fix": made.mistake.fix,
                }
                for made in self.found.made
            ],
            "or": [[one.title for one in made] for made in self.found.instead],
            "stopped": self.found.stopped,
            "values": [self._value(verdict) for verdict in self.verdicts],
        }  # fmt: skip

    def _value(self, verdict: Verdict) -> dict[str, Any]:
        line = self.calculation.values.get(verdict.line)
        return {
            "id": verdict.id,
            "verdict": verdict.kind,
            "yours": _plain(verdict.yours),
            "expected": verdict.expected.tolist(),
            "carried": verdict.carried.tolist(),
            "note": verdict.note,
            "line": verdict.line or None,
            "formula": View(Options.of(self.calculation)).formula(line) if line is not None else None,
            "mistakes": [made.mistake.number for made in verdict.made],
        }


def _titles(made: Set) -> str:
    return " and ".join(one.title for one in made)


def _plain(array: Array) -> Any:
    """Give the numbers as JSON has them: null for what was not given."""
    return np.where(np.isnan(array), None, array.astype(object)).tolist()  # type: ignore[call-overload]


def _numbers(array: Array, view: View) -> str:
    rows = np.atleast_1d(array)
    if rows.ndim == 2:
        return f"({'; '.join(_row(row, view) for row in rows)})"
    return _row(rows, view) if rows.size == 1 else f"({_row(rows, view)})"


def _row(row: Array, view: View) -> str:
    return ", ".join("_" if np.isnan(x) else view.number(float(x)) for x in row)
