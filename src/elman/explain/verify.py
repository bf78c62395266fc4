"""The check that every run makes of itself: each gradient against central differences of the forward pass.

Every entry of every value is nudged both ways, all in one batch, and the forward equations after it are computed
again. The five-point difference is tried with smaller and smaller steps until it agrees. Behind a truncation the
state is held fixed, as the truncated gradient assumes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from elman.explain.expr import Array, Value
from elman.explain.operations import evaluate
from elman.explain.tape import Tape

TOLERANCE = 1e-6
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
ENTRIES = 100  # of one value; larger ones are checked at evenly spaced entries
EVERY = 150  # forward values up to which those in between are checked too, not only parameters, inputs and first states
ROOM = 2_000_000  # numbers in one batch
Indices = NDArray[np.intp]
_WEIGHTS = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))


@dataclass(frozen=True, slots=True)
class Check:
    """How many gradient entries were compared, the largest difference (relative), and where it is."""

    entries: int
    largest: float
    worst: str
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether every compared entry agrees."""
        return self.largest <= TOLERANCE

    def __str__(self) -> str:
        verdict = "agree with" if self.passed else f"DO NOT agree with (see d{self.worst})"
        size = "" if not self.entries else f" (largest relative difference {self.largest:.0e})"
        return (
            f"check: {self.entries} gradient entries {verdict} central differences of the forward pass{size}{self.note}"
        )


def verify(tape: Tape) -> Check | None:
    """Check the gradients on a tape; None where it has no loss."""
    checked = _checked(tape)
    if "loss" not in tape.values or not checked:
        return None
    scale = max(float(np.abs(_rule(tape, value)).max()) for value in checked) or 1.0
    errors = {value.id: np.inf for value in checked}
    for step in STEPS:
        for group in _groups([value for value in checked if errors[value.id] > TOLERANCE / 100]):
            for value, difference in zip(group, _differences(tape, group, step), strict=True):
                errors[value.id] = min(errors[value.id], _error(_rule(tape, value), difference, scale))
    worst = max(errors, key=lambda name: errors[name])
    return Check(sum(len(_entries(value)) for value in checked), errors[worst], worst, _note(tape))


def _checked(tape: Tape) -> list[Value]:
    forward = [v for v in tape.values.values() if v.phase in {"parameter", "given", "forward"}]
    every = len(forward) <= EVERY
    return [v for v in forward if v.name.d().id in tape.values and (every or v.expr is None)]


def _entries(value: Value) -> Indices:
    return _spread(value.array.size)


@cache
def _spread(size: int) -> Indices:
    """Evenly spaced indices from the first to the last; all of them where they are few."""
    count = min(size, ENTRIES)
    return np.arange(count) * (size - 1) // max(count - 1, 1)


def _rule(tape: Tape, value: Value) -> Array:
    return np.array(tape.values[value.name.d().id].array.reshape(-1)[_entries(value)])


def _error(rule: Array, difference: Array, scale: float) -> float:
    size = max(float(np.abs(rule).max()), 1e-4 * scale)
    return float(np.nan_to_num(np.abs(rule - difference), nan=np.inf).max()) / size


def _groups(values: list[Value]) -> Iterator[list[Value]]:
    """The values a batch at a time, so that a large sheet does not fill the memory."""
    group: list[Value] = []
    for value in values:
        if group and _room([*group, value]) > ROOM:
            yield group
            group = []
        group.append(value)
    if group:
        yield group


def _room(group: list[Value]) -> int:
    return len(_WEIGHTS) * sum(len(_entries(v)) for v in group) * sum(v.array.size for v in group)


def _differences(tape: Tape, group: list[Value], step: float) -> list[Array]:
    """The five-point central differences of the loss, for each value of a group; every entry has rows of its own."""
    counts = [len(_entries(value)) for value in group]
    starts = np.cumsum([0, *counts])
    total = int(starts[-1])
    nudges = {}
    for value, start, count in zip(group, starts, counts, strict=False):
        rows = np.concatenate([np.arange(count) + start + k * total for k in range(len(_WEIGHTS))])
        offsets = np.repeat([offset * step for offset, _ in _WEIGHTS], count)
        nudges[value.id] = (rows, np.tile(_entries(value), len(_WEIGHTS)), offsets)
    losses = forward(tape, nudges, len(_WEIGHTS) * total).reshape(len(_WEIGHTS), total)
    found = np.array([weight for _, weight in _WEIGHTS]) @ losses / step
    return np.split(found, starts[1:-1])


def forward(tape: Tape, nudges: Mapping[str, tuple[Indices, Indices, Array]], count: int) -> Array:
    """Compute the loss `count` times over, each value nudged at its (rows, entries) by its offsets."""
    new: dict[str, Array] = {}
    for value in tape.values.values():
        moved = value.phase == "forward" and any(operand.id in new for operand in value.operands)
        if moved and value.expr is not None:
            with np.errstate(all="ignore"):  # a nudge may leave the range that the sheet's numbers stay in
                new[value.id] = evaluate(value.expr, lambda v: new.get(v.id, v.array), lambda v: v.array)
        if value.id in nudges:
            rows, entries, offsets = nudges[value.id]
            copies = np.array(np.broadcast_to(new.get(value.id, value.array), (count, *value.shape))).reshape(count, -1)
            copies[rows, entries] += offsets
            new[value.id] = copies.reshape(count, *value.shape)
    loss = tape.values["loss"]
    return np.broadcast_to(new.get("loss", loss.array), count)


def _note(tape: Tape) -> str:
    kinks = [
        operand.id
        for value in tape.values.values()
        if value.expr is not None and value.phase == "forward" and value.expr.op == "relu"
        for operand in value.operands
        if (np.abs(operand.array) < STEPS[-1]).any()
    ]
    return f"; relu has no slope at 0, where {', '.join(kinks)} stands, and 0 is taken" if kinks else ""
