"""Check each gradient of a run against central differences of the forward pass.

Every entry of every value is nudged both ways, all in one batch, and the forward equations after it are computed
again. The five-point difference is tried with smaller and smaller steps until it agrees. Behind a truncation the
state is held fixed, as the truncated gradient assumes.

Where differences cannot be taken, they say nothing about the gradient: at a kink of relu the slopes on either side
differ at every step size, and where a probability is 1e-200 a nudge leaves its range or drowns in rounding. Such
entries are left out and counted. An entry whose differences agree with each other, and not with the gradient, is a
wrong gradient.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from elman.worked.calculus.expr import Value
from elman.worked.calculus.operations import evaluate
from elman.worked.calculus.tape import Tape
from elman.worked.sheet.names import Array

TOLERANCE = 1e-6
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
ENTRIES = 100  # of one value; larger ones are checked at evenly spaced entries
EVERY = 150  # forward values up to which those in between are checked too, not only parameters, inputs and first states
SURE = 10  # times that a gradient is further from a difference than the difference is uncertain, if it is wrong
NAMED = 4  # ids in a note
ROOM = 2_000_000  # numbers in one batch
Indices = NDArray[np.intp]
_WEIGHTS = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))


@dataclass(frozen=True, slots=True)
class Check:
    """The result: entries compared, the largest relative difference, its place, and the number of entries left out."""

    entries: int
    largest: float
    worst: str
    left_out: int = 0
    note: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether every compared entry agrees."""
        return self.largest <= TOLERANCE

    def __str__(self) -> str:
        verdict = "agree with" if self.passed else f"DO NOT agree with (see d{self.worst})"
        size = "" if not self.entries else f" (largest relative difference {self.largest:.0e})"
        return (
            f"check: {self.entries} gradient entries {verdict} central differences of the forward pass{size}{self.note}"
        )


@dataclass(slots=True)
class _Probe:
    """The gradient entries of one value, and what differences with smaller and smaller steps say about them."""

    value: Value
    rule: Array
    size: float  # differences are relative to this
    errors: Array
    central: list[Array] = field(default_factory=list)
    bends: list[Array] = field(default_factory=list)  # how far the slopes on either side differ

    def add(self, central: Array, bend: Array) -> None:
        """Take in the differences of one step size."""
        self.central.append(central)
        self.bends.append(bend)
        off = np.nan_to_num(np.abs(self.rule - central), nan=np.inf) / self.size
        self.errors = np.minimum(self.errors, off)

    @property
    def open(self) -> bool:
        """Tell whether an entry may agree better with a smaller step."""
        return bool((self.errors > TOLERANCE / 100).any())

    def left_out(self, noise: float) -> NDArray[np.bool_]:
        """The entries that do not agree, and of which the differences say nothing either.

        They say that a gradient is wrong if it is much further from them than two step sizes are from each other and
        than rounding (`noise`, of the loss) can move them, and if there is no kink. The smallest steps that rounding
        leaves alone decide.
        """
        told = np.zeros(self.rule.shape, dtype=bool)
        with np.errstate(all="ignore"):
            for k in range(len(self.central) - 1):
                (wide, narrow), (bend, less) = self.central[k : k + 2], self.bends[k : k + 2]
                off, rounding = np.abs(self.rule - narrow), noise / STEPS[k + 1]
                steady = off > SURE * np.abs(wide - narrow)
                kink = (less > 0.5 * bend) & (less > 0.1 * off)
                told = np.where(off > SURE * rounding, steady & ~kink & np.isfinite(narrow), told)
        return (self.errors > TOLERANCE) & ~told


