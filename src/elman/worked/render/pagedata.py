"""Collect the data of the HTML page under short keys: values, expressions, printed numbers, arrows.

{"values": [{"i": id, "s": symbol, "n": name in parts, "p": phase, "t": step, "e": example, "at": [layer, reverse],
             "h": shape, "v": numbers, "d": the same as printed, "x": expression, "o": the value it is the gradient of,
             "r": reason, "m": entries marked *, "g": 1 if printed exactly, "c": where a gradient comes from,
             "w": {"next" | "out" | "up": numbers}}],                # of a state's gradient: what each arrow brings
 "sections": [{"kind", "title", "example", "lines": [value]}],
 "examples": [{"words", "steps"}], "carry": [[from, to, expression, numbers]],   # what an arrow brings forward
 "flow": [[value, norm as printed, share of the largest]], "facts": [[example, sentence]], ...}

An expression is the number of a value, or `[operation, argument, ...]` with `{"f": [...]}` for fixed numbers; a
constant is `["const", {"f": [1]}]`. A key that would hold nothing is left out.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Expr, Value
from elman.worked.calculus.flow import sizes
from elman.worked.calculus.operations import number
from elman.worked.render.pagenames import name_parts
from elman.worked.render.panels import spectrum_lines
from elman.worked.sheet.parameters import CELLS, Array
from elman.worked.view.document import Section, sections
from elman.worked.view.options import Options
from elman.worked.view.view import View


def page_data(trace: Calculation, options: Options) -> dict[str, Any]:
    """The trace as plain Python data."""
    view, problem, sheet = View(options), trace.problem, trace.problem.sheet
    shown = sections(
        trace, Options.of(trace, digits=options.digits, notation=options.notation) if options.id else options
    )
    index = _numbered(trace, shown)
    return {
        "kind": _kind(trace),
        "cell": problem.cell,
        "states": CELLS[problem.cell].states,
        "layers": sheet.layers,
        "directions": problem.directions,
        "check": str(trace.check_line) if trace.check_line else "",
        "blank": options.blank,
        "start": options.id and trace[options.id].id,
        "examples": [{"words": s.words and list(s.words), "steps": s.length} for s in problem.sequences],
        "values": [_value(trace.values[key], index, view) for key in index],
        "sections": [_section(section, index) for section in shown],
        "carry": [arrow for key in index for arrow in _carried(trace.values[key], index, view)],
        "flow": _flow(trace, index, view),
        "facts": _facts(trace, view),
    }


def _numbered(trace: Calculation, shown: list[Section]) -> dict[str, int]:
    """The values that the page shows and those that they are made of, in the order of the trace."""
    kept = {v.id for section in shown for value in section.values for v in (value, *value.operands)}
    return {key: k for k, key in enumerate(key for key in trace.values if key in kept)}


def _kind(trace: Calculation) -> str:
    problem, sheet = trace.problem, trace.problem.sheet
    kind = f"{sheet.cell.upper()}{f' with {sheet.activation}' if sheet.cell == 'rnn' else ''}"
    more = [
        "two directions" if sheet.bidirectional else "",
        "two layers" if sheet.layers == 2 else "",
        f"{problem.inputs} inputs, {problem.hidden} hidden" + (f", {problem.outputs} out" if problem.outputs else ""),
        f"reset {sheet.reset} the product, z: {sheet.z}" if sheet.cell == "gru" else "",
        f"{sheet.loss.kind.replace('_', ' ')} at {'each' if sheet.loss.at == 'every' else 'the last'} step"
        if sheet.loss
        else "no loss",
    ]
    return " · ".join([kind, *(part for part in more if part)])


def _section(section: Section, index: dict[str, int]) -> dict[str, Any]:
    lines = [index[value.id] for value in section.values]
    return {"kind": section.kind, "title": section.title, "example": section.example, "lines": lines}


def _value(value: Value, index: dict[str, int], view: View) -> dict[str, Any]:
    name = value.name
    marks = np.flatnonzero(view.marks(value)) if value.expr is not None else np.zeros(0)
    full = {
        "i": value.id,
        "s": view.symbol(value, name.example),
        "n": name_parts(name, view.notation),
        "p": value.phase,
        "t": value.t,
        "e": name.example,
        "at": [name.layer, int(name.reverse)],
        "h": list(value.shape),
        "v": value.array.reshape(-1).tolist(),
        "d": _printed(value.array, view),
        "x": None if value.expr is None else _expr(value.expr, index),
        "o": None if value.of is None else index.get(value.of.id),
        "r": value.reason,
        "m": marks.tolist(),
        "g": int(view.sign(value) == "="),
        "c": view.came_from(value),
        "w": _brought(value, view),
    }
    return {key: entry for key, entry in full.items() if entry not in (None, "", [], {})} | {"h": full["h"]}


def _printed(array: Array, view: View) -> list[str]:
    return [view.number(x) for x in array.reshape(-1).tolist()]


def _expr(expr: Expr, index: dict[str, int]) -> Any:
    if expr.value is not None:
        return index.get(expr.value.id, -1)
    fixed = [{"f": list(expr.fixed)}] if expr.fixed else []
    return [expr.op, *(_expr(arg, index) for arg in expr.args), *fixed]


def _brought(value: Value, view: View) -> dict[str, list[str]]:
    """Sum the terms of the gradient of a state by their origin: one sum for each arrow of the picture."""
    if value.of is None or value.name.symbol not in {"h", "c"} or value.name.share is not None:
        return {}
    arrows: dict[str, Array] = {}
    for source in value.sources:
        if source.consumer.t is not None and source.expr.op != "zeros":
            way = _way(source.consumer, value)
            arrows[way] = arrows.get(way, np.zeros(value.shape)) + number(source.expr)
    return {way: _printed(array, view) for way, array in arrows.items() if way}


def _way(consumer: Value, value: Value) -> str:
    if consumer.name.symbol in {"y", "p"}:
        return "out"
    if consumer.name.symbol == "hh" or consumer.name.layer != value.name.layer:
        return "up"
    return "next" if consumer.t != value.t else ""


def _carried(value: Value, index: dict[str, int], view: View) -> Iterable[list[Any]]:
    """Return the contribution of a state to the next step, where that is one product: `W_hh h_1`, `f_2 ∘ c_1`."""
    if value.phase != "forward" or value.name.symbol not in {"a", "c"}:
        return
    for part, array in view.parts(value):
        for leaf in part.leaves():
            if leaf.name.symbol in {"h", "c"} and leaf.t != value.t and array.shape == value.shape:
                yield [index.get(leaf.id, -1), index[value.id], _expr(part, index), _printed(array, view)]


def _examples(trace: Calculation) -> list[int | None]:
    several = len(trace.problem.sequences) > 1
    return [*range(1, len(trace.problem.sequences) + 1)] if several else [None]


def _flow(trace: Calculation, index: dict[str, int], view: View) -> list[list[Any]]:
    """The size of the gradient at every state, and its share of the largest in its example."""
    found = []
    for example in _examples(trace):
        rows = sizes(trace, example)
        largest = max((size for _, size in rows), default=0.0) or 1.0
        found += [[index[v.id], view.number(n), round(n / largest, 4)] for v, n in rows if v.id in index]
    return found


def _facts(trace: Calculation, view: View) -> list[tuple[int, str]]:
    """Return the lines on the bound of the recurrent weights, by example, without the terminal's line breaks."""
    found = []
    for example in _examples(trace):
        text = "\n".join(line.strip() for line in spectrum_lines(trace, example, view)).replace(";\n", "; ")
        found += [(example or 0, line) for line in text.splitlines()]
    return found
