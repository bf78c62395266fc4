"""Write names, formulas, numbers and marks by the chosen options. Every renderer of text asks here.

Numbers have four decimals unless told otherwise; exact ones are printed bare (0.5, 1); small values in scientific form
(4.4e-4), because 0.0004 would hide how many of its digits are known; very large ones likewise. `≈` is printed where the
result is rounded, and a mark `*` where the printed operands do not give the printed result: full precision is kept
inside.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from elman.worked.calculus.expr import Expr, Value
from elman.worked.calculus.operations import evaluate, number, parts
from elman.worked.sheet.names import Array
from elman.worked.view import scalars
from elman.worked.view.document import Options
from elman.worked.view.formula import LATEX, UNICODE, Style, formula
from elman.worked.view.notation import latex_name, notation

LARGE = 1e6
Index = tuple[int, ...]
GAP = "_______"


@lru_cache(maxsize=65536)  # a number is printed wherever it is an operand
def show(number: float, digits: int = 4) -> str:
    """Print one number: '0.4076', '0.5', '-2', '4.4e-4'."""
    if is_exact(number, digits):
        return _bare(number, digits)
    if abs(number) < 10.0 ** (1 - digits) or abs(number) >= LARGE:
        mantissa, exponent = f"{number:.{max(1, digits - 3)}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{number:.{digits}f}"


def is_exact(number: float, digits: int) -> bool:
    """Tell whether the number is, up to the noise of float64, what the given decimals say."""
    return abs(number) < LARGE and abs(number - round(number, digits)) <= 1e-13 * abs(number)


def rounded(array: Any, digits: int) -> Any:
    """Give the numbers as they are printed."""
    given = np.asarray(array, dtype=np.float64)
    return np.array([float(show(number, digits)) for number in given.reshape(-1).tolist()]).reshape(given.shape)


def _bare(number: float, digits: int) -> str:
    text = f"{round(number, digits):.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


class View:
    """Write names and numbers of a calculation by its options."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.digits = options.digits
        self.notation = notation(options.notation)
        self._rounded: dict[str, Array] = {}

    def number(self, x: float) -> str:
        """Print one number."""
        return show(x, self.digits)

    def symbol(self, value: Value, example: int | None = None) -> str:
        """Print a name: `h_3`, `a_f,3`, `dW_hh@5`; with the example in front where it is not the one in hand."""
        name = value.name
        base = self.notation.symbol(name)
        base = {"yhat": "ŷ", "ctilde": "c̃"}.get(base, base)
        time = (
            "" if name.t is None else f"<{name.t}>" if self.notation.angle else f"{',' if '_' in base else '_'}{name.t}"
        )
        share = "" if name.share is None else f"@{name.share}"
        other = "" if name.example in {None, example} else f"{name.example}/"
        return f"{other}{'d' if name.gradient else ''}{base}{time}{share}{name.mark}"

    def formula(self, value: Value) -> str:
        """Write the right-hand side of a value as text."""
        return self.write(value.expr, value.name.example) if value.expr is not None else ""

    def write(self, expr: Expr, example: int | None = None) -> str:
        """Write an expression as text."""
        return formula(expr, Style(UNICODE, "·", " ∘ ", "({})", lambda v: self.symbol(v, example)))

    def latex(self, expr: Expr, example: int | None = None) -> str:
        """Write an expression as LaTeX."""
        name, brackets = (lambda v: self.latex_symbol(v, example)), r"\left({}\right)"
        return formula(expr, Style(LATEX, r" \cdot ", r" \odot ", brackets, name))

    def latex_symbol(self, value: Value, example: int | None = None) -> str:
        """Print a name as LaTeX."""
        return latex_name(value.name, self.notation, example)

    def sign(self, value: Value) -> str:
        """Return `=` where the printed numbers are exact, else `≈`."""
        exact = all(is_exact(float(x), self.digits) for x in np.ravel(value.array))
        return "=" if exact else "≈"

    def marks(self, value: Value) -> Array:
        """Mark the entries where the printed operands do not give the printed result."""
        if value.expr is None or value.expr.op == "norm":
            return np.zeros(value.shape)
        with np.errstate(all="ignore"):
            again = rounded(evaluate(value.expr, self._printed), self.digits)
            return np.array(again != self._printed(value), dtype=np.float64)

    def _printed(self, value: Value) -> Array:
        """Round a value as it is printed; kept, because each is an operand several times."""
        if value.id not in self._rounded:
            self._rounded[value.id] = rounded(value.array, self.digits)
        return self._rounded[value.id]

    def rows(self, value: Value) -> Iterator[tuple[Index, scalars.Tokens]]:
        """Yield the entries of a value with the numbers put in; of a matrix only the first, which shows how."""
        for index in list(np.ndindex(value.shape))[: 1 if value.array.ndim == 2 else None]:
            yield index, scalars.entry(value, index, self.number)

    def parts(self, value: Value) -> list[tuple[Expr, Array]]:
        """Return the intermediate terms between operands and result: `W_xh x_2`, `1 - h_2²`, with their numbers."""
        if value.expr is None or value.expr.op not in {"add", "mul"}:
            return []
        return [(part, number(part)) for part in parts(value.expr) if part.op not in {"transpose", "outer", "zeros"}]

    def came_from(self, value: Value) -> str:
        """Name the origins of the terms of a gradient: `from the output and from step 4`."""
        if value.of is None or not value.sources or value.name.share is not None or value.name.symbol != "h":
            return ""
        if value.expr is not None and value.expr.op == "zeros":
            return "from nowhere: no loss reaches it"
        places = dict.fromkeys(_place(source.consumer, value) for source in value.sources)
        return " and ".join(f"from {place}" for place in places)


def _place(consumer: Value, value: Value) -> str:
    if consumer.name.symbol in {"y", "p"}:
        return "the output"
    if consumer.name.symbol == "hh":
        return "the joined directions"
    return f"step {consumer.t}" if consumer.name.layer == value.name.layer else f"layer {consumer.name.layer}"
