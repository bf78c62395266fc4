"""The native GRU; `ops.reference.gru` has its equation."""

from torch import Tensor

from elman.ops.native import recurrence
from elman.ops.trace import Trace


def gru(
    x: Tensor,
    h_0: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    reset_after: bool = True,
    trace: Trace | None = None,
    *,
    segment: int = 0,
) -> tuple[Tensor, Tensor]:
    """One layer in one direction, float32 on the CPU.

    Args:
        x: (T, B, I), or packed rows (N, I).
        h_0: (B, H), or (1, B, H) as a stack of one layer has it.
        weight_ih: (3*H, I).
        weight_hh: (3*H, H).
        bias_ih: (3*H,), or None.
        bias_hh: (3*H,), or None.
        batch_sizes: None, or for packed rows the rows of each step, (T,) int64.
        reverse: Go from the last step to the first.
        reset_after: Whether the reset gate stands after the product with weight_hh, as in torch, or before it.
        trace: Filled in with every step's values and, later, gradients, if there is one.
        segment: Steps that the backward pass runs forward again at a time, or 0 to keep what it needs of every step.

    Returns:
        y, (T, B, H) or (N, H); h_n, shaped as h_0.
    """
    weights = (weight_ih, weight_hh, bias_ih, bias_hh)
    cell = "gru" if reset_after else "gru_reset_before"
    y, h_n, _ = recurrence(x, h_0, None, *weights, batch_sizes, cell, reverse, segment, trace)
    return y, h_n
