"""Define `elman.explain` and `elman.check`, and the `Trace` that they give: a calculation to show, save and mark.

They read any description of a small network, compute it, and mark answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elman.errors import InputError
from elman.limits import SEARCH_SECONDS
from elman.quoting import quote
from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.network import calculate
from elman.worked.calculus.tape import Tape
from elman.worked.sheet.problem import problem, refuse_if_too_large
from elman.worked.sheet.worksheet import Worksheet, load, read_sheet
from elman.worked.view.document import Options

if TYPE_CHECKING:
    from elman.worked.marking.report import Marks
    from elman.worked.marking.search import Known, KnownMistakes, Made

FORMATS = ("terminal", "markdown", "latex", "json", "ipynb", "html")


def explain(worksheet: Any, inputs: Any = None, **more: Any) -> Trace:
    """Work a small recurrent network by hand: every number of the forward pass and of backpropagation through time.

    Args:
        worksheet: the name of a gallery sheet, the path of a YAML file, a mapping of the same fields, a `Worksheet`;
            or a small recurrent module of Elman or `torch.nn`, with `inputs` (T, I) beside it.
        inputs: the input vectors, only with a module.
        more: with a module, further fields of the worksheet (`output`, `loss`, `target`, ...).
    """
    sheet = _sheet(worksheet, inputs, more)
    checked = problem(sheet)
    refuse_if_too_large(checked)
    return Trace(checked, calculate(checked, Tape()))


def check(worksheet: Any, answers: Any, *, digits: int | None = None, seconds: float = SEARCH_SECONDS) -> Marks:
    """Mark a student's sheet: every number right, rounding, carried forward, a known mistake by name, or wrong.

    Args:
        worksheet: whatever `explain` takes.
        answers: a CSV, YAML or JSON file, or a mapping, of ids and numbers; any subset of the sheet.
        digits: decimals that an answer needs to be right; by default two fewer than the sheet prints, at least 2.
        seconds: how long to look for the known mistakes that explain what is wrong.
    """
    return explain(worksheet).check(answers, digits=digits, seconds=seconds)


def _sheet(worksheet: Any, inputs: Any, more: Mapping[str, Any]) -> Worksheet:
    if inputs is None and not more:
        if isinstance(worksheet, Worksheet):
            return worksheet
        if isinstance(worksheet, str | Path):
            return load(worksheet)
        if isinstance(worksheet, Mapping):
            return read_sheet(worksheet)
    if hasattr(worksheet, "named_parameters"):
        if inputs is None:
            raise InputError(
                f"inputs: a {type(worksheet).__name__} needs a sequence to read; give a tensor or array (T, I)"
            )
        from elman.worked.sheet.from_torch import worksheet_of

        described: Worksheet = worksheet_of(worksheet, inputs, **more)
        return described
    raise InputError(
        "worksheet: expected a name, a path, a mapping, a Worksheet, or a torch module with inputs; "
        f"got {type(worksheet).__name__}"
    )


class Trace(Calculation):
    """Render a calculation in every format, and use it to mark a student's sheet."""

    @property
    def mistakes(self) -> list[Made]:
        """Return every way to make a known mistake that changes a number of this sheet."""
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
