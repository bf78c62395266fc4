"""The gated recurrent unit: the equation of one time step.

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

from elman.ops.cell import Cell, Gates, Parameters, State


def step(x: Tensor, state: State, parameters: Parameters, *, reset_after: bool = True) -> tuple[State, Gates]:
    """Compute one time step.

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


_GATES, _ACTIVATIONS = ("r", "z", "n"), ("sigmoid", "sigmoid", "tanh")

GRU = Cell(
    "gru",
    number=3,
    step=step,
    gates=_GATES,
    activations=_ACTIVATIONS,
    saved=4,  # W_hn h + b_hn too
    reset="after",
)
GRU_RESET_BEFORE = Cell(
    "gru_reset_before",
    number=4,
    step=partial(step, reset_after=False),
    gates=_GATES,
    activations=_ACTIVATIONS,
    saved=3,
    reset="before",
    missing_in_torch="GRU that resets before the product",
)
