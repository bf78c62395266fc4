"""Render the calculation as Markdown with formulas between dollar signs, as GitHub, Jupyter and Pandoc read it."""

import re

from elman.worked.calculus.calculation import Calculation
from elman.worked.render.latex import rows, share_rows
from elman.worked.view.document import Options, Section, sections
from elman.worked.view.view import View

_MARKUP = re.compile(r"([\\`*_\[\]$|~])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_STARTS = re.compile(r"^([#+=-]|\d+(?=[.)]))")


def escape(text: str) -> str:
    """Escape text for one line of Markdown: nothing is read as HTML, a link, a formula or a heading."""
    line = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    line = "".join(_ENTITIES.get(character, character) for character in line)
    return _STARTS.sub(lambda found: f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}", line)


def code(text: str) -> str:
    """Write text as code, between as many backticks as it needs."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{text}{space}{fence}"


def render(calculation: Calculation, options: Options) -> str:
    """Render a calculation as one Markdown text."""
    view = View(options)
    blocks = head(calculation)
    for section in sections(calculation, options):
        blocks += section_blocks(calculation, section, view)
    if calculation.check_line is not None and not options.blank:
        blocks.append(f"*{escape(str(calculation.check_line))}*")
    return "\n\n".join(block for block in blocks if block) + "\n"


def head(calculation: Calculation) -> list[str]:
    """Write the title and the note of the sheet."""
    sheet = calculation.problem.sheet
    return [f"# {escape(sheet.title or calculation.problem.cell)}", escape(sheet.note)]


def section_blocks(calculation: Calculation, section: Section, view: View) -> list[str]:
    """Write a heading, and for each value its id, its reason and its formula."""
    blocks = [f"## {escape(section.title)}"] if section.title else []
    blank = view.options.blank and section.kind != "given"
    for value in section.values:
        reason = f": {escape(value.reason)}" if value.expr is not None else ""
        aligned = " \\\\\n".join(rows(value, view, blank=blank))
        table = share_rows(calculation, value, view) if section.kind == "sums" and not blank else ""
        blocks.append(f"{code(value.id)}{reason}")
        blocks += [f"$$\n{table}\n$$"] if table else []
        blocks.append(f"$$\n\\begin{{aligned}}\n{aligned}\n\\end{{aligned}}\n$$")
    return blocks
