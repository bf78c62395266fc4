"""Render the calculation as JSON, at full precision, for other programs.

{"format": "elman.trace", "version": 1, "title", "note", "cell", "sizes": {"I", "H", "O"}, "check",
 "examples": [{"words", "steps"}],
 "values": [{"id", "symbol", "phase", "t", "example", "shape", "value", "shown",     # shown: as printed, by digits
             "formula", "latex", "reason", "operands", "uses",                        # ids
             "rows": [{"index", "text"}],                                             # the numbers put in
             "parts": [{"formula", "value"}], "marked",
             "from": [{"id", "formula"}]}]}                                           # of a gradient: its terms
"""

import json
from typing import Any

from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.view.document import Options, sections
from elman.worked.view.scalars import text_of
from elman.worked.view.view import View


def render(calculation: Calculation, options: Options) -> str:
    """Render a calculation as one JSON object; `blank` leaves the numbers out."""
    return json.dumps(as_data(calculation, options), ensure_ascii=options.ascii, separators=(",", ":")) + "\n"


def as_data(calculation: Calculation, options: Options) -> dict[str, Any]:
    """Convert a calculation to plain Python data."""
    view, problem = View(options), calculation.problem
    values = [value for section in sections(calculation, options) for value in section.values]
    return {
        "format": "elman.trace",
        "version": 1,
        "title": problem.sheet.title,
        "note": problem.sheet.note,
        "cell": problem.cell,
        "sizes": {"I": problem.inputs, "H": problem.hidden, "O": problem.outputs},
        "check": str(calculation.check_line) if calculation.check_line else None,
        "examples": [{"words": s.words and list(s.words), "steps": s.length} for s in problem.sequences],
        "values": [
            _blank(_value(value, view)) if options.blank and value.expr else _value(value, view) for value in values
        ],
    }


def _value(value: Value, view: View) -> dict[str, Any]:
    example = value.name.example
    return {
        "id": value.id,
        "symbol": view.symbol(value),
        "phase": value.phase,
        "t": value.t,
        "example": example,
        "shape": list(value.shape),
        "value": value.array.tolist(),
        "shown": [view.number(float(x)) for x in value.array.reshape(-1)],
        "formula": view.formula(value),
        "latex": view.latex(value.expr, example) if value.expr else "",
        "reason": value.reason,
        "operands": [operand.id for operand in value.operands],
        "uses": [user.id for user in value.uses],
        "rows": [{"index": list(i), "text": text_of(tokens)} for i, tokens in view.rows(value) if tokens],
        "parts": [{"formula": view.write(part, example), "value": array.tolist()} for part, array in view.parts(value)],
        "marked": bool(view.marks(value).any()),
        "from": [{"id": source.consumer.id, "formula": view.write(source.expr, example)} for source in value.sources],
    }


def _blank(value: dict[str, Any]) -> dict[str, Any]:
    return value | {"value": None, "shown": None, "rows": [], "parts": [], "marked": False}
