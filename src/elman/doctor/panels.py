"""Draw the pictures of a diagnosis on one sheet."""

from typing import TYPE_CHECKING

import numpy as np

from elman.doctor.diagnosis import Diagnosis
from elman.doctor.findings import LayerFindings
from elman.doctor.measure import Floats
from elman.doctor.verdicts import longest
from elman.extras import required_by
from elman.pictures import eigenvalues, gate_map, gradient_flow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


FARTHEST = 1e-14, 1e14


def draw(diagnosis: Diagnosis) -> "Figure":
    """Draw gradients by lag and by step, products of Jacobians, eigenvalues, and one gate over time."""
    with required_by("a picture"):
        from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 12), dpi=110, layout="constrained")
    axes = figure.subplot_mosaic([["lag", "whole"], ["jacobian", "spectrum"], ["gate", "gate"]])
    figure.suptitle(f"{diagnosis.title}: {diagnosis.findings.steps:,} steps", fontweight="bold")
    layers = diagnosis.layers
    shown = longest(diagnosis.findings) or layers[-1]
    _flow(
        axes["lag"],
        {x.name: x.by_lag for x in layers if len(x.by_lag)},
        "Gradient that arrives at one step, followed back",
    )
    axes["lag"].set_xlabel("lag: steps before that step")
    whole = {x.name: x.by_step[::-1] for x in layers}
    _flow(axes["whole"], whole, "Gradient of the whole loss, from the last step back")
    _flow(axes["jacobian"], _products(layers), "Jacobians of k steps: factor on a gradient's norm", "factor")
    axes["jacobian"].set_xlabel("k")
    eigs = {gate: found.eigenvalues for gate, found in shown.spectra.items()}
    _titled(axes["spectrum"], f"{shown.name}: eigenvalues of the recurrent matrices", bool(eigs))
    if eigs:
        eigenvalues(eigs, axes["spectrum"])
        _legend_beside_circle(axes["spectrum"], 1.1 * max(1.0, *(found.radius for found in shown.spectra.values())))
    gate_map(shown.map, ax=axes["gate"], name=shown.map_name)
    axes["gate"].set_title(f"{shown.name}: {shown.map_name} of the first sequence", loc="left")
    return figure


def _legend_beside_circle(ax: "Axes", reach: float) -> None:
    """Put the legend to the right of the circle, inside the axes, so that the titles of a row are level."""
    ax.set_aspect("equal", adjustable="box")
    ax.set(xlim=(-reach, 2 * reach), ylim=(-reach, reach))
    if legend := ax.get_legend():
        legend.set_bbox_to_anchor(None)
        legend.set_loc("upper right")


def _products(layers: list[LayerFindings]) -> dict[str, Floats]:
    curves = {}
    for layer in layers:
        if layer.gains is None:
            continue
        curves[f"{layer.name}, measured"] = layer.gains.gain
        if layer.mode.startswith("RNN"):
            lags, found = np.arange(len(layer.gains.gain), dtype=np.float64), layer.spectra["h"]
            with np.errstate(over="ignore"):
                curves[f"{layer.name}, bound"] = np.power(found.norm, lags)
                curves[f"{layer.name}, if linear"] = np.power(found.radius, lags)
    return curves


def _flow(ax: "Axes", curves: dict[str, Floats], title: str, y: str = "") -> None:
    _titled(ax, title, bool(curves))
    if curves:
        gradient_flow(curves, ax, **({"y": y} if y else {}))
        _keep_readable(ax)


def _keep_readable(ax: "Axes") -> None:
    """Limit the axis: numbers very far from 1 would hide the others."""
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, FARTHEST[0]), min(high, FARTHEST[1]))


def _titled(ax: "Axes", title: str, there: bool) -> None:
    ax.set_title(title, loc="left")
    if not there:
        ax.set_axis_off()
        ax.text(0.5, 0.5, "not measured: numbers are not finite", ha="center", transform=ax.transAxes)
