"""Check each gradient of a run against central differences of the forward pass.

Every entry of every value is nudged both ways, all in one batch, and the forward equations after it are computed
again. The five-point difference is tried with smaller and smaller steps until it agrees. Behind a truncation the
state is held fixed, as the truncated gradient assumes.

Where differences cannot be taken, they say nothing about the gradient: at a kink of relu the slopes on either side
differ at every step size, where the loss is flat a nudge drowns in rounding, and where it is steep a nudge may go too
far, although the steps are smaller there. Nor do they where the gradient itself is mostly rounding error. Such entries
are left out and counted. An entry whose differences agree with each other, and not with the gradient, is a wrong
gradient.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from elman.quoting import listed
from elman.worked.calculus.expr import Value
from elman.worked.calculus.operations import evaluate
from elman.worked.calculus.tape import Tape
from elman.worked.sheet.names import Array

TOLERANCE = 1e-6
STEPS = (1e-3, 1e-4, 1e-5, 1e-6)
ENTRIES = 100  # of one value; larger ones are checked at evenly spaced entries
EVERY = 150  # forward values up to which those in between are checked too, not only parameters, inputs and first states
SURE = 10  # times that a gradient is further from a difference than the difference is uncertain, if it is wrong
ROUNDINGS = 8  # of a calculation, to find the rounding error of its gradients
ROOM = 2_000_000  # numbers in one batch
EPSILON = float(np.finfo(np.float64).eps)
Indices = NDArray[np.intp]
_WEIGHTS = ((-2, 1 / 12), (-1, -8 / 12), (1, 8 / 12), (2, -1 / 12))


@dataclass(frozen=True, slots=True)
class Check:
    """Hold the result: entries compared, the largest relative difference and its place, and the entries left out."""

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
    """Hold the gradient entries of one value, and what differences with smaller and smaller steps say about them."""

    value: Value
    rule: Array
    size: float  # differences are relative to this
    scale: Array  # of the steps: where the loss is steep they are smaller
    noise: Array  # how far rounding can move the loss
    errors: Array
    central: list[Array] = field(default_factory=list)
    bends: list[Array] = field(default_factory=list)  # how far the slopes on either side differ

    def add(self, central: Array, bend: Array) -> None:
        """Take in the differences of one step size."""
        self.central.append(central)
        self.bends.append(bend)
        with np.errstate(over="ignore"):  # infinitely far off
            off = np.nan_to_num(np.abs(self.rule - central), nan=np.inf) / self.size
        self.errors = np.minimum(self.errors, off)

    @property
    def open(self) -> bool:
        """Tell whether an entry may agree better with a smaller step."""
        return bool((self.errors > TOLERANCE / 100).any())

    def left_out(self, doubt: Array) -> NDArray[np.bool_]:
        """Return which entries do not agree, although the differences do not show that they are wrong.

        They say that a gradient is wrong if they are settled: two step sizes agree as well as rounding lets them, and
        there is neither a kink nor a jump; and if the gradient is much further from them than they are from each other,
        and than its own rounding error (`doubt`). The smallest steps that say something decide.
        """
        wrong = np.zeros(self.rule.shape, dtype=bool)
        with np.errstate(all="ignore"):
            for k in range(len(self.central) - 1):
                (wide, narrow), (bend, less) = self.central[k : k + 2], self.bends[k : k + 2]
                off, apart = np.abs(self.rule - narrow), np.abs(wide - narrow)
                rounding = SURE * self.noise / (STEPS[k + 1] * self.scale)
                kink = (less > 0.5 * bend) & (less > 0.1 * off)
                jump = (less > 2 * bend) & (less > rounding)
                settled = (apart <= np.maximum(rounding, 0.1 * np.abs(narrow))) & np.isfinite(narrow) & ~kink & ~jump
                told = settled & (off > SURE * np.maximum(apart, doubt))
                unclear = ~settled | (apart > rounding)
                wrong = np.where((off > rounding) & (told | unclear), told, wrong)
        return (self.errors > TOLERANCE) & ~wrong


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
    alarm = any((probe.errors > TOLERANCE).any() for probe in probes)
    drawn = _redrawn(tape) if alarm else {}
    left = {probe.value.id: probe.left_out(_doubt(drawn, probe)) for probe in probes}
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
    return EPSILON * moved


def _redrawn(tape: Tape) -> dict[str, Array]:
    """Compute all values several times, each rounded up or down at random: Monte Carlo arithmetic (Parker, 1997).

    p - target at p = 1 - 1e-9 has lost nine digits, and a matrix may cancel those that are left.
    """
    rng = np.random.default_rng(0)
    runs = [_rounded(tape, rng) for _ in range(ROUNDINGS)]
    return {name: np.stack([run[name] for run in runs]) for name in runs[0]}


def _rounded(tape: Tape, rng: np.random.Generator) -> dict[str, Array]:
    """Compute all values once, each rounded up or down at random."""
    values: dict[str, Array] = {}
    for value in tape.values.values():
        if value.expr is not None and value.phase != "update":
            rounded = 1 + EPSILON * rng.choice((-1.0, 1.0), value.shape)
            with np.errstate(all="ignore"):
                values[value.id] = rounded * evaluate(value.expr, lambda v: values.get(v.id, v.array))
    return values


def _doubt(drawn: Mapping[str, Array], probe: _Probe) -> Array:
    """Return how far the entries of a gradient differ between roundings."""
    found = drawn.get(probe.value.name.d().id)
    if found is None:
        return np.zeros(probe.rule.shape)
    with np.errstate(invalid="ignore"):  # numbers beyond the range of float64
        return np.array(np.ptp(found.reshape(ROUNDINGS, -1)[:, _entries(probe.value)], axis=0))


def _probes(tape: Tape, checked: list[Value]) -> list[_Probe]:
    rules = {value.id: _rule(tape, value) for value in checked}
    # Not by all values: beside dL/dp of a probability of 1e-200 any other gradient would be too small to be checked.
    main = [value for value in checked if value.phase == "parameter"] or checked
    largest = max(float(np.abs(rules[value.id]).max(initial=0.0)) for value in main) or 1.0
    loss, noise = max(1.0, abs(float(tape.values["loss"].array))), _noise(tape)
    return [_probe(value, rules[value.id], 1e-4 * largest, loss, noise) for value in checked]


def _probe(value: Value, rule: Array, least: float, loss: float, noise: float) -> _Probe:
    # A step of 1e-3 moves the loss by a thousandth of its size, or less. Where a gradient is 1e12, a step of 1e-6 would
    # take every unit after it to its bound.
    scale = 1 / np.maximum(1.0, np.abs(rule) / loss)
    own = np.abs(value.array.reshape(-1)[_entries(value)] * rule)  # the nudged value is rounded too
    size = max(float(np.abs(rule).max(initial=0.0)), least, 1e-300)
    return _Probe(value, rule, size, scale, noise + EPSILON * own, np.full(rule.shape, np.inf))


def _checked(tape: Tape) -> list[Value]:
    forward = [v for v in tape.values.values() if v.phase in {"parameter", "given", "forward"}]
    every = len(forward) <= EVERY
    return [v for v in forward if v.name.d().id in tape.values and (every or v.expr is None)]


def _entries(value: Value) -> Indices:
    return _spread(value.array.size)


@cache
def _spread(size: int) -> Indices:
    """Return evenly spaced indices from the first to the last; all of them where they are few."""
    count = min(size, ENTRIES)
    return np.arange(count) * (size - 1) // max(count - 1, 1)


def _rule(tape: Tape, value: Value) -> Array:
    return np.array(tape.values[value.name.d().id].array.reshape(-1)[_entries(value)])


def _groups(probes: list[_Probe]) -> Iterator[list[_Probe]]:
    """Yield the values a batch at a time, so that a large sheet does not fill the memory."""
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
    """Compute the five-point differences of the loss for each value of a group, and how far its slopes differ.

    Every entry has rows of its own.
    """
    counts = [probe.rule.size for probe in group]
    starts = np.cumsum([0, *counts])
    total = int(starts[-1])
    steps = step * np.concatenate([probe.scale for probe in group])
    nudges = {}
    for probe, start, count in zip(group, starts, counts, strict=False):
        rows = np.concatenate([np.arange(count) + start + k * total for k in range(len(_WEIGHTS))])
        offsets = np.concatenate([offset * steps[start : start + count] for offset, _ in _WEIGHTS])
        nudges[probe.value.id] = (rows, np.tile(_entries(probe.value), len(_WEIGHTS)), offsets)
    losses = forward(tape, nudges, len(_WEIGHTS) * total).reshape(len(_WEIGHTS), total)
    with np.errstate(all="ignore"):
        central = np.array([weight for _, weight in _WEIGHTS]) @ losses / steps
        bend = np.abs(losses[1] + losses[2] - 2 * tape.values["loss"].array) / steps
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
    relu = f"; relu has no slope at 0, where {listed(kinks)} is, and 0 is taken" if kinks else ""
    if not missing:
        return relu
    where = f"; {missing} left out, in {listed([f'd{key}' for key in left])}, where no difference can be taken: "
    why = f"{'at a kink, or ' if kinks else ''}so steep or flat that a nudge goes too far or drowns in rounding"
    return relu + where + why
