"""The native Elman RNN; `ops.reference.rnn` has its equation."""

from torch import Tensor

from elman.ops.native import recurrence
from elman.ops.trace import Trace


def rnn(
    x: Tensor,
    h_0: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    nonlinearity: str = "tanh",
    trace: Trace | None = None,
    *,
    segment: int = 0,
) -> tuple[Tensor, Tensor]:
    """One layer in one direction, float32 on the CPU.

    Args:
        x: (T, B, I), or packed rows (N, I).
        h_0: (B, H), or (1, B, H) as a stack of one layer has it.
        weight_ih: (H, I).
        weight_hh: (H, H).
        bias_ih: (H,), or None.
        bias_hh: (H,), or None.
        batch_sizes: None, or for packed rows the rows of each step, (T,) int64.
        reverse: Go from the last step to the first.
        nonlinearity: "tanh" or "relu".
        trace: Filled in with every step's values and, later, gradients, if there is one.
        segment: Changes nothing: the backward pass needs nothing but y. The other cells have it.

    Returns:
        y, (T, B, H) or (N, H); h_n, shaped as h_0.
    """
    weights = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, h_n, _ = recurrence(x, h_0, None, *weights, batch_sizes, f"rnn_{nonlinearity}", reverse, trace=trace)
    return y, h_n
