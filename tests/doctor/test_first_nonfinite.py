"""The doctor names the step and the layer at which a number that is not finite is born."""

import pytest
import torch
from tests.doctor.models import CELLS, Net, batch, diagnose, faults
from torch import nn

import elman


def first_nonfinite(report):
    assert faults(report) == {"not finite"}
    return report.findings.first_nonfinite


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("step", [0, 7, 39])
def test_in_the_input(cell, value, step):
    net = Net(CELLS[cell])
    x, y = batch(net)
    x[step, 2, 1] = value
    found = first_nonfinite(diagnose(net, (x, y)))
    assert (found.where, found.what, found.step) == (("rnn", 0, "forward"), "x", step)


def test_in_reverse():
    net = Net(elman.GRU, bidirectional=True)
    x, y = batch(net)
    x[20, 0, 0] = torch.nan
    assert first_nonfinite(diagnose(net, (x, y))).step == 20


def test_a_state_that_overflows_on_the_way():
    """h doubles at each step: 2 ** 128 is the first power that float32 does not hold."""
    net = Net(elman.RNN, 4, nonlinearity="relu", inputs=4)
    with torch.no_grad():
        for parameter in net.rnn.parameters():
            parameter.zero_()
        net.rnn.weight_hh_l0.copy_(2 * torch.eye(4))
        net.rnn.weight_ih_l0.copy_(torch.eye(4))
    x = torch.zeros(150, 1, 4)
    x[0] = 1.0
    report = diagnose(net, (x, torch.zeros(150, 1, 2)))
    found = first_nonfinite(report)
    assert (found.what, found.step) == ("h", 128)
    assert "at step 128" in report.verdicts[0].evidence


def test_in_a_weight():
    net = Net(elman.LSTM, num_layers=2)
    with torch.no_grad():
        net.rnn.weight_hh_l1[3, 3] = torch.nan
    found = first_nonfinite(diagnose(net))
    assert (found.weights, found.where, found.step) == ("rnn.weight_hh_l1", ("rnn", 1, "forward"), 0)


def test_on_the_way_back():
    """The root of 0 has no slope: the loss is finite, its gradient is not, from step 12 on back."""
    net = Net(elman.RNN)
    x, _ = batch(net)

    def loss():
        y, _ = net.rnn(x)
        return y.square().mean() + (y[12] * 0).abs().sum().sqrt()

    report = elman.diagnose(net, loss)
    found = first_nonfinite(report)
    assert (found.what, found.step) == ("dh", 12)
    assert found.fault.parameter == "rnn.weight_ih_l0"


def test_in_the_loss_alone():
    class Off(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = elman.RNN(3, 4)
            self.shift = nn.Parameter(torch.zeros(()))

        def forward(self, x):
            return self.rnn(x)[0]

    net = Off()
    x = torch.randn(5, 2, 3)
    report = elman.diagnose(net, lambda: net(x).detach().sum() + (net.shift - 1).log())
    assert first_nonfinite(report).where is None
    assert "the loss" in report.verdicts[0].advice[0]
