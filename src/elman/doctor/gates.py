"""Compute statistics of gates and states over a batch: saturation, the time constant of the memory, idle units.

A value is saturated where the slope of its activation is under a tenth of its steepest: a sigmoid below 0.026 or above
0.974, a tanh beyond 0.949 either way. A saturated value passes hardly any gradient; but a forget gate, or the GRU's z,
near 1 keeps the memory, and that is no fault.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

_SLOPE = 0.1
_SIGMOID_HIGH = (1 + math.sqrt(1 - _SLOPE)) / 2
_TANH_HIGH = math.sqrt(1 - _SLOPE)
IDLE = 1e-3
"""A unit that moves less than this over the whole batch is idle; one whose states are all smaller is dead."""
KEEPS = {"LSTM": "f", "GRU": "z"}


@dataclass(frozen=True)
class Gate:
    """Hold one gate of one layer, over all steps, rows and units.

    Attributes:
        mean: the mean of its values.
        low: fraction of values saturated at the lower end: closed, or -1 of a tanh.
        high: fraction of values saturated at the upper end: open, or +1.
    """

    mean: float
    low: float
    high: float

    @property
    def saturated(self) -> float:
        """Return the fraction of values saturated at either end."""
        return self.low + self.high


@dataclass(frozen=True)
class Units:
    """Hold the units of one layer.

    Attributes:
        gates: by letter; for an RNN its state, "h".
        time_constant: -1 / ln of the mean forget gate (LSTM) or z (GRU), in steps: through the gate alone, the memory
            falls to 1/e in so many steps. None for an RNN.
        dead: units whose states are all nearly 0.
        constant: units that stay at one value other than 0.
        count: units in all, H.
    """

    gates: dict[str, Gate]
    time_constant: float | None
    dead: list[int]
    constant: list[int]
    count: int


def gate_statistics(steps: Any, mode: str) -> Units:
    """Return the statistics of one layer in one direction.

    Args:
        steps: the record of the layer.
        mode: the mode of its module, as torch names it: "LSTM", "GRU", "RNN_TANH", "RNN_RELU".
    """
    mask = steps.mask.to(steps.h.device)
    gates = {name: _gate(values[mask], bounded=name not in "gn") for name, values in steps.gates.items()}
    if mode == "RNN_TANH":
        gates["h"] = _gate(steps.h[mask], bounded=False)
    h = steps.h[mask]
    dead = (h.abs().amax(0) < IDLE) & ~h.isnan().any(0)
    still = (h.amax(0) - h.amin(0) < IDLE) & ~dead
    keep = gates[KEEPS[mode]].mean if mode in KEEPS else None
    return Units(gates, None if keep is None else time_constant(keep), _places(dead), _places(still), h.shape[1])


def time_constant(keep: float) -> float:
    """Return the number of steps in which a memory falls to 1/e when every step keeps this fraction of it."""
    if keep >= 1:
        return math.inf
    return -1 / math.log(keep) if keep > 0 else 0.0


def _gate(values: Tensor, *, bounded: bool) -> Gate:
    """Compute the statistics of a sigmoid (bounded by 0 and 1), or of a tanh."""
    high = _SIGMOID_HIGH if bounded else _TANH_HIGH
    low = 1 - high if bounded else -high
    share = values.double().mean(), (values < low).double().mean(), (values > high).double().mean()
    return Gate(*torch.stack(share).tolist())


def _places(which: Tensor) -> list[int]:
    return [int(k) for k in torch.nonzero(which).flatten()]
