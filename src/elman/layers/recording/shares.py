"""The share of one step in a weight's gradient: the gradient of the step's sums times what they were made of.

Works on the rows of the step as they stand, in any order, because a share is a sum over them.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from elman.ops.cell import Cell

if TYPE_CHECKING:
    from elman.layers.recording.steps import Steps


def share(steps: "Steps", name: str, t: int, cell: Cell) -> Tensor:
    """What step t adds to the gradient of `name`; `Steps.share` has the contract."""
    if name == "weight_ih":
        return steps.rows("dgates", t).flatten(1).T @ steps.rows("x", t)
    if name == "bias_ih":
        return steps.rows("dgates", t).flatten(1).sum(0)
    if name == "bias_hh":
        return _hidden_sums(steps, t, cell).flatten(1).sum(0)
    if name == "weight_hh":
        sums, before = _hidden_sums(steps, t, cell), steps.rows_before(t)
        if cell.name != "gru_reset_before":
            return sums.flatten(1).T @ before
        reset = steps.rows("gates", t)[:, 0] * before
        return torch.cat((sums[:, :2].flatten(1).T @ before, sums[:, 2].T @ reset))
    output_gate = steps.rows("gates", t)[:, 3]
    return steps.rows("dh", t).T @ (output_gate * steps.rows("c", t).tanh())  # weight_hr


def _hidden_sums(steps: "Steps", t: int, cell: Cell) -> Tensor:
    """The gradient of W_hh h_{t-1} + b_hh, (B, G, H): behind a GRU's reset gate, that of n is scaled by it."""
    sums = steps.rows("dgates", t)
    if cell.name == "gru":
        r, z, n = sums.unbind(1)
        return torch.stack((r, z, n * steps.rows("gates", t)[:, 0]), 1)
    return sums
