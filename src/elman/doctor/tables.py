"""Build the report's tables for the terminal and the page: headings, rows of strings, and a note on their meaning."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elman.doctor.findings import Findings, LayerFindings
from elman.doctor.gates import KEEPS
from elman.doctor.measure import Floats

COLUMNS = 6
"""Lags that fit in 80 columns."""


@dataclass(frozen=True)
class Table:
    """A table, and a note below it on how to read it."""

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
