"""Hold the values of a worked calculation, by id and in the order of the work. Every renderer reads this."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from elman.errors import InputError
from elman.quoting import printable, quote, shorten
from elman.worked.calculus.expr import Expr, Value
from elman.worked.calculus.tape import Tape
from elman.worked.calculus.verify import Check, verify
from elman.worked.sheet.names import Array
from elman.worked.sheet.problem import Problem

if TYPE_CHECKING:
    from elman.worked.calculus.autograd import Comparison

PASSES = ("forward", "backward")
_OUTPUT = re.compile(r"(?P<stem>(\d+/)?d?(y|p|target|loss))(\.(?P<t>\d+))?$")


class Gradients(Mapping[str, Array]):
    """Hold the gradient of the loss with respect to every parameter and embedding, by id: `dW_hh`, `dE.love`."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values = values
        names = (value.name.d().id for value in values.values() if value.phase == "parameter")
        self._arrays = {name: values[name].array for name in names if name in values}

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def compare(self) -> Comparison:
        """Compute the same forward pass in torch, in double precision, and compare with its autograd. Needs torch."""
        if "loss" not in self._values:
            raise InputError("gradients: the sheet has no loss, so there is nothing to compare; give loss and target")
        from elman.worked.calculus.autograd import compare

        return compare(self._values)


class Calculation:
    """Hold the values of one worksheet, in the order in which a teacher would write them."""

    def __init__(self, problem: Problem, tape: Tape) -> None:
        self.problem = problem
        self.values: Mapping[str, Value] = tape.values
        self.check_line: Check | None = verify(tape)

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
        return f"<{type(self).__name__} of {title!r}: {len(self)} values, {self.numbers} numbers>"

    @property
    def numbers(self) -> int:
        """Return the number of entries of all values together."""
        return sum(value.array.size for value in self)

    @property
    def length(self) -> int:
        """Return the number of steps of the longest example."""
        return max(sequence.length for sequence in self.problem.sequences)

    @cached_property
    def gradients(self) -> Gradients:
        """Return the gradients of parameters and embeddings by id; `.compare()` compares them with torch's autograd."""
        return Gradients(self.values)

    def derivative(self, value: Value | str) -> dict[str, Expr]:
        """Return what a value passes back: for each of its operands, the term in that operand's gradient."""
        key = value if isinstance(value, str) else value.id
        made = self[key]
        terms = ((v.of, source) for v in self if v.of for source in v.sources)
        return {of.id: source.expr for of, source in terms if source.consumer is made and of is not made}

    def select(self, only: str | None = None, step: int | None = None) -> list[Value]:
        """Return the values of one pass, or of one step, or both; all without either."""
        if only is not None and only not in PASSES:
            raise InputError(f"only: expected one of {', '.join(PASSES)}, got {quote(only)}")
        if step is not None and not 0 <= step <= self.length + 1:
            raise InputError(f"step: expected 1 to {self.length}, got {step}")
        phases = {"forward": {"parameter", "given", "forward"}, "backward": {"backward", "update"}}
        kept = [value for value in self if only is None or value.phase in phases[only]]
        return [value for value in kept if step is None or value.t == step]

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
