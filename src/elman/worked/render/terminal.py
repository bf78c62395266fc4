"""Render a calculation for a terminal of 80 columns: symbol = numbers = result, value after value, then the sums.

Panels follow: shares by step, gradients through time, the key of a blank sheet, the check.
"""

from collections.abc import Iterator
from textwrap import wrap

import numpy as np

from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.calculus.flow import product, sizes, spectra
from elman.worked.render.paint import WIDTH, Paint, plain_ascii, wrapped
from elman.worked.view.document import Options, Section, sections, shares_of
from elman.worked.view.scalars import text_of
from elman.worked.view.view import GAP, View

COLUMNS = 6  # numbers beside each other in a table
BAR = 30


def render(calculation: Calculation, options: Options) -> str:
    """Render a calculation as lines of text."""
    view, paint = View(options), Paint(options.color)
    lines = [] if options.id else _head(calculation, view, paint)
    for section in sections(calculation, options):
        lines += _section(calculation, section, view, paint)
    if any(line.endswith(" *") for line in lines):
        lines += ["", "* the rounded operands give another last digit; full precision is kept inside"]
    if options.id is None:
        lines += checks(calculation, paint) if not options.blank else key_panel(calculation, options, view, paint)
    text = "\n".join(lines) + "\n"
    return plain_ascii(text) if options.ascii else text


def _head(calculation: Calculation, view: View, paint: Paint) -> list[str]:
    problem, sheet = calculation.problem, calculation.problem.sheet
    lines = [paint.title(line) for line in wrapped(sheet.title, 2)] if sheet.title else []
    kind = f"{sheet.cell.upper()}{f' {sheet.activation}' if sheet.cell == 'rnn' else ''}"
    sizes = f"I={problem.inputs} H={problem.hidden}" + (f" O={problem.outputs}" if problem.outputs else "")
    loss = f"   loss: {sheet.loss.kind.replace('_', ' ')}, {sheet.loss.at} step" if sheet.loss else "   no loss"
    reset = f"   reset {sheet.reset} the product, z: {sheet.z}" if sheet.cell == "gru" else ""
    lines += wrapped(f"{kind}   {sizes}{loss}{reset}", 4)
    return lines + (wrap(sheet.note, WIDTH) if sheet.note else [])


def _section(calculation: Calculation, section: Section, view: View, paint: Paint) -> list[str]:
    if section.kind == "one":
        return _one(calculation, section.values[0], view, paint)
    lines = ["", *(paint.heading(line, section.kind) for line in wrapped(section.title, 2))]
    blank = view.options.blank and section.kind != "given"
    for value in section.values:
        lines += _entry(calculation, value, section, view, paint, blank=blank)
    if section.kind == "backward" and view.options.step is None and not view.options.blank:
        lines += flow_panel(calculation, section.example, view, paint)
    return lines


def _entry(
    calculation: Calculation, value: Value, section: Section, view: View, paint: Paint, *, blank: bool
) -> list[str]:
    if section.kind == "sums" and not blank and (table := share_table(calculation, value, view)):
        return table
    symbol = view.symbol(value, section.example)
    if value.expr is None or value.expr.op == "ref":
        made = f" = {view.formula(value)}" if value.expr is not None else ""
        origin = (
            [f"  {value.reason}:"]
            if value.phase == "parameter" and " of " in value.reason and "gate" in value.reason
            else []
        )
        return origin + _matrix(f"  {symbol}{made} = ", value, view, blank=blank and value.expr is not None)
    came = view.came_from(value)
    lines = wrapped(f"  {paint.symbol(symbol)} = {view.formula(value)}{f'   {came}' if came else ''}", 6)
    if not blank:
        lines += _parts(value, view, section.example) + _rows(value, view)
    if value.array.size == 1 and not blank:
        return lines
    star = " *" if value.array.ndim == 2 and not blank and view.marks(value).any() else ""
    return lines + _matrix(f"      {view.sign(value)} ", value, view, blank=blank, tail=star)


def _parts(value: Value, view: View, example: int | None) -> list[str]:
    lines = []
    for part, array in view.parts(value):
        if array.ndim <= 1:
            numbers = _vector(array, view)
            lines += wrapped(f"      {view.write(part, example)} = {numbers}", 10)
    return lines


def _rows(value: Value, view: View) -> list[str]:
    lines, marks = [], view.marks(value)
    for index, tokens in view.rows(value):
        place = f"[{','.join(str(i + 1) for i in index)}] " if value.array.size > 1 else "= "
        star = " *" if marks[index] else ""
        result = f"{view.sign(value)} {view.number(float(value.array[index]))}{star}"
        lines += wrapped(f"      {place}{text_of(tokens)} {result}", 10)
    return lines


