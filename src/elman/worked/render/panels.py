"""Write the terminal's panels: shares by step, their sum, gradients through time, a blank sheet's key, the checks."""

from collections.abc import Iterator
from textwrap import wrap

import numpy as np

from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.calculus.flow import product, sizes, spectra
from elman.worked.render.paint import WIDTH, Paint, wrapped
from elman.worked.view.document import sections, shares_of
from elman.worked.view.options import Options
from elman.worked.view.view import View

COLUMNS = 6  # numbers beside each other in a table
BAR = 30


def share_table(trace: Calculation, total: Value, view: View) -> list[str]:
    """Tabulate the share of each step in a gradient, and the sum; empty where there is nothing to add up."""
    rows = shares_of(trace, total)
    if len(rows) < 2:
        return []
    lines = ["", f"  {view.symbol(total, total.name.example)} = Σ over the steps"]
    indices = list(np.ndindex(total.shape))
    for block in _blocks(indices, total):
        lines.append(" " * 8 + "".join(f"{_place(index):>12}" for index in block))
        lines += [_row(f"t={row.name.share}", row, block, view) for row in rows]
        lines.append(_row("sum", total, block, view))
    return lines


def _blocks(indices: list[tuple[int, ...]], total: Value) -> Iterator[list[tuple[int, ...]]]:
    width = min(total.shape[-1], COLUMNS) if total.array.ndim == 2 and total.shape[-1] > COLUMNS // 2 else COLUMNS
    return (indices[k : k + width] for k in range(0, len(indices), width))


def _place(index: tuple[int, ...]) -> str:
    return f"[{','.join(str(i + 1) for i in index)}]"


def _row(label: str, value: Value, block: list[tuple[int, ...]], view: View) -> str:
    return f"    {label:<4}" + "".join(f"{view.number(float(value.array[index])):>12}" for index in block)


def flow_panel(trace: Calculation, example: int | None, view: View, paint: Paint) -> list[str]:
    """|dh_t| through time as bars, and what bounds it."""
    found = sizes(trace, example)
    largest = max((size for _, size in found), default=0.0)
    if not largest:
        return []
    lines = ["", "  gradient through time, |dh_t|"]
    for value, size in found:
        bar = "█" * max(round(BAR * size / largest), 1 if size else 0)
        lines.append(f"    {view.symbol(value, example):>8} {view.number(size):>9} {bar}")
    return lines + spectrum_lines(trace, example, view)


def spectrum_lines(trace: Calculation, example: int | None, view: View) -> list[str]:
    """Norms and spectral radius of the recurrent weights, with what they bound and what happens here."""
    lines = [
        f"    {s.name}: spectral radius {view.number(s.radius)}, norm {view.number(s.norm)} (largest singular value)"
        for s in spectra(trace)
    ]
    if found := product(trace, example):
        actual, bound = view.number(found.actual), view.number(found.bound)
        lines.append(
            f"    from h_{found.last} back to h_{found.first} a gradient grows by at most a factor {actual} here;"
        )
        lines.append(f"    the norm of W_hh alone would only promise at most {bound}")
    else:
        lines.append("    these bound one path only: gates and cell state carry gradient too")
    return lines


def key_panel(trace: Calculation, options: Options, view: View, paint: Paint) -> list[str]:
    """The numbers that belong in the gaps."""
    lines = ["", paint.title("KEY"), ""]
    for section in sections(trace, options):
        for value in section.values if section.kind != "given" else []:
            if value.expr is not None:
                numbers = " ".join(view.number(float(x)) for x in np.ravel(value.array))
                lines += wrapped(f"  {value.id:<12} {numbers}", 15)
    return lines


def checks(trace: Calculation, paint: Paint) -> list[str]:
    """The line that says whether the calculation checks out."""
    check = trace.check_line
    return ["", *(paint.good(line, check.passed) for line in wrap(str(check), WIDTH))] if check is not None else []
