"""Show, save and mark a worked calculation: the object that `elman.explain` returns."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from elman.errors import InputError
from elman.limits import SEARCH_SECONDS
from elman.quoting import quote
from elman.worked.calculus.calculation import Calculation
from elman.worked.view.options import Options

if TYPE_CHECKING:
    from elman.worked.marking.report import Marks
    from elman.worked.marking.search import Known, KnownMistakes, Made

FORMATS = ("terminal", "markdown", "latex", "json", "ipynb", "html")


class Trace(Calculation):
    """A calculation that can be rendered in every format and used to mark a student's sheet."""

    @property
    def mistakes(self) -> list[Made]:
        """Every way to make a known mistake that changes a number of this sheet."""
        return self.known().made

    def known(self, seconds: float = SEARCH_SECONDS) -> Known:
        """Search for the ways to make a known mistake, for at most `seconds`; a complete result is kept."""
        return self._known_mistakes.within(seconds)

    def check(self, answers: Any, *, digits: int | None = None, seconds: float = SEARCH_SECONDS) -> Marks:
        """Mark a student's numbers: a CSV, YAML or JSON file, or a mapping from ids to numbers; any subset.

        Args:
            answers: the file or mapping.
            digits: decimals that an answer needs; by default two fewer than the sheet prints, and at least 2.
            seconds: how long to look for the known mistakes that explain what is wrong.
        """
        from elman.worked.marking.report import check

        return check(self, answers, digits=digits, seconds=seconds, known=self._known_mistakes)

    def to(self, kind: str, **options: Any) -> str:
        """Render the trace: terminal, markdown, latex, json, ipynb or html. The options are those of `Options`."""
        if kind not in FORMATS:
            raise InputError(f"format: expected one of {', '.join(FORMATS)}, got {quote(kind)}")
        rendered: str = import_module(f"elman.worked.render.{kind}").render(self, Options.of(self, **options))
        return rendered

    def _repr_markdown_(self) -> str:
        """Return Markdown for a notebook."""
        return self.to("markdown")

    def _repr_html_(self) -> str:
        """Return the HTML page in a frame, for a notebook that can show it."""
        from elman.worked.render.html import framed

        return framed(self.to("html"))

    @cached_property
    def _known_mistakes(self) -> KnownMistakes:
        from elman.worked.marking.search import KnownMistakes

        return KnownMistakes(self.problem, self.values)