def _matrix(lead: str, value: Value, view: View, *, blank: bool, tail: str = "") -> list[str]:
    array = value.array
    if blank:
        gaps = np.full(array.shape, GAP)
        return _block(lead, gaps, tail) if array.ndim == 2 else wrapped(f"{lead}{_bracket(np.atleast_1d(gaps))}", 6)
    if array.ndim == 2:
        return _block(lead, np.vectorize(view.number)(array), tail)
    return wrapped(f"{lead}{_vector(array, view)}{tail}", 6)


def _vector(array: np.ndarray, view: View) -> str:
    return _bracket(np.array([view.number(float(x)) for x in np.atleast_1d(array)]))


def _bracket(texts: np.ndarray) -> str:
    return str(texts[0]) if len(texts) == 1 else f"({', '.join(texts)})"


def _block(lead: str, texts: np.ndarray, tail: str) -> list[str]:
    """Write a matrix in brackets, its columns lined up, after a lead on the first row; then its shape."""
    widths = [max(len(text) for text in column) for column in texts.T]
    shape = f"   ({texts.shape[0]}×{texts.shape[1]})"
    lines = []
    for k, row in enumerate(texts):
        cells = "  ".join(f"{text:>{width}}" for text, width in zip(row, widths, strict=True))
        lines += wrapped(
            f"{lead if k == 0 else ' ' * len(lead)}[ {cells} ]{shape + tail if k == 0 else ''}", len(lead) + 2
        )
    return lines


def _one(calculation: Calculation, value: Value, view: View, paint: Paint) -> list[str]:
    """Show one value: how it was made, from what, and who uses it."""
    section = Section("one", "", [value], value.name.example)
    lines = [paint.heading(f"{value.id}   {value.phase}   shape {value.shape}", value.phase)]
    lines += _entry(calculation, value, section, view, paint, blank=view.options.blank)
    lines += wrapped(f"  why: {value.reason}", 7)
    if value.operands:
        lines.append("  made from:")
        for operand in value.operands:
            lines += _matrix(f"    {operand.id} = ", operand, view, blank=False)
    users = ", ".join(user.id for user in value.uses) or "nothing"
    lines += wrapped(f"  used by: {users}", 11)
    for target, term in calculation.derivative(value).items():
        lines += wrapped(f"  passes back to {target}: {view.write(term, value.name.example)}", 6)
    return lines


def share_table(calculation: Calculation, total: Value, view: View) -> list[str]:
    """Tabulate the share of each step in a gradient, and the sum; empty where there is nothing to add up."""
    rows = shares_of(calculation, total)
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


def flow_panel(calculation: Calculation, example: int | None, view: View, paint: Paint) -> list[str]:
    """Draw |dh_t| through time as bars, and state what bounds it."""
    found = sizes(calculation, example)
    largest = max((size for _, size in found), default=0.0)
    if not largest:
        return []
    lines = ["", "  gradient through time, |dh_t|"]
    for value, size in found:
        bar = "█" * max(round(BAR * size / largest), 1 if size else 0)
        lines.append(f"    {view.symbol(value, example):>8} {view.number(size):>9} {bar}")
    return lines + spectrum_lines(calculation, example, view)


def spectrum_lines(calculation: Calculation, example: int | None, view: View) -> list[str]:
    """Write norms and spectral radius of the recurrent weights, what they bound and what happens here."""
    lines = [
        f"    {s.name}: spectral radius {view.number(s.radius)}, norm {view.number(s.norm)} (largest singular value)"
        for s in spectra(calculation)
    ]
    if found := product(calculation, example):
        actual, bound = view.number(found.actual), view.number(found.bound)
        lines.append(
            f"    from h_{found.last} back to h_{found.first} a gradient grows by at most a factor {actual} here;"
        )
        lines.append(f"    the norm of W_hh alone would only promise at most {bound}")
    else:
        lines.append("    these bound one path only: gates and cell state carry gradient too")
    return lines


def key_panel(calculation: Calculation, options: Options, view: View, paint: Paint) -> list[str]:
    """Write the numbers that belong in the gaps."""
    lines = ["", paint.title("KEY"), ""]
    for section in sections(calculation, options):
        for value in section.values if section.kind != "given" else []:
            if value.expr is not None:
                numbers = " ".join(view.number(float(x)) for x in np.ravel(value.array))
                lines += wrapped(f"  {value.id:<12} {numbers}", 15)
    return lines


def checks(calculation: Calculation, paint: Paint) -> list[str]:
    """Write the line that says whether the calculation checks out."""
    check = calculation.check_line
    return ["", *(paint.good(line, check.passed) for line in wrap(str(check), WIDTH))] if check is not None else []
