"""The cells that the kernels' tests and `python -m benchmarks.accuracy` run over: Elman's, torch's, the reference's."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from elman.ops import gru, lstm, rnn
from elman.ops.reference import gru as reference_gru
from elman.ops.reference import lstm as reference_lstm
from elman.ops.reference import rnn as reference_rnn

Operation = Callable[..., tuple[Tensor, ...]]


@dataclass(frozen=True)
class Cell:
    """One equation, three times: Elman's kernels, torch's, and the reference."""

    gates: int
    states: int
    native: Operation
    reference: Operation
    torch: Operation


def _torch(function: Operation, x: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
    *states, weight_ih, weight_hh, bias_ih, bias_hh = rest
    hx = tuple(s[None] for s in states)
    weights = [weight_ih, weight_hh, bias_ih, bias_hh]
    y, *final = function(x, hx if len(hx) == 2 else hx[0], weights, True, 1, 0.0, False, False, False)
    return y, *(s[0] for s in final)


CELLS = {
    "rnn_tanh": Cell(1, 1, rnn.rnn, reference_rnn.rnn, partial(_torch, torch.rnn_tanh)),
    "rnn_relu": Cell(
        1,
        1,
        partial(rnn.rnn, nonlinearity="relu"),
        partial(reference_rnn.rnn, nonlinearity="relu"),
        partial(_torch, torch.rnn_relu),
    ),
    "lstm": Cell(4, 2, lstm.lstm, reference_lstm.lstm, partial(_torch, torch.lstm)),
    "gru": Cell(3, 1, gru.gru, reference_gru.gru, partial(_torch, torch.gru)),
    "gru_reset_before": Cell(
        3,
        1,
        partial(gru.gru, reset_after=False),
        partial(reference_gru.gru, reset_after=False),
        partial(reference_gru.gru, reset_after=False),
    ),
}
INPUTS = {1: ("x", "h_0"), 2: ("x", "h_0", "c_0")}
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
