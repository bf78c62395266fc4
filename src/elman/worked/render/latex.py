"""Render the trace as a standalone LaTeX document that needs only amsmath and graphicx."""

from elman.worked.calculus.calculation import Calculation
from elman.worked.render import tex
from elman.worked.view.document import Section, sections
from elman.worked.view.options import Options
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


def render(trace: Calculation, options: Options) -> str:
    """The trace as a document."""
    view, sheet = View(options), trace.problem.sheet
    lines = [_HEAD + rf"\section*{{{escape(sheet.title or trace.problem.cell)}}}", escape(sheet.note), ""]
    for section in sections(trace, options):
        lines += _section(trace, section, view)
    if trace.check_line is not None and not options.blank:
        lines.append(rf"\medskip {escape(str(trace.check_line))}")
    return "\n".join([*lines, r"\end{document}", ""])


def _section(trace: Calculation, section: Section, view: View) -> list[str]:
    lines = [rf"\subsection*{{{escape(section.title)}}}"] if section.title else []
    blank = view.options.blank and section.kind != "given"
    for value in section.values:
        table = tex.share_rows(trace, value, view) if section.kind == "sums" and not blank else ""
        if table:
            lines.append(_table(view.latex_symbol(value, section.example), table))
        if value.expr is not None and section.kind != "sums":
            lines.append(rf"{{\small {escape(value.reason)}}}")
        lines.append("\\begin{align*}\n" + " \\\\\n".join(tex.rows(value, view, blank=blank)) + "\n\\end{align*}")
    return lines


def _table(symbol: str, table: str) -> str:
    fit = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}"
    return f"{{\\small shares of ${symbol}$, entry by entry:}}\n\\[ {fit}{{${table}$}} \\]"


def escape(text: str) -> str:
    """Plain text for LaTeX."""
    return "".join(_SPECIAL.get(c, _WORDS.get(c, c)) for c in text)
