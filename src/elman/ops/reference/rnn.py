"""The Elman RNN: the equation of one time step.

    a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
    h_t = tanh(a_t)   or   relu(a_t)

J. L. Elman, "Finding Structure in Time", Cognitive Science 14 (1990).
"""

from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import linear

from elman.ops.cell import Cell, Gates, Parameters, State

_NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu}


def step(x: Tensor, state: State, parameters: Parameters, *, nonlinearity: str = "tanh") -> tuple[State, Gates]:
    """Compute one time step.

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


# Nothing is saved: the slope of the activation follows from the output.
RNN_TANH = Cell("rnn_tanh", number=0, step=step, gates=("a",), activations=("identity",))
RNN_RELU = Cell("rnn_relu", number=1, step=partial(step, nonlinearity="relu"), gates=("a",), activations=("identity",))
