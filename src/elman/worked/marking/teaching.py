"""Use the known mistakes for teaching: generate an exercise that tells them apart, and print the gallery of them.

Sheets are drawn from the seed until one has short numbers, no saturated unit, and different numbers for every mistake
that can be made on it: no two of them, and none and the right sheet, print the same at the printed digits.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from elman.errors import InputError
from elman.worked.calculus.calculation import Calculation
from elman.worked.calculus.expr import Value
from elman.worked.calculus.network import calculate
from elman.worked.calculus.tape import Tape
from elman.worked.marking.catalogue import CATALOGUE
from elman.worked.marking.reading import Reading
from elman.worked.marking.search import KnownMistakes, Made, differs
from elman.worked.render.paint import Paint, plain_ascii, wrapped
from elman.worked.sheet.names import CELLS, Array
from elman.worked.sheet.problem import Problem, problem
from elman.worked.sheet.worksheet import Worksheet, read_sheet
from elman.worked.view.document import Options
from elman.worked.view.view import View

LOSSES = {"sigmoid": "binary_cross_entropy", "softmax": "cross_entropy"}
TRIES = 200
APART = 2.0  # units of the last printed digit by which two sheets differ somewhere, at least
STEEP = 2.0  # the largest pre-activation; tanh(2) = 0.96
SHEETS = ("not-very-good", "lstm", "gru", "love-book")  # between them, every mistake shows


def exercise(
    cell: str,
    seed: int,
    *,
    output: str = "sigmoid",
    steps: int = 3,
    hidden: int = 2,
    inputs: int = 2,
    reset: str = "after",
    z: str = "keep",
    digits: int = 4,
) -> Worksheet:
    """Make a worksheet with a loss at every step and one update; the same seed gives the same sheet.

    Args:
        cell: rnn, lstm or gru.
        seed: any whole number from 0.
        output: sigmoid (one output) or softmax (two).
        steps: the length of the sequence, 2 to 6.
        hidden: the units, 2 to 4: with one unit a missing transpose does not show.
        inputs: the size of an input vector, 1 to 4.
        reset: of a gru: before or after.
        z: of a gru: keep or take.
        digits: the decimals at which the mistakes are told apart, 2 to 8.
    """
    for name, number, low, high in (
        ("steps", steps, 2, 6), ("hidden", hidden, 2, 4), ("inputs", inputs, 1, 4), ("digits", digits, 2, 8),
    ):  # fmt: skip
        if not low <= number <= high:
            raise InputError(f"{name}: expected {low} to {high}, got {number}")
    for name, word, words in (("cell", cell, ("rnn", "lstm", "gru")), ("output", output, tuple(LOSSES))):
        if word not in words:
            raise InputError(f"{name}: expected one of {', '.join(words)}, got {word!r}")
    if seed < 0:
        raise InputError(f"seed: expected a whole number from 0, got {seed}")
    rng = np.random.default_rng(seed)
    kind, outputs = f"gru_{reset}" if cell == "gru" else cell, 2 if output == "softmax" else 1
    gru = {"reset": reset, "z": z} if cell == "gru" else {}
    fixed = {
        "title": f"Exercise {seed}: {cell.upper()}",
        "cell": cell,
        **gru,
        "output": output,
        "loss": {"kind": LOSSES[output], "at": "every", "over_steps": "mean"},
        "update": {"method": "sgd", "rate": 0.5},
        "digits": digits,
    }
    for _ in range(TRIES):
        sheet = read_sheet(fixed | _drawn(rng, kind, (steps, hidden, inputs), outputs))
        if is_clear(sheet):
            return sheet
    raise InputError(f"digits: {TRIES} sheets were drawn and none tells every mistake apart; take more than {digits}")


def _drawn(rng: np.random.Generator, kind: str, sizes: tuple[int, int, int], outputs: int) -> dict[str, Any]:
    steps, hidden, inputs = sizes
    shapes = CELLS[kind].shapes(hidden, inputs) if kind in CELLS else {}
    shapes |= {"W_hy": (outputs, hidden), "b_y": (outputs,)}
    targets = rng.integers(0, 2, size=steps)
    targets[rng.integers(steps)] = 1 - targets[0] if len({*targets.tolist()}) == 1 else targets[0]
    return {
        "parameters": {name: _short(rng, shape) for name, shape in shapes.items()},
        "examples": [{"inputs": _short(rng, (steps, inputs)), "targets": targets.tolist()}],
    }


def _short(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw numbers with one decimal, none of them 0."""
    sign = rng.choice([-1, 1], size=shape)
    return (sign * rng.integers(1, 10, size=shape) / 10).tolist()


