"""Render the trace as one self-contained HTML page: picture, board, steps. It works from a file, without a network.

The page's own style and scripts are separate files in `page/` and are put together here with one JSON of the
trace (`pagedata.py`). The page does no arithmetic of its own: every number on it was printed here.
"""

import json
from functools import cache
from html import escape
from importlib.resources import files

from elman.palette import page_colours
from elman.worked.calculus.calculation import Calculation
from elman.worked.render.pagedata import page_data
from elman.worked.view.options import Options

SCRIPTS = ("tokens.js", "formula.js", "board.js", "picture.js", "cards.js", "arrows.js", "links.js", "stage.js")


def render(trace: Calculation, options: Options) -> str:
    """The trace as one HTML document."""
    sheet = trace.problem.sheet
    data = json.dumps(page_data(trace, options), ensure_ascii=options.ascii, separators=(",", ":"))
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
    """The page in a frame of its own, for a notebook: its style and ids touch nothing outside."""
    frame = 'style="width:100%;height:46rem;border:1px solid #8884;border-radius:6px"'
    return f'<iframe title="The worked calculation" srcdoc="{escape(page)}" {frame}></iframe>'


@cache
def _part(name: str) -> str:
    return files("elman.worked.render").joinpath("page", name).read_text(encoding="utf-8")
