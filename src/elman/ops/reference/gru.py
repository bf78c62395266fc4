"""The gated recurrent unit: the equation of one step, and the operation over a sequence.

    r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
    z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
    n = tanh(W_in x + b_in + r * (W_hn h + b_hn))      reset after the product: PyTorch, Keras, cuDNN
    n = tanh(W_in x + b_in + W_hn (r * h) + b_hn)      reset before the product: the paper
    h = (1 - z) * n + z * h

K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation",
EMNLP 2014.
"""

from functools import partial

from torch import Tensor, sigmoid, tanh
from torch.nn.functional import linear

from elman.ops.reference.loop import Gates, Parameters, State
from elman.ops.reference.segments import results
from elman.ops.trace import Trace

GATES = ("r", "z", "n")


def step(x: Tensor, state: State, parameters: Parameters, *, reset_after: bool = True) -> tuple[State, Gates]:
    """One time step.

    Args:
        x: (B, I).
        state: (h,), (B, H).
        parameters: Three gates, r z n, G = 3.
        reset_after: Reset the product W_hn h + b_hn (True) or the state h before it (False).

    Returns:
        (h,), and the gates r, z, n, each (B, H).
    """
    (h,) = state
    w_ih, w_hh, b_ih, b_hh, _ = parameters
    w_hr, w_hz, w_hn = w_hh.chunk(3)
    b_hr, b_hz, b_hn = (None, None, None) if b_hh is None else b_hh.chunk(3)
    x_r, x_z, x_n = linear(x, w_ih, b_ih).chunk(3, dim=-1)

    r = sigmoid(x_r + linear(h, w_hr, b_hr))
    z = sigmoid(x_z + linear(h, w_hz, b_hz))
    n = tanh(x_n + (r * linear(h, w_hn, b_hn) if reset_after else linear(r * h, w_hn, b_hn)))
    h = (1 - z) * n + z * h
    return (h,), {"r": r, "z": z, "n": n}


def gru(
    x: Tensor,
    h_0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    reset_after: bool = True,
    trace: Trace | None = None,
    *,
    segment: int = 0,
) -> tuple[Tensor, Tensor]:
    """A layer in one direction over a sequence; arguments and results are those of `elman.ops.gru.gru`.

    Returns:
        y (T, B, H), or (N, H) for a packed batch, and h_n, shaped as h_0.
    """
    cell = partial(step, reset_after=reset_after)
    parameters = Parameters(w_ih, w_hh, b_ih, b_hh)
    y, h_n = results(cell, x, (h_0,), parameters, batch_sizes, reverse, trace, segment)
    return y, h_n
