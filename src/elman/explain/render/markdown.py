"""The trace as Markdown with formulas between dollar signs, as GitHub, Jupyter and Pandoc read it."""

from elman.explain.document import Section, sections
from elman.explain.options import Options
from elman.explain.render import tex
from elman.explain.trace import Trace
from elman.explain.view import View


def render(trace: Trace, options: Options) -> str:
    """The trace as one Markdown text."""
    view = View(options)
    blocks = head(trace)
    for section in sections(trace, options):
        blocks += section_blocks(trace, section, view)
    if trace.check_line is not None and not options.blank:
        blocks.append(f"*{trace.check_line}*")
    return "\n\n".join(block for block in blocks if block) + "\n"


def head(trace: Trace) -> list[str]:
    """The title and what the sheet says about itself."""
    sheet = trace.problem.sheet
    return [f"# {sheet.title or trace.problem.cell}", sheet.note]


def section_blocks(trace: Trace, section: Section, view: View) -> list[str]:
    """A heading, and for each value its id, its reason and its formula."""
    blocks = [f"## {section.title}"] if section.title else []
    blank = view.options.blank and section.kind != "given"
    for value in section.values:
        reason = f": {value.reason}" if value.expr is not None else ""
        rows = " \\\\\n".join(tex.rows(value, view, blank=blank))
        table = tex.share_rows(trace, value, view) if section.kind == "sums" and not blank else ""
        blocks.append(f"`{value.id}`{reason}")
        blocks += [f"$$\n{table}\n$$"] if table else []
        blocks.append(f"$$\n\\begin{{aligned}}\n{rows}\n\\end{{aligned}}\n$$")
    return blocks
