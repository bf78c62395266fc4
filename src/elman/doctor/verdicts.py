"""Judge the findings: each rule has a threshold, its evidence and advice.

A fault keeps the network from learning its task; a caution may be harmless; a note is normal for a network before
training. The thresholds are conventions; the evidence says by how much each is passed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from elman.doctor.findings import Findings, LayerFindings
from elman.doctor.first_nonfinite import FirstNonfinite

FEW_STEPS = 3
"""A memory of so many steps or fewer is a fault for any task, if sequences are at least three times as long."""
DENSE, LEAST_DENSE, LEAST_SPARSE, SHORT = 0.25, 0.05, 1 / 6, 0.1
"""A memory is a fault below 5 % of the steps that gradients have to reach back, if the loss uses a quarter of the steps
or more, so that gradients arrive everywhere; below a sixth of them if it uses fewer. It is a caution below a tenth."""
EXPLODES, GROWS = 100.0, 10.0
"""A gradient that grows by this factor in the backward pass is a fault, or a caution."""
SATURATED = 0.6
"""Fraction of a gate's values that are saturated."""
IDLE_SHARE = 0.1
"""A fault if at least this fraction of a layer's units is dead, or constant; otherwise a caution."""
CUT_OFF = 0.1
"""Norm of a gradient at the truncation, as a fraction of its norm at the loss."""
OFTEN_CLIPPED = 0.5
"""Fraction of updates that are clipped."""

Kind = Literal[
    "not finite",
    "read once",
    "exploding",
    "vanishing",
    "saturated",
    "dead units",
    "constant units",
    "truncation",
    "clipping",
]
Severity = Literal["fault", "caution", "note"]
SEVERITIES = ("fault", "caution", "note")


@dataclass(frozen=True)
class Verdict:
    """Hold one fault, caution or note.

    Attributes:
        kind: "not finite", "read once", "exploding", "vanishing", "saturated", "dead units", "constant units",
            "truncation" or "clipping".
        severity: "fault", "caution" or "note".
        where: the layer, or "" for the whole model.
        evidence: the measured numbers behind it.
        advice: things to try, the most likely to help first.
    """

    kind: Kind
    severity: Severity
    where: str
    evidence: str
    advice: tuple[str, ...]

    def __str__(self) -> str:
        where = f" in {self.where}" if self.where else ""
        return f"{self.severity}: {self.kind}{where}: {self.evidence}"


def judge(findings: Findings) -> list[Verdict]:
    """Return the verdicts on a model, faults first."""
    if findings.first_nonfinite:
        return [_not_finite(findings, findings.first_nonfinite)]
    layers = findings.layers
    found = [
        *(v for layer in layers for v in _read_once(layer, layers)),
        *(v for layer in layers for v in _exploding(layer)),
        *_vanishing(findings),
        *(v for layer in layers for v in _saturated(layer)),
        *(v for layer in layers for v in _idle(layer)),
        *_truncation(findings),
        *_clipping(findings),
    ]
    return sorted(found, key=lambda verdict: SEVERITIES.index(verdict.severity))


def longest(findings: Findings) -> LayerFindings | None:
    """Return the layer in which a gradient lasts longest; None if the loss reaches no layer."""
    reached = [layer for layer in findings.layers if len(layer.by_lag)]
    return max(reached, key=lambda layer: layer.memory or len(layer.by_lag) + 1, default=None)


def _not_finite(findings: Findings, first: FirstNonfinite) -> Verdict:
    if first.weights:
        evidence = f"the parameter {first.weights} itself holds a number that is not finite"
        return Verdict("not finite", "fault", first.weights, evidence, ("go back to a checkpoint from before it",))
    if first.where is None:
        evidence = str(first.fault)
        return Verdict("not finite", "fault", "", evidence, ("look at the loss: a log or a division of 0?",))
    name = _name_of(first.where, findings)
    if first.what == "x":
        evidence = f"it is in the input of {name}, first at step {first.step}; {first.fault}"
        return Verdict(
            "not finite", "fault", name, evidence, ("clean the data, or check the modules before the layer",)
        )
    what = {"h": "the state h", "c": "the cell c", "dh": "the gradient of h"}
    said = what.get(first.what or "", f"the gate {first.what}")
    evidence = f"{said} of {name} is the first that is not finite, at step {first.step}; {first.fault}"
    advice = ("clip the gradients by their norm", "lower the learning rate", "use tanh, not relu, or a gated cell")
    return Verdict("not finite", "fault", name, evidence, advice)


def _read_once(layer: LayerFindings, layers: list[LayerFindings]) -> Iterator[Verdict]:
    """Find a layer whose output is used after one step of many: in reverse, that of the last step in time."""
    name, number, direction = layer.key
    steps, top = len(layer.by_step), max(other.key[1] for other in layers if other.key[0] == name)
    if number < top or steps == 1 or layer.read_after != 1:
        return
    if direction == "reverse":
        evidence = (
            f"the reverse direction is read after one step only: it begins at the last of {steps} steps, and its "
            "output is taken there alone, where it has seen nothing else"
        )
        advice = (
            "take the final states, h_n[-2] forward and h_n[-1] in reverse",
            "take the reverse half of the output at the first step, out[0], and the forward half at the last",
            "take the mean or the maximum of the output over all steps",
        )
    else:
        evidence = f"its output is taken after one of {steps} steps only, where it has seen nothing else"
        advice = (
            "take the final state h_n, or the output at the last step",
            "check batch_first: time and batch may be swapped",
            "take the mean or the maximum of the output over all steps",
        )
    yield Verdict("read once", "fault", layer.name, evidence, advice)


