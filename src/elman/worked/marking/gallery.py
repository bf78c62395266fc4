"""Print the gallery of mistakes: for each, the error, the numbers that it gives, and the right ones."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.marking.catalogue import CATALOGUE
from elman.worked.marking.reading import Reading, network
from elman.worked.marking.search import Made, applicable
from elman.worked.render.paint import Paint, plain_ascii, wrapped
from elman.worked.sheet.parameters import Array
from elman.worked.view.options import Options
from elman.worked.view.view import View

SHEETS = ("not-very-good", "lstm", "gru", "love-book")  # between them, every mistake shows


def gallery(
    traces: Sequence[Calculation],
    *,
    digits: int | None = None,
    ascii: bool = False,  # noqa: A002
    color: bool = False,
) -> str:
    """Each known mistake on the first of these sheets where it changes a number, with the numbers side by side."""
    paint, lines = Paint(color), []
    views = [View(Options.of(trace, digits=digits)) for trace in traces]
    searched = [applicable(trace.problem, trace.values) for trace in traces]
    known = [found.made for found in searched]
    stopped = [f"cut short: {found.stopped}" for found in searched if found.stopped]
    for mistake in CATALOGUE:
        lines += ["", paint.heading(f"{mistake.number}  {mistake.name}", "backward")]
        lines += wrapped(f"  done    {mistake.did}", 10) + wrapped(f"  to fix  {mistake.fix}", 10)
        shown = next((k for k, made in enumerate(known) if any(one.mistake is mistake for one in made)), None)
        if shown is None:
            lines += wrapped(f"  {_absent(mistake.number, mistake.cells)}", 2)
            continue
        if len(traces) > 1:
            lines.append(f"  on the sheet {traces[shown].problem.sheet.title!r}:")
        for made in (one for one in known[shown] if one.mistake is mistake):
            lines += _beside(traces[shown], made, views[shown])
    text = "\n".join([*lines[1:], *stopped]) + "\n"
    return plain_ascii(text) if ascii else text


def _absent(number: str, cells: Sequence[str]) -> str:
    if number == "E21":
        return "no mistake: a check accepts what rounding on the way can do, and says so"
    return f"changes no number of this sheet (it belongs to {', '.join(cells)})"


def _beside(trace: Calculation, made: Made, view: View) -> Iterator[str]:
    """The first line that the mistake changes, and the first gradient of a parameter."""
    values = network(trace.problem, [made.slip], trace.values)
    wrong = Reading(values, {}, [made.slip])
    changed = [value for value in trace if value.expr is not None and _differs(wrong, value)]
    ends = [value for value in changed if value.id in trace.gradients]
    yield from wrapped(f"  {made.slip.label}:", 4) if made.slip.label else ()
    for value in dict.fromkeys([*changed[:1], *ends[:1]]):
        line, symbol = wrong.line(value.id), view.symbol(value)
        yield from wrapped(f"    wrong   {symbol} = {view.write(line) if line else ''}", 12)
        yield from wrapped(f"            {view.sign(value)} {_numbers(wrong.worked(value.id), view)}", 14)
        yield from wrapped(f"    right   {symbol} = {view.formula(value)}", 12)
        yield from wrapped(f"            {view.sign(value)} {_numbers(value.array, view)}", 14)


def _differs(wrong: Reading, value: Value) -> bool:
    array = wrong.worked(value.id)
    return array is not None and not np.allclose(array, value.array, rtol=1e-9, atol=1e-12)


def _numbers(array: Any, view: View) -> str:
    rows: Array = np.atleast_1d(array)
    if rows.ndim == 2:
        return f"({'; '.join(', '.join(view.number(float(x)) for x in row) for row in rows)})"
    numbers = ", ".join(view.number(float(x)) for x in rows)
    return numbers if rows.size == 1 else f"({numbers})"
