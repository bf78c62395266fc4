"""The loss picture of a training: training and held-out loss over what was read, with the baselines to beat."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from elman.errors import ModelFileError
from elman.train.metrics import read_metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, PALE, TRAIN, HELD_OUT = "#333333", "#999999", "#8fb8de", "#c8443c"


def draw_losses(metrics: Path, picture: Path) -> None:
    """Draw the metrics of a training.

    Args:
        metrics: the JSON lines it left; the first says what the loss is measured in and which baselines to draw. A loss
            in nats gets a second axis in bits.
        picture: the .png to write.

    Raises:
        ModelFileError: the picture cannot be written.
    """
    from matplotlib.figure import Figure

    begin, *lines = read_metrics(metrics)
    target, unit = begin["target"], begin["loss_unit"]
    figure = Figure(figsize=(8, 4.8), dpi=150, layout="constrained")
    axes = figure.subplots()
    _draw_training(axes, [line for line in lines if line["event"] == "train"], f"{target}s")
    _draw_held_out(axes, [x for x in lines if x["event"] == "evaluation" and x["loss"] is not None], f"{target}s")
    _draw_baselines(axes, begin["baselines"])
    _label(axes, target, unit)
    try:
        figure.savefig(picture)
    except OSError as error:
        raise ModelFileError(f"{picture}: cannot be written ({error.strerror}): make room") from error


def _draw_training(axes: "Axes", lines: list[dict[str, Any]], key: str) -> None:
    if lines:
        axes.plot([x[key] for x in lines], [x["loss"] for x in lines], color=TRAIN, linewidth=1.2, label="training")


def _draw_held_out(axes: "Axes", lines: list[dict[str, Any]], key: str) -> None:
    if not lines:
        return
    xs, ys = [x[key] for x in lines], [x["loss"] for x in lines]
    axes.plot(xs, ys, color=HELD_OUT, marker="o", markersize=4, linewidth=1.8, label="held out")
    best = min(range(len(ys)), key=ys.__getitem__)
    label = f"best {ys[best]:.3f}"
    axes.annotate(label, (xs[best], ys[best]), (0, 7), textcoords="offset points", color=HELD_OUT, ha="center")


def _draw_baselines(axes: "Axes", baselines: dict[str, float]) -> None:
    for name, loss in baselines.items():
        axes.axhline(loss, color=PALE, linewidth=1, linestyle=(0, (4, 3)))
        place = axes.get_yaxis_transform()
        axes.text(0.995, loss, f"{name} {loss:.2f}", color=INK, fontsize=8, ha="right", va="bottom", transform=place)


def _label(axes: "Axes", target: str, unit: str) -> None:
    from matplotlib.ticker import EngFormatter

    axes.set_xlabel(f"{target}s trained on")
    axes.set_ylabel(f"loss ({unit})")
    axes.set_xlim(left=0)
    axes.margins(y=0.1)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.grid(axis="y", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
    if unit.startswith("nats"):
        bits = axes.secondary_yaxis("right", functions=(_bits, _nats))
        bits.set_ylabel(f"loss ({unit.replace('nats', 'bits')})")
        bits.spines["right"].set_visible(False)


def _bits(nats: npt.ArrayLike) -> npt.ArrayLike:
    return np.asarray(nats) / math.log(2)


def _nats(bits: npt.ArrayLike) -> npt.ArrayLike:
    return np.asarray(bits) * math.log(2)
