"""Render a diagnosis for a terminal 80 columns wide, as one HTML page that needs no network, and as JSON."""

import base64
import io
import json
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from elman.doctor.diagnosis import Diagnosis, Table, tables
from elman.doctor.panels import draw
from elman.doctor.verdicts import Verdict
from elman.files import write_atomically
from elman.palette import page_colours

WIDTH = 80
COLOURS = {"fault": "bold red", "caution": "bold yellow", "note": "bold"}
_STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--card); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
p { margin: .3rem 0; max-width: 46rem; } .quiet { color: var(--quiet); font-size: .9rem; }
.summary { font-size: 1.2rem; font-weight: 600; margin: 1rem 0; }
.good { color: var(--good); } .bad { color: var(--fault); }
.verdict { border-left: 4px solid; padding: .2rem 1rem; margin: 1rem 0; } .fault { border-color: var(--fault); }
.caution { border-color: var(--caution); }
.note { border-color: var(--rule); } .verdict h3 { margin: 0; font-size: 1rem; }
.fault h3 { color: var(--fault); } .caution h3 { color: var(--caution); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .15rem .7rem .15rem 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; } img { width: 100%; height: auto; background: #fff; }
@media print { body { margin: 0; } .verdict, table { break-inside: avoid; } }
"""


def as_text(shown: RenderableType) -> str:
    """Render something of Rich's as plain text."""
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, highlight=False)
    console.print(shown)
    written: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines())


def as_renderable(diagnosis: Diagnosis) -> RenderableType:
    """Return the diagnosis as a renderable of Rich's."""
    found = diagnosis.findings
    size = (
        f"{found.steps:,} steps, batch of {found.batch}, loss {found.loss:.4g}, gradient norm {found.gradient_norm:.3g}"
    )
    parts: list[RenderableType] = [Text(diagnosis.title, style="bold"), Text(size)]
    if diagnosis.note:
        parts.append(Text(diagnosis.note, style="italic"))
    if found.clipped_share is not None:
        at = "" if found.clip is None else f" at a norm of {found.clip:g}"
        parts.append(Text(f"clipped{at}: {found.clipped_share:.1%} of the updates"))
    parts += [Text(), Text(diagnosis.headline, style="bold green" if diagnosis.healthy else "bold red")]
    parts += [part for verdict in diagnosis.verdicts for part in _verdict_in_lines(verdict)]
    parts += [part for table in tables(found) for part in (Text(), grid(table))]
    return Group(*parts)


def _verdict_in_lines(verdict: Verdict) -> list[RenderableType]:
    where = f" in {verdict.where}" if verdict.where else ""
    head = Text.assemble((f"{verdict.severity}: {verdict.kind}", COLOURS[verdict.severity]), where)
    advice = "Try: " + "; ".join(verdict.advice) + "."
    return [Text(), head, Padding(Text(verdict.evidence + "."), (0, 0, 0, 2)), Padding(Text(advice), (0, 0, 0, 2))]


def grid(table: Table) -> RenderableType:
    """Return a table with its title above and the note on how to read it below."""
    shown = Grid(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="")
    for k, head in enumerate(table.head):
        shown.add_column(head, justify="left" if k == 0 else "right", no_wrap=True, overflow="ellipsis")
    for row in table.rows:
        shown.add_row(*(Text(cell) for cell in row))
    return Group(Text(table.title, style="bold"), shown, Text(table.reading, style="dim"))


def as_page(diagnosis: Diagnosis) -> str:
    """Return the diagnosis as HTML with its style and pictures inside."""
    found = diagnosis.findings
    size = (
        f"{found.steps:,} steps, batch of {found.batch}, loss {found.loss:.4g}, gradient norm {found.gradient_norm:.3g}"
    )
    clip = "" if found.clipped_share is None else f", {found.clipped_share:.1%} of the updates clipped"
    title = escape(diagnosis.title)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: diagnosis</title><link rel="icon" href="data:,"><style>{page_colours()}{_STYLE}</style></head><body>
<h1>{title}</h1>
<p class="quiet">{escape(size + clip)}</p>
{f'<p class="quiet">{escape(diagnosis.note)}</p>' if diagnosis.note else ""}
<p class="summary {"good" if diagnosis.healthy else "bad"}">{escape(diagnosis.headline)}</p>
{"".join(map(_verdict_in_html, diagnosis.verdicts))}
<img alt="Gradients by lag and by step, products of Jacobians, eigenvalues, and a gate over time; the numbers are below"
 src="data:image/png;base64,{_picture(diagnosis)}">
{"".join(map(_table_in_html, tables(found)))}
</body></html>
"""


def framed(page: str) -> str:
    """Return a page in a frame, for a notebook."""
    return f'<iframe srcdoc="{escape(page)}" style="width:100%;height:800px;border:0"></iframe>'


def _verdict_in_html(verdict: Verdict) -> str:
    where = f" in {verdict.where}" if verdict.where else ""
    return (
        f'<div class="verdict {verdict.severity}"><h3>{escape(f"{verdict.severity}: {verdict.kind}{where}")}</h3>'
        f"<p>{escape(verdict.evidence)}.</p><p>Try: {escape('; '.join(verdict.advice))}.</p></div>\n"
    )


def _table_in_html(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in table.rows)
    return (
        f'<h2>{escape(table.title)}</h2><div class="wide"><table><thead><tr>{head}</tr></thead>\n'
        f'<tbody>{rows}</tbody></table></div><p class="quiet">{escape(table.reading)}</p>\n'
    )


def _picture(diagnosis: Diagnosis) -> str:
    file = io.BytesIO()
    draw(diagnosis).savefig(file, format="png", metadata={"Software": None})
    return base64.b64encode(file.getvalue()).decode()


def write_json(path: Path, content: Any) -> None:
    """Write plain content, whole or not at all."""
    write_atomically(path, json.dumps(content, indent=1, allow_nan=False).encode() + b"\n")


def plain(value: Any) -> Any:
    """Return dictionaries, sequences and arrays as JSON can hold them."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray):
        if np.iscomplexobj(value):
            return [[plain(x.real), plain(x.imag)] for x in value]
        return [plain(x) for x in value.tolist()]
    if isinstance(value, float):
        return float(value) if np.isfinite(value) else None
    return value