def verify(tape: Tape) -> Check | None:
    """Check the gradients on a tape; None where it has no loss."""
    checked = _checked(tape)
    if "loss" not in tape.values or not checked:
        return None
    probes = _probes(tape, checked)
    for step in STEPS:
        for group in _groups([probe for probe in probes if probe.open]):
            for probe, differences in zip(group, _differences(tape, group, step), strict=True):
                probe.add(*differences)
    noise = _noise(tape)
    left = {probe.value.id: probe.left_out(noise) for probe in probes}
    errors = {probe.value.id: probe.errors[~left[probe.value.id]].max(initial=0.0) for probe in probes}
    worst = max(errors, key=lambda name: errors[name])
    missing = sum(int(mask.sum()) for mask in left.values())
    entries = sum(probe.rule.size for probe in probes) - missing
    note = _note(tape, [key for key in left if left[key].any()], missing)
    return Check(entries, float(errors[worst]), worst, missing, note)


def _noise(tape: Tape) -> float:
    """Bound the effect of rounding on the loss: half a unit of every forward value, times its gradient."""
    moved = max(1.0, abs(float(tape.values["loss"].array)))
    for value in tape.values.values():
        gradient = tape.values.get(value.name.d().id) if value.phase == "forward" else None
        if gradient is not None and gradient.shape == value.shape:
            moved += float(np.abs(value.array * gradient.array).sum())
    return float(np.finfo(np.float64).eps) * moved


def _probes(tape: Tape, checked: list[Value]) -> list[_Probe]:
    rules = {value.id: _rule(tape, value) for value in checked}
    # Not by all values: beside dL/dp of a probability of 1e-200 any other gradient would be too small to be checked.
    main = [value for value in checked if value.phase == "parameter"] or checked
    scale = max(float(np.abs(rules[value.id]).max(initial=0.0)) for value in main) or 1.0
    return [
        _Probe(value, rule, max(float(np.abs(rule).max(initial=0.0)), 1e-4 * scale), np.full(rule.shape, np.inf))
        for value, rule in ((value, rules[value.id]) for value in checked)
    ]


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


def _groups(probes: list[_Probe]) -> Iterator[list[_Probe]]:
    """The values a batch at a time, so that a large sheet does not fill the memory."""
    group: list[_Probe] = []
    for probe in probes:
        if group and _room([*group, probe]) > ROOM:
            yield group
            group = []
        group.append(probe)
    if group:
        yield group


def _room(group: list[_Probe]) -> int:
    return len(_WEIGHTS) * sum(p.rule.size for p in group) * sum(p.value.array.size for p in group)


def _differences(tape: Tape, group: list[_Probe], step: float) -> list[tuple[Array, Array]]:
    """The five-point central differences of the loss for each value of a group, and how far its slopes differ.

    Every entry has rows of its own.
    """
    counts = [probe.rule.size for probe in group]
    starts = np.cumsum([0, *counts])
    total = int(starts[-1])
    nudges = {}
    for probe, start, count in zip(group, starts, counts, strict=False):
        rows = np.concatenate([np.arange(count) + start + k * total for k in range(len(_WEIGHTS))])
        offsets = np.repeat([offset * step for offset, _ in _WEIGHTS], count)
        nudges[probe.value.id] = (rows, np.tile(_entries(probe.value), len(_WEIGHTS)), offsets)
    losses = forward(tape, nudges, len(_WEIGHTS) * total).reshape(len(_WEIGHTS), total)
    with np.errstate(all="ignore"):
        central = np.array([weight for _, weight in _WEIGHTS]) @ losses / step
        bend = np.abs(losses[1] + losses[2] - 2 * tape.values["loss"].array) / step
    return list(zip(np.split(central, starts[1:-1]), np.split(bend, starts[1:-1]), strict=True))


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


def _note(tape: Tape, left: list[str], missing: int) -> str:
    kinks = [
        operand.id
        for value in tape.values.values()
        if value.expr is not None and value.phase == "forward" and value.expr.op == "relu"
        for operand in value.operands
        if (np.abs(operand.array) < STEPS[-1]).any()
    ]
    relu = f"; relu has no slope at 0, where {_listed(kinks)} stands, and 0 is taken" if kinks else ""
    if not missing:
        return relu
    where = f"; {missing} left out, in {_listed([f'd{key}' for key in left])}, where no difference can be taken: "
    why = f"{'at a kink, or ' if kinks else ''}so steep or flat that a nudge goes too far or drowns in rounding"
    return relu + where + why


def _listed(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
