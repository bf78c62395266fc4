"""Generate a worksheet with short numbers, no saturated unit, and different numbers for every known mistake.

Sheets are drawn from the seed until one tells apart, at the printed digits, every mistake that can be made on it: no
two of them, and none and the right sheet, print the same numbers.
"""

from itertools import combinations
from typing import Any

import numpy as np

from elman.errors import InputError
from elman.worked.calculus.network import calculate
from elman.worked.calculus.tape import Tape
from elman.worked.marking.search import applicable, numbers
from elman.worked.sheet.parameters import CELLS, Array
from elman.worked.sheet.problem import Problem, problem
from elman.worked.sheet.worksheet import Worksheet, read_sheet

LOSSES = {"sigmoid": "binary_cross_entropy", "softmax": "cross_entropy"}
TRIES = 200
APART = 2.0  # units of the last printed digit by which two sheets differ somewhere, at least
STEEP = 2.0  # the largest pre-activation; tanh(2) = 0.96


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
    """Numbers with one decimal, none of them 0."""
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
    """The whole sheet as each known mistake gives it, by the mistake's title, and the right one under `right`."""
    right = calculate(checked, Tape()).values
    keys = [key for key, value in right.items() if value.expr is not None]
    sheets = {"right": {key: right[key].array for key in keys}}
    sheets |= {made.title: numbers(checked, right, (made,)) for made in applicable(checked, right).made}
    return {title: np.concatenate([_flat(sheet, right[k].array, k) for k in keys]) for title, sheet in sheets.items()}


def _flat(sheet: dict[str, Array], right: Array, key: str) -> Array:
    """The numbers of one value; 0 where a mistake leaves the value out."""
    return sheet.get(key, np.zeros_like(right)).reshape(-1)


def as_yaml(sheet: Worksheet) -> str:
    """The worksheet as the YAML file that `explain` and `check` read."""
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
