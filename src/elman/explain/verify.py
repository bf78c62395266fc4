"""The check that every run makes of itself: each gradient against central differences of the forward pass.

Every entry of a value is nudged both ways, all entries in one batch, and the forward equations after it are computed
again. The five-point difference is tried with smaller and smaller steps until it agrees. Behind a truncation the
state is held fixed, as the truncated gradient assumes.
"""

from dataclasses import dataclass

import numpy as np

from elman.explain.expr import Array, Value
from elman.explain.operations import evaluate
from elman.explain.tape import Tape

TOLERANCE = 1e-6
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
ENTRIES = 100  # of one value; larger ones are checked at evenly spaced entries
EVERY = 150  # forward values up to which those in between are checked too, not only parameters, inputs and first states
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
    loss = tape.values.get("loss")
    checked = _checked(tape)
    if loss is None or not checked:
        return None
    largest, worst, entries = 0.0, "", 0
    scale = max(float(np.abs(tape.values[v.name.d().id].array).max()) for v in checked) or 1.0
    for value in checked:
        error, count = _error(tape, loss, value, scale)
        entries += count
        if error >= largest:
            largest, worst = error, value.id
    return Check(entries, largest, worst, _note(tape))


def _checked(tape: Tape) -> list[Value]:
    forward = [v for v in tape.values.values() if v.phase in {"parameter", "given", "forward"}]
    every = len(forward) <= EVERY
    return [v for v in forward if v.name.d().id in tape.values and (every or v.expr is None)]


def _error(tape: Tape, loss: Value, value: Value, scale: float) -> tuple[float, int]:
    entries = np.unique(np.linspace(0, value.array.size - 1, min(value.array.size, ENTRIES)).astype(int))
    rule = tape.values[value.name.d().id].array.reshape(-1)[entries]
    size = max(float(np.abs(rule).max()), 1e-4 * scale)
    best = np.inf
    for step in STEPS:
        best = min(best, float(np.abs(rule - _difference(tape, loss, value, entries, step)).max()) / size)
        if best <= TOLERANCE / 100:
            break
    return best, len(entries)


def _difference(tape: Tape, loss: Value, value: Value, entries: Array, step: float) -> Array:
    """The five-point central difference of the loss at the given entries of a value."""
    nudged = np.tile(value.array.reshape(-1), (len(_WEIGHTS) * len(entries), 1))
    for k, (offset, _) in enumerate(_WEIGHTS):
        rows = np.arange(len(entries)) + k * len(entries)
        nudged[rows, entries] += offset * step
    losses = forward(tape, loss, value, nudged.reshape(-1, *value.shape)).reshape(len(_WEIGHTS), -1)
    weights = np.array([weight for _, weight in _WEIGHTS])
    return np.asarray(weights @ losses / step)


def forward(tape: Tape, loss: Value, changed: Value, arrays: Array) -> Array:
    """Compute the loss again for a batch of arrays in the place of one value."""
    new = {changed.id: arrays}
    for value in tape.values.values():
        if value.phase == "forward" and value.expr is not None and any(operand.id in new for operand in value.operands):
            with np.errstate(all="ignore"):  # a nudge may leave the range that the sheet's numbers stay in
                new[value.id] = evaluate(value.expr, lambda v: new.get(v.id, v.array), lambda v: v.array)
    return np.broadcast_to(new.get(loss.id, loss.array), len(arrays))


def _note(tape: Tape) -> str:
    kinks = [
        operand.id
        for value in tape.values.values()
        if value.expr is not None and value.phase == "forward" and value.expr.op == "relu"
        for operand in value.operands
        if (np.abs(operand.array) < STEPS[-1]).any()
    ]
    return f"; relu has no slope at 0, where {', '.join(kinks)} stands, and 0 is taken" if kinks else ""
