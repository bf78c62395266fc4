"""Render a calculation as a LaTeX document that needs only amsmath and graphicx; Markdown has the same formulas.

A value is rows of an aligned formula: symbol = formula = numbers ≈ result.
"""

import numpy as np

from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.view.document import Options, Section, sections, shares_of
from elman.worked.view.scalars import Tokens, text_of
from elman.worked.view.view import View

_HEAD = r"""\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[a4paper,margin=18mm]{geometry}
\usepackage{amsmath,graphicx}
\setcounter{MaxMatrixCols}{40}
\setlength{\parindent}{0pt}
\allowdisplaybreaks
\begin{document}
"""
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    c: f"\\{c}" for c in "&%$#_{}"
}
_WORDS = {"∘": r"$\odot$", "·": r"$\cdot$", "²": r"$^2$", "½": r"$\tfrac12$"}
TERMS = 5  # of a sum on one line
_SIGNS = {"·": r" \cdot ", "≈": r" \approx ", "²": "^2", "σ": r"\sigma", "½": r"\tfrac12", "√": r"\sqrt", "±": r"\pm "}
_FUNCTIONS = ("tanh(", "ln(", "exp(", "max(", "relu(", "clip(", "the sum of all squares")


def render(calculation: Calculation, options: Options) -> str:
    """Render a calculation as a document."""
    view, sheet = View(options), calculation.problem.sheet
    lines = [_HEAD + rf"\section*{{{escape(sheet.title or calculation.problem.cell)}}}", escape(sheet.note), ""]
    for section in sections(calculation, options):
        lines += _section(calculation, section, view)
    if calculation.check_line is not None and not options.blank:
        lines.append(rf"\medskip {escape(str(calculation.check_line))}")
    return "\n".join([*lines, r"\end{document}", ""])


def _section(calculation: Calculation, section: Section, view: View) -> list[str]:
    lines = [rf"\subsection*{{{escape(section.title)}}}"] if section.title else []
    blank = view.options.blank and section.kind != "given"
    for value in section.values:
        table = share_rows(calculation, value, view) if section.kind == "sums" and not blank else ""
        if table:
            lines.append(_table(view.latex_symbol(value, section.example), table))
        if value.expr is not None and section.kind != "sums":
            lines.append(rf"{{\small {escape(value.reason)}}}")
        lines.append("\\begin{align*}\n" + " \\\\\n".join(rows(value, view, blank=blank)) + "\n\\end{align*}")
    return lines


def _table(symbol: str, table: str) -> str:
    fit = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}"
    return f"{{\\small shares of ${symbol}$, entry by entry:}}\n\\[ {fit}{{${table}$}} \\]"


def escape(text: str) -> str:
    """Escape plain text for LaTeX."""
    return "".join(_SPECIAL.get(c, _WORDS.get(c, c)) for c in text)


def rows(value: Value, view: View, *, blank: bool = False) -> list[str]:
    """Write the rows of an `aligned` block; the first begins with the symbol."""
    symbol = view.latex_symbol(value, value.name.example)
    if value.expr is None:
        return [f"{symbol} &= {result(value, view, blank=False)}"]
    first = f"{symbol} &= {view.latex(value.expr, value.name.example)}"
    if blank:
        return [first, f"&= {result(value, view, blank=True)}"]
    sign = r"\approx" if view.sign(value) == "≈" else "="
    if value.expr.op == "ref":
        return [f"{first} {sign} {result(value, view, blank=False)}"]
    return [first, *_substituted(value, view), f"&{sign} {result(value, view, blank=False)}"]


def result(value: Value, view: View, *, blank: bool) -> str:
    """Write the number, vector or matrix of a value."""
    texts = np.vectorize(lambda x: r"\underline{\hspace{3em}}" if blank else number(view, x))(value.array)
    if value.array.size == 1:
        return str(texts.reshape(-1)[0])
    table = texts if value.array.ndim == 2 else texts[:, None]
    return r"\begin{bmatrix} " + r" \\ ".join(" & ".join(row) for row in table) + r" \end{bmatrix}"


def number(view: View, x: float) -> str:
    """Write one number, with its power of ten written out."""
    mantissa, e, exponent = view.number(float(x)).partition("e")
    return rf"{mantissa}\cdot 10^{{{exponent}}}" if e else mantissa


def share_rows(calculation: Calculation, total: Value, view: View) -> str:
    """Tabulate the shares of a gradient by step and their sum; empty where there is only one."""
    shares = shares_of(calculation, total)
    if len(shares) < 2:
        return ""
    lines = [_share_row(f"t={share.name.share}", share, view) for share in shares]
    body = r" \\ ".join([*lines, r"\hline \text{sum}" + _share_row("", total, view)])
    return rf"\begin{{array}}{{l|{'r' * total.array.size}}} {body} \end{{array}}"


def _share_row(label: str, value: Value, view: View) -> str:
    return label + "".join(f" & {number(view, x)}" for x in value.array.reshape(-1))


def _substituted(value: Value, view: View) -> list[str]:
    lines = []
    for index, tokens in view.rows(value):
        place = f"{{}}_{{[{','.join(str(i + 1) for i in index)}]}}\\;" if value.array.size > 1 else ""
        chunks = _chunks(tokens)
        lines.append(f"&= {place}{chunks[0]}")
        lines += [rf"&\qquad + {chunk}" for chunk in chunks[1:]]
    return lines


def _chunks(tokens: Tokens) -> list[str]:
    """Cut a sum into lines of a few terms, at its outermost plus signs."""
    chunks: list[Tokens] = [[]]
    depth = terms = 0
    for token in tokens:
        depth += token.text.count("(") - token.text.count(")")
        terms += token.text == " + " and depth == 0
        if terms == TERMS:
            chunks.append([])
            terms = 0
        else:
            chunks[-1].append(token)
    return [_tex(text_of(chunk)) for chunk in chunks]


def _tex(text: str) -> str:
    for name in _FUNCTIONS:
        text = text.replace(name, rf"\operatorname{{{name[:-1]}}}(" if name.endswith("(") else rf"\text{{{name}}}")
    for sign, tex in _SIGNS.items():
        text = text.replace(sign, tex)
    return text
