"""The share of one step in a weight's gradient: the gradient of the step's sums times what they were made of."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from elman.layers.recording.steps import Steps


def share(steps: "Steps", name: str, t: int, reset_after: bool) -> Tensor:
    """What step t adds to the gradient of `name`; `Steps.share` has the contract."""
    if name == "weight_ih":
        return _input_sums(steps, t).T @ steps.x[t]
    if name == "bias_ih":
        return _input_sums(steps, t).sum(0)
    if name == "bias_hh":
        return _hidden_sums(steps, t, reset_after).sum(0)
    if name == "weight_hh":
        sums, before = _hidden_sums(steps, t, reset_after), steps.before(t)
        if reset_after or "r" not in steps.gates:
            return sums.T @ before
        width = before.shape[-1]
        reset = steps.gates["r"][t] * before
        return torch.cat((sums[:, : 2 * width].T @ before, sums[:, 2 * width :].T @ reset))
    return steps.dh[t].T @ (steps.gates["o"][t] * steps.c[t].tanh())  # weight_hr


def _input_sums(steps: "Steps", t: int) -> Tensor:
    """The gradient of W_ih x_t + b_ih, (B, G*H)."""
    return torch.cat([gradient[t] for gradient in steps.dgates.values()], dim=-1)


def _hidden_sums(steps: "Steps", t: int, reset_after: bool) -> Tensor:
    """The gradient of W_hh h_{t-1} + b_hh, (B, G*H): behind a GRU's reset gate, n's is scaled by it."""
    by_gate = {name: gradient[t] for name, gradient in steps.dgates.items()}
    if "r" in by_gate and reset_after:
        by_gate["n"] = by_gate["n"] * steps.gates["r"][t]
    return torch.cat(list(by_gate.values()), dim=-1)
