"""Compute the share of one step in a weight's gradient: the gradient of the pre-activations times their inputs.

The rows of the step may be in any order, because a share is a sum over them.
"""

import torch
from torch import Tensor

from elman.layers.recording.rows import Rows


def share(rows: Rows, name: str, t: int) -> Tensor:
    """Return the part that step t adds to the gradient of `name`; `Steps.share` has the contract."""
    if name == "weight_ih":
        return rows.step("dgates", t).flatten(1).T @ rows.step("x", t)
    if name == "bias_ih":
        return rows.step("dgates", t).flatten(1).sum(0)
    if name == "bias_hh":
        return _hidden_sums(rows, t).flatten(1).sum(0)
    if name == "weight_hh":
        sums, before = _hidden_sums(rows, t), rows.before(t)
        if rows.cell.name != "gru_reset_before":
            return sums.flatten(1).T @ before
        reset = rows.step("gates", t)[:, 0] * before
        return torch.cat((sums[:, :2].flatten(1).T @ before, sums[:, 2].T @ reset))
    output_gate = rows.step("gates", t)[:, 3]
    return rows.step("dh", t).T @ (output_gate * rows.step("c", t).tanh())  # weight_hr


def _hidden_sums(rows: Rows, t: int) -> Tensor:
    """Return the gradient of W_hh h_{t-1} + b_hh, (B, G, H); a GRU's reset gate scales the part of n."""
    sums = rows.step("dgates", t)
    if rows.cell.name == "gru":
        r, z, n = sums.unbind(1)
        return torch.stack((r, z, n * rows.step("gates", t)[:, 0]), 1)
    return sums
