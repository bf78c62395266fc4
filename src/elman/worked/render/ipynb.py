"""Render the calculation as a Jupyter notebook: formulas to read, and the same steps in NumPy to run and to change."""

import json
import re
from typing import Any

from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.render.markdown import head, section_blocks
from elman.worked.view.document import Options, Section, sections
from elman.worked.view.formula import ATOM, PRODUCT, SUM, TIGHT, UNICODE, Style, Template, formula
from elman.worked.view.view import View

_PYTHON: dict[str, Template] = {name: UNICODE[name] for name in ("sub", "neg", "div", "identity")} | {
    "matvec": ("{0} @ {1}", PRODUCT, (TIGHT, TIGHT)),
    "transpose": ("{0}.T", ATOM, (ATOM,)),
    "outer": ("np.outer({0}, {1})", ATOM, (SUM, SUM)),
    "square": ("{0}**2", TIGHT, (ATOM,)),
    "step": ("({0} > 0)", ATOM, (SUM,)),
    "inner": ("np.dot({0}, {1})", ATOM, (SUM, SUM)),
    "part": ("{0}[int({f0}) - 1 : int({f1})]", ATOM, (ATOM,)),
    "concat": ("np.concatenate([{0}, {1}])", ATOM, (SUM, SUM)),
    "sqrt": ("np.sqrt({0})", ATOM, (SUM,)),
    "at_least": ("np.maximum({0}, {f0})", ATOM, (SUM,)),
    "clamp": ("np.clip({0}, -{f0}, {f0})", ATOM, (SUM,)),
    "zeros": ("np.zeros({f0})", ATOM, ()),
    "cut": ("{0}", ATOM, (ATOM,)),
    "tanh": ("np.tanh({0})", ATOM, (SUM,)),
    "relu": ("np.maximum({0}, 0)", ATOM, (SUM,)),
    "softmax": ("np.exp({0}) / np.exp({0}).sum()", PRODUCT, (SUM,)),
    "sigmoid": ("1 / (1 + np.exp(-{0}))", PRODUCT, (ATOM,)),
    "binary_cross_entropy": ("-np.sum({1} * np.log({0}) + (1 - {1}) * np.log(1 - {0}))", PRODUCT, (ATOM, ATOM)),
    "cross_entropy": ("-np.sum({1} * np.log({0}))", PRODUCT, (ATOM, SUM)),
    "half_squares": ("np.sum(({0} - {1}) ** 2) / 2", PRODUCT, (SUM, PRODUCT)),
}


def render(calculation: Calculation, options: Options) -> str:
    """Render a calculation as a notebook of format 4.5."""
    view = View(options)
    cells = [_cell("markdown", "\n\n".join(head(calculation))), _cell("code", "import numpy as np")]
    for section in sections(calculation, options):
        cells.append(_cell("markdown", "\n\n".join(section_blocks(calculation, section, view))))
        if not (options.blank and section.kind != "given"):
            cells.append(_cell("code", code(section)))
    for k, cell in enumerate(cells):
        cell["id"] = f"cell-{k}"
    language = {"name": "python", "display_name": "Python 3", "language": "python"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": language}, "cells": cells}
    return json.dumps(notebook, ensure_ascii=options.ascii, indent=1) + "\n"


def code(section: Section) -> str:
    """Write the section's values in NumPy, one line each."""
    return "\n".join(_line(value) for value in section.values)


def python_name(value: Value) -> str:
    """Write the id as a Python name: `dW_hh_at_5`, `h_3`, `ex1_h_3`, `W_hh_new`."""
    example, rest = value.name.example, value.id
    if example is not None:
        rest = rest.removeprefix(f"{example}/")
    for sign, word in ((".", "_"), ("@", "_at_"), ("'", "_new"), ("~", "_clipped")):
        rest = rest.replace(sign, word)
    plain = re.sub(r"\W", lambda match: f"u{ord(match[0]):x}", rest)
    return f"ex{example}_{plain}" if example is not None else plain


def _line(value: Value) -> str:
    if value.expr is None:
        return f"{python_name(value)} = np.array({value.array.tolist()})"
    if value.expr.op == "norm":
        squares = " + ".join(f"np.sum({python_name(operand)}**2)" for operand in value.operands)
        return f"{python_name(value)} = np.sqrt({squares})"
    return f"{python_name(value)} = {formula(value.expr, Style(_PYTHON, ' * ', ' * ', '({})', python_name))}"


def _cell(kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell | {"execution_count": None, "outputs": []} if kind == "code" else cell
