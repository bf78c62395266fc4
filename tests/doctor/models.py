"""Networks for the doctor: sound ones, and the ways in which they are made ill."""

import torch
from torch import nn

import elman

CELLS = {"rnn": elman.RNN, "gru": elman.GRU, "lstm": elman.LSTM}


class Net(nn.Module):
    """A recurrent layer, and a head at every step or at the last alone."""

    def __init__(self, cell, hidden=16, *, last=False, inputs=6, **options):
        super().__init__()
        self.rnn = cell(inputs, hidden, **options)
        self.head = nn.Linear(hidden * (2 if self.rnn.bidirectional else 1), 2)
        self.last = last

    def forward(self, x):
        y, _ = self.rnn(x)
        if self.last:
            y = y[:, -1] if self.rnn.batch_first else y[-1]
        return self.head(y)


def batch(net, steps=40, rows=4, seed=0):
    """Inputs and targets that go through `net`."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(steps, rows, net.rnn.input_size, generator=generator)
    if net.rnn.batch_first:
        x = x.transpose(0, 1)
    shape = (rows, 2) if net.last else (*x.shape[:2], 2)
    return x, torch.randn(shape, generator=generator)


def diagnose(net, data=None, **options):
    return elman.diagnose(net, data or batch(net), loss=nn.functional.mse_loss, **options)


def set_weights(net, **values):
    """Set parameters of the recurrent layer: a number for all, or a function of the tensor."""
    with torch.no_grad():
        for name, value in values.items():
            parameter = getattr(net.rnn, name)
            parameter.copy_(value(parameter) if callable(value) else torch.full_like(parameter, value))
    return net


def orthogonal(scale):
    return lambda w: nn.init.orthogonal_(torch.empty_like(w)) * scale


def faults(report):
    return {verdict.kind for verdict in report.verdicts if verdict.severity == "fault"}
