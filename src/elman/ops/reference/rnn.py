"""The Elman RNN: the equation of one step, and the operation over a sequence.

    a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
    h_t = tanh(a_t)   or   relu(a_t)

J. L. Elman, "Finding Structure in Time", Cognitive Science 14 (1990).
"""

from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import linear

from elman.ops.reference.loop import Gates, Parameters, State
from elman.ops.reference.segments import results
from elman.ops.trace import Trace

GATES = ("a",)
_NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu}


def step(x: Tensor, state: State, parameters: Parameters, *, nonlinearity: str = "tanh") -> tuple[State, Gates]:
    """One time step.

    Args:
        x: (B, I).
        state: (h,), (B, H).
        parameters: One gate, G = 1.
        nonlinearity: "tanh" or "relu".

    Returns:
        (h,), and the pre-activation a, each (B, H).
    """
    (h,) = state
    w_ih, w_hh, b_ih, b_hh, _ = parameters
    a = linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh)
    h = _NONLINEARITIES[nonlinearity](a)
    return (h,), {"a": a}


def rnn(
    x: Tensor,
    h_0: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    batch_sizes: Tensor | None = None,
    reverse: bool = False,
    nonlinearity: str = "tanh",
    trace: Trace | None = None,
    *,
    segment: int = 0,
) -> tuple[Tensor, Tensor]:
    """A layer in one direction over a sequence; arguments and results are those of `elman.ops.rnn.rnn`.

    Returns:
        y (T, B, H), or (N, H) for a packed batch, and h_n, shaped as h_0.
    """
    cell = partial(step, nonlinearity=nonlinearity)
    parameters = Parameters(w_ih, w_hh, b_ih, b_hh)
    y, h_n = results(cell, x, (h_0,), parameters, batch_sizes, reverse, trace, segment)
    return y, h_n
