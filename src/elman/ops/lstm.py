"""The native LSTM; `ops.reference.lstm` has its equation."""

from typing import cast

from torch import Tensor

from elman.ops.native import recurrence
from elman.ops.trace import Trace


def lstm(
    x: Tensor,
    h_0: Tensor,
    c_0: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    trace: Trace | None = None,
    *,
    segment: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """One layer in one direction, float32 on the CPU.

    Args:
        x: (T, B, I), or packed rows (N, I).
        h_0: (B, H), or (1, B, H) as a stack of one layer has it.
        c_0: Shaped as h_0.
        weight_ih: (4*H, I).
        weight_hh: (4*H, H).
        bias_ih: (4*H,), or None.
        bias_hh: (4*H,), or None.
        batch_sizes: None, or for packed rows the rows of each step, (T,) int64.
        reverse: Go from the last step to the first.
        trace: Filled in with every step's values and, later, gradients, if there is one.
        segment: Steps that the backward pass runs forward again at a time, or 0 to keep what it needs of every step.

    Returns:
        y, (T, B, H) or (N, H); h_n and c_n, shaped as h_0.
    """
    weights = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, h_n, c_n = recurrence(x, h_0, c_0, *weights, batch_sizes, "lstm", reverse, segment, trace)
    return y, h_n, cast(Tensor, c_n)
