"""The trace as one HTML page that needs nothing else: picture, board, steps. Works from a file, without a network.

The page's own style and scripts stand in `page/` as separate files and are put together here with one JSON of the
trace (`pagedata.py`). The page does no arithmetic of its own: every number on it was printed here.
"""

import json
from functools import cache
from html import escape
from importlib.resources import files

from elman.explain.options import Options
from elman.explain.render.pagedata import page_data
from elman.explain.trace import Trace

SCRIPTS = ("tokens.js", "formula.js", "board.js", "picture.js", "cards.js", "arrows.js", "links.js", "stage.js")


def render(trace: Trace, options: Options) -> str:
    """The trace as one HTML document."""
    sheet = trace.problem.sheet
    data = json.dumps(page_data(trace, options), ensure_ascii=options.ascii, separators=(",", ":"))
    filled = {
        "TITLE": escape(sheet.title or f"A worked {sheet.cell.upper()}"),
        "NOTE": escape(sheet.note),
        "STYLE": _part("page.css"),
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
    return files("elman.explain.render").joinpath("page", name).read_text(encoding="utf-8")
