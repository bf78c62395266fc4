"""Sheets as students would hand them in: with a mistake, with rounding, with an error carried on."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from elman.worked.calculus.expr import Value
from elman.worked.calculus.operations import evaluate
from elman.worked.entry import Trace
from elman.worked.marking.search import Made

Sheet = dict[str, list[str]]


def typed(array: Any, digits: int) -> list[str]:
    return [f"{x:.{digits}f}" for x in np.ravel(array)]


def is_worked(value: Value) -> bool:
    return value.expr is not None and value.expr.op != "ref"


def with_mistakes(trace: Trace, made: Iterable[Made], digits: int, ids: Iterable[str] | None = None) -> Sheet:
    """The sheet of a student who makes these mistakes and carries full precision; of all worked values, or some."""
    sheet = _numbers(trace, tuple(made))
    wanted = [value.id for value in trace if is_worked(value)] if ids is None else list(ids)
    return {key: typed(sheet[key], digits) for key in wanted if key in sheet}


@functools.lru_cache(maxsize=200)
def _numbers(trace: Trace, made: tuple[Made, ...]) -> dict[str, Any]:
    """Compute a student's sheet once for several tests."""
    trace.known()
    return trace._known_mistakes.numbers(made)


def ways(trace: Trace, number: str = "E") -> list[Made]:
    """The ways to make a mistake, or any, that show on a sheet."""
    return [made for made in trace.mistakes if number in {made.mistake.number, "E"}]


def carried_on(trace: Trace, change: Callable[[str, Any], Any]) -> dict[str, Any]:
    """Every line worked from the numbers before it, each changed when it is written down."""
    seen: dict[str, Any] = {}
    for value in trace:
        right = value.array if value.expr is None else evaluate(value.expr, lambda v: seen[v.id])
        seen[value.id] = change(value.id, np.asarray(right)) if is_worked(value) else right
    return {value.id: seen[value.id] for value in trace if is_worked(value)}