def is_clear(sheet: Worksheet) -> bool:
    """Tell whether a sheet is unsaturated and tells every mistake that can be made on it apart at its digits."""
    checked = problem(sheet)
    right = calculate(checked, Tape()).values
    steep = [np.abs(v.array).max() for key, v in right.items() if v.phase == "forward" and v.name.symbol[:1] == "a"]
    if max(steep) > STEEP:
        return False
    prints = fingerprints(checked)
    unit = 10.0**-sheet.digits
    return all(np.abs(one - other).max() > APART * unit for one, other in combinations(prints.values(), 2))


def fingerprints(checked: Problem) -> dict[str, Array]:
    """Work the sheet with each known mistake, by the mistake's title, and the right one under `right`."""
    right = calculate(checked, Tape()).values
    keys = [key for key, value in right.items() if value.expr is not None]
    sheets = {"right": {key: right[key].array for key in keys}}
    known = KnownMistakes(checked, right)
    sheets |= {made.title: known.numbers((made,)) for made in known.within().made}
    return {title: np.concatenate([_flat(sheet, right[k].array, k) for k in keys]) for title, sheet in sheets.items()}


def _flat(sheet: dict[str, Array], right: Array, key: str) -> Array:
    """Return the numbers of one value; 0 where a mistake leaves the value out."""
    return sheet.get(key, np.zeros_like(right)).reshape(-1)


def as_yaml(sheet: Worksheet) -> str:
    """Write the worksheet as the YAML file that `explain` and `check` read."""
    import yaml

    given = sheet.model_dump(exclude_unset=True, exclude_none=True)
    text: str = yaml.safe_dump(_plain(given), sort_keys=False, default_flow_style=None, width=100, allow_unicode=True)
    return text


def _plain(given: Any) -> Any:
    if isinstance(given, dict):
        return {key: _plain(value) for key, value in given.items()}
    if isinstance(given, list | tuple):
        return [_plain(value) for value in given]
    return given.tolist() if isinstance(given, np.ndarray) else given


def gallery(
    calculations: Sequence[Calculation],
    *,
    digits: int | None = None,
    ascii: bool = False,  # noqa: A002
    color: bool = False,
) -> str:
    """Print each known mistake on the first of these sheets where it changes a number, next to the right numbers."""
    paint, lines = Paint(color), []
    views = [View(Options.of(calculation, digits=digits)) for calculation in calculations]
    searched = [KnownMistakes(calculation.problem, calculation.values) for calculation in calculations]
    known = [found.within().made for found in searched]
    stopped = [f"cut short: {found.within().stopped}" for found in searched if found.within().stopped]
    for mistake in CATALOGUE:
        lines += ["", paint.heading(f"{mistake.number}  {mistake.name}", "backward")]
        lines += wrapped(f"  done    {mistake.did}", 10) + wrapped(f"  to fix  {mistake.fix}", 10)
        shown = next((k for k, made in enumerate(known) if any(one.mistake is mistake for one in made)), None)
        if shown is None:
            lines += wrapped(f"  {_absent(mistake.number, mistake.cells)}", 2)
            continue
        if len(calculations) > 1:
            lines.append(f"  on the sheet {calculations[shown].problem.sheet.title!r}:")
        for made in (one for one in known[shown] if one.mistake is mistake):
            lines += _beside(calculations[shown], made, searched[shown].reading((made,)), views[shown])
    text = "\n".join([*lines[1:], *stopped]) + "\n"
    return plain_ascii(text) if ascii else text


def _absent(number: str, cells: Sequence[str]) -> str:
    if number == "E21":
        return "no mistake: a check accepts what rounding on the way can do, and says so"
    return f"changes no number of this sheet (it belongs to {', '.join(cells)})"


def _beside(calculation: Calculation, made: Made, wrong: Reading, view: View) -> Iterator[str]:
    """Write the first line that the mistake changes, and the first gradient of a parameter."""
    changed = [value for value in calculation if _differs(wrong, value)]
    ends = [value for value in changed if value.id in calculation.gradients]
    yield from wrapped(f"  {made.slip.label}:", 4) if made.slip.label else ()
    for value in dict.fromkeys([*changed[:1], *ends[:1]]):
        line, symbol = wrong.line(value.id), view.symbol(value)
        yield from wrapped(f"    wrong   {symbol} = {view.write(line) if line else ''}", 12)
        yield from wrapped(f"            {view.sign(value)} {_numbers(wrong.worked(value.id), view)}", 14)
        yield from wrapped(f"    right   {symbol} = {view.formula(value)}", 12)
        yield from wrapped(f"            {view.sign(value)} {_numbers(value.array, view)}", 14)


def _differs(wrong: Reading, value: Value) -> bool:
    array = wrong.worked(value.id)
    return array is not None and differs(array, value)


def _numbers(array: Any, view: View) -> str:
    rows: Array = np.atleast_1d(array)
    if rows.ndim == 2:
        return f"({'; '.join(', '.join(view.number(float(x)) for x in row) for row in rows)})"
    numbers = ", ".join(view.number(float(x)) for x in rows)
    return numbers if rows.size == 1 else f"({numbers})"
