"""Render a calculation as one self-contained HTML page: picture, board, steps. It works from a file, without a network.

The page's own style and scripts are separate files in `page/` and are put together here with one JSON. The page does
no arithmetic of its own: every number on it was printed here. The JSON has short keys:

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

import json
from collections.abc import Iterable
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np

from elman.palette import page_colours
from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Expr, Value
from elman.worked.calculus.flow import sizes
from elman.worked.calculus.operations import number
from elman.worked.render.terminal import spectrum_lines
from elman.worked.sheet.names import CELLS, Array, Name
from elman.worked.view.document import Options, Section, sections
from elman.worked.view.notation import Notation
from elman.worked.view.view import View

SCRIPTS = ("tokens.js", "formula.js", "board.js", "picture.js", "cards.js", "arrows.js", "links.js", "stage.js")
_LETTERS = {
    "yhat": ("y", "^"),
    "ctilde": ("c", "~"),
    "loss": ("L", ""),
    "dp_dy": ("dp/dy", ""),
}
Parts = tuple[int, str, str, str, str, int]


def render(calculation: Calculation, options: Options) -> str:
    """Render a calculation as one HTML document."""
    sheet = calculation.problem.sheet
    data = json.dumps(page_data(calculation, options), ensure_ascii=options.ascii, separators=(",", ":"))
    filled = {
        "TITLE": escape(sheet.title or f"A worked {sheet.cell.upper()}"),
        "NOTE": escape(sheet.note),
        "STYLE": page_colours() + _part("page.css"),
        "SCRIPT": "\n".join(_part(name) for name in SCRIPTS),
        "DATA": data.replace("<", "\\u003c"),  # no "</script>" can end the element early
    }
    text = _part("page.html")
    for name, part in filled.items():
        text = text.replace(f"<!--{name}-->", part)
    return text


def framed(page: str) -> str:
    """Put the page in a frame, for a notebook: its style and ids touch nothing outside."""
    frame = 'style="width:100%;height:46rem;border:1px solid #8884;border-radius:6px"'
    return f'<iframe title="The worked calculation" srcdoc="{escape(page)}" {frame}></iframe>'


@cache
def _part(name: str) -> str:
    return files("elman.worked.render").joinpath("page", name).read_text(encoding="utf-8")


def page_data(calculation: Calculation, options: Options) -> dict[str, Any]:
    """Collect the data of the page, as plain Python data."""
    view, problem, sheet = View(options), calculation.problem, calculation.problem.sheet
    shown = sections(
        calculation,
        Options.of(calculation, digits=options.digits, notation=options.notation) if options.id else options,
    )
    index = _numbered(calculation, shown)
    return {
        "kind": _kind(calculation),
        "cell": problem.cell,
        "states": CELLS[problem.cell].states,
        "layers": sheet.layers,
        "directions": problem.directions,
        "check": str(calculation.check_line) if calculation.check_line else "",
        "blank": options.blank,
        "start": options.id and calculation[options.id].id,
        "examples": [{"words": s.words and list(s.words), "steps": s.length} for s in problem.sequences],
        "values": [_value(calculation.values[key], index, view) for key in index],
        "sections": [_section(section, index) for section in shown],
        "carry": [arrow for key in index for arrow in _carried(calculation.values[key], index, view)],
        "flow": _flow(calculation, index, view),
        "facts": _facts(calculation, view),
    }


def _numbered(calculation: Calculation, shown: list[Section]) -> dict[str, int]:
    """Return the values that the page shows and those that they are made of, in the order of the calculation."""
    kept = {v.id for section in shown for value in section.values for v in (value, *value.operands)}
    return {key: k for k, key in enumerate(key for key in calculation.values if key in kept)}


def _kind(calculation: Calculation) -> str:
    problem, sheet = calculation.problem, calculation.problem.sheet
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


def _examples(calculation: Calculation) -> list[int | None]:
    several = len(calculation.problem.sequences) > 1
    return [*range(1, len(calculation.problem.sequences) + 1)] if several else [None]


def _flow(calculation: Calculation, index: dict[str, int], view: View) -> list[list[Any]]:
    """Return the size of the gradient at every state, and its share of the largest in its example."""
    found = []
    for example in _examples(calculation):
        rows = sizes(calculation, example)
        largest = max((size for _, size in rows), default=0.0) or 1.0
        found += [[index[v.id], view.number(n), round(n / largest, 4)] for v, n in rows if v.id in index]
    return found


def _facts(calculation: Calculation, view: View) -> list[tuple[int, str]]:
    """Return the lines on the bound of the recurrent weights, by example, without the terminal's line breaks."""
    found = []
    for example in _examples(calculation):
        text = "\n".join(line.strip() for line in spectrum_lines(calculation, example, view)).replace(";\n", "; ")
        found += [(example or 0, line) for line in text.splitlines()]
    return found


def name_parts(name: Name, notation: Notation) -> Parts:
    """Split a name: (1 for a gradient, letter, below, above, accent, step of a share or 0)."""
    schools = notation.name == "pytorch"
    plain = Name(name.symbol, layer=name.layer, reverse=name.reverse) if schools else Name(name.symbol)
    letter, below, accent = _split(notation.symbol(plain))
    time = "" if name.t is None else str(name.t)
    above = f"({name.layer})" if name.layer > 1 and letter[:6] not in {"weight", "bias_l"} else ""
    if notation.angle and time:
        above, time = f"{above}⟨{time}⟩", ""
    if name.reverse and letter[:6] not in {"weight", "bias_l"}:
        accent = "←"
    if name.mark == "~":
        accent = "~"
    below = ",".join(part for part in (below, time) if part)
    return int(name.gradient), letter, below, above + ("′" if name.mark == "'" else ""), accent, name.share or 0


def _split(symbol: str) -> tuple[str, str, str]:
    if symbol in _LETTERS:
        letter, accent = _LETTERS[symbol]
        return letter, "", accent
    if symbol.startswith(("weight", "bias", "fc.")):
        return symbol, "", ""
    letter, _, below = symbol.partition("." if "." in symbol else "_")
    return {"Gamma": "Γ"}.get(letter, letter), below, ""
