"""Write names, formulas, numbers and marks by the chosen options. Every renderer of text asks here.

`≈` is printed where the result is rounded, and a mark `*` where the printed operands do not give the printed
result: full precision is kept inside.
"""

from collections.abc import Iterator

import numpy as np

from elman.worked.calculus.expr import Expr, Value
from elman.worked.calculus.operations import evaluate, number, parts
from elman.worked.sheet.parameters import Array
from elman.worked.view import scalars
from elman.worked.view.digits import is_exact, rounded, show
from elman.worked.view.formula import LATEX, UNICODE, Style, formula
from elman.worked.view.latexnames import latex_name
from elman.worked.view.notation import notation
from elman.worked.view.options import Options

Index = tuple[int, ...]
GAP = "_______"


class View:
    """Names and numbers of a trace by its options."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.digits = options.digits
        self.notation = notation(options.notation)
        self._rounded: dict[str, Array] = {}

    def number(self, x: float) -> str:
        """One number as printed."""
        return show(x, self.digits)

    def symbol(self, value: Value, example: int | None = None) -> str:
        """The printed name: `h_3`, `a_f,3`, `dW_hh@5`; with the example in front where it is not the one in hand."""
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
        """The right-hand side of a value, as text."""
        return self.write(value.expr, value.name.example) if value.expr is not None else ""

    def write(self, expr: Expr, example: int | None = None) -> str:
        """An expression as text."""
        return formula(expr, Style(UNICODE, "·", " ∘ ", "({})", lambda v: self.symbol(v, example)))

    def latex(self, expr: Expr, example: int | None = None) -> str:
        """An expression as LaTeX."""
        name, brackets = (lambda v: self.latex_symbol(v, example)), r"\left({}\right)"
        return formula(expr, Style(LATEX, r" \cdot ", r" \odot ", brackets, name))

    def latex_symbol(self, value: Value, example: int | None = None) -> str:
        """The printed name as LaTeX."""
        return latex_name(value.name, self.notation, example)

    def sign(self, value: Value) -> str:
        """`=` where the printed numbers are exact, else `≈`."""
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
        """The numbers of a value as they are printed; kept, because each is an operand several times."""
        if value.id not in self._rounded:
            self._rounded[value.id] = rounded(value.array, self.digits)
        return self._rounded[value.id]

    def rows(self, value: Value) -> Iterator[tuple[Index, scalars.Tokens]]:
        """The entries of a value with the numbers put in; of a matrix only the first, which shows how."""
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
