"""Hold the result of an examination as plain data: the findings, the verdicts, the outcome in one line, and tables.

A table has headings, rows of strings, and a note on their meaning; the terminal and the page show the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elman.doctor.findings import Findings, LayerFindings
from elman.doctor.gates import KEEPS
from elman.doctor.measure import Floats
from elman.doctor.verdicts import SEVERITIES, Verdict
from elman.rounding import counted

COLUMNS = 6
"""Lags that fit in 80 columns."""


@dataclass(frozen=True)
class Diagnosis:
    """Hold the findings and the verdicts of one examination; the renderers show it, `Report` is its public form.

    Attributes:
        title: the model that was examined.
        note: a remark on the data for the reader, or "".
        findings: every number.
        verdicts: faults, cautions and notes, faults first.
    """

    title: str
    note: str
    findings: Findings
    verdicts: list[Verdict]

    @property
    def healthy(self) -> bool:
        """Say whether a gradient was followed through time and no fault was found; cautions and notes may exist."""
        return self.findings.followed and not any(verdict.severity == "fault" for verdict in self.verdicts)

    @property
    def headline(self) -> str:
        """Return the outcome in one line: healthy, as initialised, or the number of faults; and layers not followed."""
        return _headline(self.findings, self.verdicts)

    @property
    def layers(self) -> list[LayerFindings]:
        """Return the findings of each recurrent layer and direction."""
        return self.findings.layers


def _headline(findings: Findings, verdicts: list[Verdict]) -> str:
    counts = [(sum(v.severity == severity for v in verdicts), severity) for severity in SEVERITIES]
    said = [counted(count, severity) for count, severity in counts if count]
    listed = " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
    left = "; ".join(f"{name or 'the layer'} ({why})" for name, why in findings.unfollowed.items())
    without = f" Not followed through time: {left}." if left else ""
    if counts[0][0]:
        return f"Not healthy: {listed}.{without}"
    if not findings.followed:
        return f"Nothing was followed through time: {left}." + (f" {listed[0].upper()}{listed[1:]}." if listed else "")
    first = "As initialised" if findings.fresh else "Healthy"
    return f"{first}: no fault found{', ' + listed if listed else ''}.{without}"


@dataclass(frozen=True)
class Table:
    """Hold a table, and a note below it on how to read it."""

    title: str
    head: list[str]
    rows: list[list[str]]
    reading: str


def tables(findings: Findings) -> list[Table]:
    """Return the tables that have rows."""
    layers = findings.layers
    found = [_by_lag(layers), _gains(layers), _spectra(layers), _gates(layers)]
    return [table for table in found if table.rows]


def number(value: float | None) -> str:
    """Return a number in seven characters or fewer."""
    if value is None:
        return "-"
    return f"{value:.1e}" if value and not 1e-3 <= abs(value) < 1e4 else f"{value:.3g}"


def _lags(length: int) -> list[int]:
    """Return powers of two below `length`, as many as fit, spread over all of them."""
    powers = [2**k for k in range(max(length - 1, 0).bit_length()) if 2**k < length]
    if len(powers) <= COLUMNS:
        return powers
    return [powers[round(at)] for at in np.linspace(0, len(powers) - 1, COLUMNS)]


def _at(values: Floats, lags: Sequence[int]) -> list[str]:
    return [number(float(values[lag])) if lag < len(values) else "" for lag in lags]


def _by_lag(layers: list[LayerFindings]) -> Table:
    reached = [layer for layer in layers if len(layer.by_lag)]
    lags = _lags(max((len(layer.by_lag) for layer in reached), default=0))
    rows = [
        [
            layer.name,
            *_at(layer.by_lag / layer.by_lag[0], lags),
            "never" if layer.memory is None else str(layer.memory),
            number(layer.factor),
        ]
        for layer in reached
    ]
    return Table(
        "Gradient that arrives at one step, followed back",
        ["layer", *(f"lag {lag}" for lag in lags), "< 1 % at", "a step"],
        rows,
        "Norm of the gradient by the state, as a share of what arrived; '< 1 % at' is the effective memory.",
    )


def _gains(layers: list[LayerFindings]) -> Table:
    measured = [(layer, layer.gains.gain) for layer in layers if layer.gains]
    lags = _lags(min((len(gain) for _, gain in measured), default=0))
    rows = []
    for layer, gain in measured:
        rows.append([f"{layer.name}: measured", *_at(gain, lags)])
        if layer.mode.startswith("RNN"):
            found = layer.spectra["h"]
            rows.append(["  bound, norm to the k", *(number(found.norm**lag) for lag in lags)])
            rows.append(["  if linear, radius to the k", *(number(found.radius**lag) for lag in lags)])
    return Table(
        "Jacobians of k steps",
        ["", *(f"k = {lag}" for lag in lags)],
        rows,
        "Factor on a gradient's norm over k steps, root mean square over its directions. Gates leave no such bound.",
    )


def _spectra(layers: list[LayerFindings]) -> Table:
    rows = [
        [layer.name, gate, number(found.radius), number(found.norm)]
        for layer in layers
        for gate, found in layer.spectra.items()
    ]
    return Table(
        "Recurrent matrices",
        ["layer", "gate", "spectral radius", "spectral norm"],
        rows,
        "A linear recurrence vanishes with a radius below 1 and explodes above 1; tanh, relu and gates change that.",
    )


def _gates(layers: list[LayerFindings]) -> Table:
    rows = []
    for layer in layers:
        keeps = KEEPS.get(layer.mode)
        for name, gate in layer.units.gates.items():
            lasts = number(layer.units.time_constant) if name == keeps else ""
            rows.append([layer.name, name, f"{gate.mean:.3f}", f"{gate.low:.1%}", f"{gate.high:.1%}", lasts])
        idle = len(layer.units.dead) + len(layer.units.constant)
        rows.append([layer.name, "idle units", f"{idle} of {layer.units.count}", "", "", ""])
    return Table(
        "Gates and units",
        ["layer", "", "mean", "low", "high", "steps kept"],
        rows,
        "low, high: share saturated at either end. Steps kept: -1 / ln(mean), the gate's time constant.",
    )
