"""Render the trace as Markdown with formulas between dollar signs, as GitHub, Jupyter and Pandoc read it."""

import re

from elman.worked.calculus.calculation import Calculation
from elman.worked.render import tex
from elman.worked.view.document import Section, sections
from elman.worked.view.options import Options
from elman.worked.view.view import View

_MARKUP = re.compile(r"([\\`*_\[\]$|~])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_STARTS = re.compile(r"^([#+=-]|\d+(?=[.)]))")


def escape(text: str) -> str:
    """Plain text as one line of Markdown: nothing in it is read as HTML, a link, a formula or a heading."""
    line = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    line = "".join(_ENTITIES.get(character, character) for character in line)
    return _STARTS.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", line)


def code(text: str) -> str:
    """Text as code, between as many backticks as it needs."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def render(trace: Calculation, options: Options) -> str:
    """The trace as one Markdown text."""
    view = View(options)
    blocks = head(trace)
    for section in sections(trace, options):
        blocks += section_blocks(trace, section, view)
    if trace.check_line is not None and not options.blank:
        blocks.append(f"*{escape(str(trace.check_line))}*")
    return "\n\n".join(block for block in blocks if block) + "\n"


def head(trace: Calculation) -> list[str]:
    """The title and what the sheet says about itself."""
    sheet = trace.problem.sheet
    return [f"# {escape(sheet.title or trace.problem.cell)}", escape(sheet.note)]


def section_blocks(trace: Calculation, section: Section, view: View) -> list[str]:
    """A heading, and for each value its id, its reason and its formula."""
    blocks = [f"## {escape(section.title)}"] if section.title else []
    blank = view.options.blank and section.kind != "given"
    for value in section.values:
        reason = f": {escape(value.reason)}" if value.expr is not None else ""
        rows = " \\\\\n".join(tex.rows(value, view, blank=blank))
        table = tex.share_rows(trace, value, view) if section.kind == "sums" and not blank else ""
        blocks.append(f"{code(value.id)}{reason}")
        blocks += [f"$$\n{table}\n$$"] if table else []
        blocks.append(f"$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$")
    return blocks