def _exploding(layer: LayerFindings) -> Iterator[Verdict]:
    growth = layer.growth
    if growth is None or not growth > GROWS:
        return
    evidence = f"in the backward pass the gradient grows to {growth:.3g} times what arrives at the layer"
    if layer.factor:
        evidence += f", by {layer.factor:.3g} a step"
    cell = () if layer.mode in ("LSTM", "GRU") else ("use an LSTM or a GRU",)
    advice = (
        "clip the gradients by their norm, 1 to 5",
        "scale the recurrent weights down, or begin with orthogonal ones",
        "lower the learning rate",
        *cell,
        "train in shorter windows (k1, k2)",
    )
    yield Verdict("exploding", "fault" if growth > EXPLODES else "caution", layer.name, evidence, advice)


def _vanishing(findings: Findings) -> Iterator[Verdict]:
    layer = longest(findings)
    if layer is None or layer.memory is None:
        return
    memory, steps = layer.memory, findings.asked
    dense = findings.loss_steps >= DENSE
    fault = _few(memory, findings) or memory < steps * (LEAST_DENSE if dense else LEAST_SPARSE)
    if not fault and memory >= steps * SHORT:
        return
    looks = "many steps" if dense else "few steps: nothing else brings a gradient to the others"
    evidence = (
        f"the gradient falls under 1 % after {memory} of {steps} steps, by {layer.factor:.3g} a step, "
        f"in the layer that keeps it longest; the loss looks at {looks}"
    )
    severity: Severity = "fault" if fault else "caution"
    if findings.fresh:
        severity, evidence = "note", f"{evidence}; so it is with torch's first weights, and training may change it"
    yield Verdict("vanishing", severity, layer.name, evidence, _remember(layer))


def _few(memory: int, findings: Findings) -> bool:
    return memory <= FEW_STEPS and findings.asked >= 3 * FEW_STEPS


def _remember(layer: LayerFindings) -> tuple[str, ...]:
    shorter = ("if the task needs no longer memory, train in shorter windows to save time",)
    if layer.mode == "LSTM":
        mean = layer.units.gates["f"].mean
        return (f"set the forget gate's bias to 1 or more: it keeps {mean:.2f} a step", "try a GRU", *shorter)
    if layer.mode == "GRU":
        mean = layer.units.gates["z"].mean
        return (f"set z's bias to 1 or more: it keeps {mean:.2f} a step", "try an LSTM", *shorter)
    return ("use an LSTM or a GRU", "begin with an orthogonal or identity recurrent matrix", *shorter)


def _saturated(layer: LayerFindings) -> Iterator[Verdict]:
    advice = (
        "scale the inputs to about 1",
        "begin with smaller weights and biases",
        "lower the learning rate: large updates saturate gates",
    )
    for name, gate in layer.units.gates.items():
        # A gate that keeps the memory may stay open.
        share = gate.low if name in "fz" else gate.saturated
        if share > SATURATED:
            ends = f"{gate.low:.0%} at the lower end, {gate.high:.0%} at the upper"
            evidence = (
                f"{share:.0%} of the values of {name} are saturated ({ends}), where they pass hardly any gradient"
            )
            yield Verdict("saturated", "fault", layer.name, evidence, advice)


def _idle(layer: LayerFindings) -> Iterator[Verdict]:
    units = layer.units
    kinds: tuple[tuple[Kind, list[int], str], ...] = (
        ("dead units", units.dead, "stay at 0"),
        ("constant units", units.constant, "stay at one value"),
    )
    advice = (
        "begin with other weights, biases at 0",
        "lower the learning rate",
        *(("use tanh in place of relu",) if layer.mode == "RNN_RELU" else ()),
        "use fewer units",
    )
    for kind, idle, what in kinds:
        if idle:
            fault = len(idle) >= IDLE_SHARE * units.count
            some = ", ".join(map(str, idle[:5])) + (", ..." if len(idle) > 5 else "")
            evidence = f"{len(idle)} of {units.count} units {what} over the whole batch: {some}"
            yield Verdict(kind, "fault" if fault else "caution", layer.name, evidence, advice)


def _truncation(findings: Findings) -> Iterator[Verdict]:
    k, layer = findings.truncation, longest(findings)
    if k is None or layer is None or len(layer.by_lag) <= k:
        return
    left = layer.by_lag[k] / layer.by_lag[0]
    if left > CUT_OFF:
        evidence = f"training lets gradients reach back {k} steps, where {left:.0%} of the gradient is still there"
        advice = ("let them reach further: a larger k2", "measure how far with elman.truncation")
        yield Verdict("truncation", "fault", layer.name, evidence, advice)


def _clipping(findings: Findings) -> Iterator[Verdict]:
    share = findings.clipped_share
    if share is not None and share > OFTEN_CLIPPED:
        at = "" if findings.clip is None else f" at a norm of {findings.clip:g}"
        evidence = f"{share:.0%} of the updates are clipped{at}: clipping sets the step size, not the learning rate"
        yield Verdict("clipping", "caution", "", evidence, ("clip at a larger norm", "lower the learning rate"))


def _name_of(key: tuple[str, int, str], findings: Findings) -> str:
    return next(layer.name for layer in findings.layers if layer.key == key)
