"""Show the progress of a training in a notebook: a bar and the evaluations, in one output that is updated.

It needs nothing but IPython, which a notebook runs on: Rich's own bar needs ipywidgets there.
"""

import html
import io
import sys
from typing import Any

from rich.console import Console

from elman.train.progress import Counters, Plan, Progress
from elman.train.show import Show


def in_notebook() -> bool:
    """Tell whether this program is a cell of a notebook, which IPython runs in a kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


class NotebookShow(Show):
    """Shows the losses to beat, a line for each evaluation, and a bar while training lasts."""

    def __init__(self) -> None:
        super().__init__(Console(file=io.StringIO()))
        self._lines: list[str] = []
        self._shown: Any = None

    def on_start(self, plan: Plan, counters: Counters) -> None:
        """Write the losses to beat, and show the bar."""
        self._lines, self._shown = [], None
        super().on_start(plan, counters)
        self._draw(self._bar_of(plan.done(counters), ""))

    def on_step(self, progress: Progress) -> None:
        """Move the bar."""
        self._draw(self._bar_of(self.plan.done(progress.counters), self._now(progress)))

    def on_end(self, counters: Counters) -> None:
        """Remove the bar."""
        self._draw("")

    def _line(self, text: str, style: str = "") -> None:
        self._lines.append(text)

    def _bar_of(self, done: float, text: str) -> str:
        return f'<progress max="1" value="{done:.3f}"></progress> {done:.0%} {html.escape(text)}'

    def _draw(self, bar: str) -> None:
        from IPython.display import display

        lines = "\n".join(self._lines)
        content = {"text/html": f"<pre>{html.escape(lines)}</pre>{bar}", "text/plain": lines}
        if self._shown is None:
            self._shown = display(content, raw=True, display_id=True)
        else:
            self._shown.update(content, raw=True)
