"""Render a diagnosis for a terminal, 80 columns wide."""

import io

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from elman.doctor.diagnosis import Diagnosis
from elman.doctor.tables import Table, tables
from elman.doctor.verdicts import Verdict

WIDTH = 80
COLOURS = {"fault": "bold red", "caution": "bold yellow", "note": "bold"}


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
    parts += [part for verdict in diagnosis.verdicts for part in _verdict(verdict)]
    parts += [part for table in tables(found) for part in (Text(), grid(table))]
    return Group(*parts)


def _verdict(verdict: Verdict) -> list[RenderableType]:
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
