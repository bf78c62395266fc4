"""The trace: every value of a worked calculation, by id and in order.

What `elman.explain` returns and every renderer reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from elman.errors import InputError
from elman.explain.expr import Expr, Value
from elman.explain.problem import Problem
from elman.explain.verify import Check, verify
from elman.limits import SEARCH_SECONDS
from elman.quoting import printable, quote, shorten

if TYPE_CHECKING:
    from elman.explain.gradients_view import Gradients
    from elman.explain.marking.report import Marks
    from elman.explain.marking.search import Known, Made
    from elman.explain.tape import Tape

FORMATS = ("terminal", "markdown", "latex", "json", "ipynb", "html")
PASSES = ("forward", "backward")
_OUTPUT = re.compile(r"(?P<stem>(\d+/)?d?(y|p|target|loss))(\.(?P<t>\d+))?$")


class Trace:
    """The values of one worksheet, in the order in which a teacher would write them."""

    def __init__(self, problem: Problem, tape: Tape) -> None:
        self.problem = problem
        self.values: Mapping[str, Value] = tape.values
        self.check_line: Check | None = verify(tape)
        self._known: Known | None = None
        self._looked = 0.0  # seconds that the search for them was given

    def __getitem__(self, key: str) -> Value:
        """Give a value by its id; `p` also finds the p of the last step, and `p.3` the only p there is."""
        value = self.values.get(key) or self._other_spelling(key)
        if value is None:
            raise InputError(f"{shorten(printable(key))}: no such value; {self._near(key)}")
        return value

    def __iter__(self) -> Iterator[Value]:
        return iter(self.values.values())

    def __len__(self) -> int:
        return len(self.values)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key in self.values or self._other_spelling(key) is not None)

    def __repr__(self) -> str:
        title = self.problem.sheet.title or self.problem.cell
        return f"<Trace of {title!r}: {len(self)} values, {self.numbers} numbers>"

    @property
    def numbers(self) -> int:
        """How many numbers the values hold together."""
        return sum(value.array.size for value in self)

    @property
    def length(self) -> int:
        """The number of steps of the longest example."""
        return max(sequence.length for sequence in self.problem.sequences)

    @cached_property
    def gradients(self) -> Gradients:
        """The gradients of the parameters and embeddings by id; `.compare()` holds them to torch's autograd."""
        from elman.explain.gradients_view import Gradients

        return Gradients(self)

    @property
    def mistakes(self) -> list[Made]:
        """Every way to make a known mistake that changes a number of this sheet."""
        return self.known().made

    def known(self, seconds: float = SEARCH_SECONDS) -> Known:
        """Look for the ways to make a known mistake, for some seconds at most; found once, and then kept."""
        from elman.explain.marking.search import applicable

        if self._known is None or (self._known.stopped and seconds > self._looked):
            self._known, self._looked = applicable(self.problem, self.values, seconds), seconds
        return self._known

    def derivative(self, value: Value | str) -> dict[str, Expr]:
        """What a value passes back: for each value it was made from, its term in that one's gradient."""
        key = value if isinstance(value, str) else value.id
        made = self[key]
        terms = ((v.of, source) for v in self if v.of for source in v.sources)
        return {of.id: source.expr for of, source in terms if source.consumer is made and of is not made}

    def select(self, only: str | None = None, step: int | None = None) -> list[Value]:
        """The values of one pass, or of one step, or both; all without either."""
        if only is not None and only not in PASSES:
            raise InputError(f"only: expected one of {', '.join(PASSES)}, got {quote(only)}")
        if step is not None and not 0 <= step <= self.length + 1:
            raise InputError(f"step: expected 1 to {self.length}, got {step}")
        phases = {"forward": {"parameter", "given", "forward"}, "backward": {"backward", "update"}}
        kept = [value for value in self if only is None or value.phase in phases[only]]
        return [value for value in kept if step is None or value.t == step]

    def check(self, answers: Any, *, digits: int | None = None, seconds: float = SEARCH_SECONDS) -> Marks:
        """Mark a student's numbers: a CSV, YAML or JSON file, or a mapping from ids to numbers; any subset.

        Args:
            answers: the file or mapping.
            digits: decimals that an answer needs; by default two fewer than the sheet prints, and at least 2.
            seconds: how long to look for the known mistakes that explain what is wrong.
        """
        from elman.explain.marking.report import check

        return check(self, answers, digits=digits, seconds=seconds)

    def to(self, kind: str, **options: Any) -> str:
        """Render the trace: terminal, markdown, latex, json, ipynb or html. The options are those of `Options`."""
        if kind not in FORMATS:
            raise InputError(f"format: expected one of {', '.join(FORMATS)}, got {quote(kind)}")
        from elman.explain.options import Options

        rendered: str = import_module(f"elman.explain.render.{kind}").render(self, Options.of(self, **options))
        return rendered

    def _repr_markdown_(self) -> str:
        """What a notebook shows."""
        return self.to("markdown")

    def _repr_html_(self) -> str:
        """What a notebook shows where it can show a page."""
        from elman.explain.render.html import framed

        return framed(self.to("html"))

    def _other_spelling(self, key: str) -> Value | None:
        match = _OUTPUT.match(key)
        if match is None:
            return None
        last = self.values.get(f"{match['stem']}.{self._last(key)}") if match["t"] is None else None
        only = self.values.get(match["stem"])
        return last or (only if only is not None and match["t"] == str(only.t) else None)

    def _last(self, key: str) -> int:
        example = int(key.partition("/")[0]) if "/" in key else 1
        return self.problem.sequences[example - 1].length if example <= len(self.problem.sequences) else 0

    def _near(self, key: str) -> str:
        from difflib import get_close_matches

        near = get_close_matches(key, list(self.values), n=4, cutoff=0.4)
        examples = "" if len(self.problem.sequences) == 1 or "/" in key else ", with the example first, as in 1/h.3"
        return (
            f"did you mean {', '.join(near)}{examples}?"
            if near
            else f"ids are written as in h.3, dh.3, dW_hh@3, dW_hh{examples}"
        )
