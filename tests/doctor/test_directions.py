"""The gradients that arrive at a layer: growth by lag agrees with its own Jacobians, and a direction that is read after
one step is named.
"""

import numpy as np
import pytest
import torch
from tests.doctor.models import CELLS, diagnose, faults, orthogonal, set_weights
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import elman
from elman.doctor import examine
from elman.doctor.measure import norms, walked

STEPS, ROWS, H = 40, 4, 12
LAST = {
    "last output": lambda y, final: y[-1],
    "mean": lambda y, final: y.mean(0),
    "final states": lambda y, final: torch.cat((final[-2], final[-1]), -1),
    "halves": lambda y, final: torch.cat((y[-1, :, :H], y[0, :, H:]), -1),
    "all": lambda y, final: y.amax(0),
}


class Reader(nn.Module):
    """A classifier of sequences: what it takes of its recurrent layer, and what comes before that layer."""

    def __init__(self, cell, read, *, conv=False, directions=2, **options):
        super().__init__()
        self.conv = nn.Conv1d(5, 5, 3, padding=1) if conv else None
        self.rnn = cell(5, H, bidirectional=directions == 2, **options)
        self.head = nn.Linear(directions * H, 2)
        self.read = read

    def forward(self, x):
        if self.conv is not None:
            x = self.conv(x.permute(1, 2, 0)).permute(2, 0, 1)
        y, final = self.rnn(x.transpose(0, 1) if self.rnn.batch_first else x)
        final = final[0] if isinstance(final, tuple) else final
        return self.head(self.read(y.transpose(0, 1) if self.rnn.batch_first else y, final))


def data(steps=STEPS, rows=ROWS):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(steps, rows, 5, generator=generator), torch.randn(rows, 2, generator=generator)


def agree(report):
    """No gradient grows more than the Jacobians of its own layer let it: their norm is sqrt(n) times the gain at most.

    The batch has no more rows than the gain is measured on, and a margin is left for its error.
    """
    for layer in report.layers:
        if len(layer.by_lag):
            assert layer.growth <= 2 * np.sqrt(layer.gains.size * ROWS) * max(layer.gains.gain), layer.name


@pytest.mark.parametrize("read", LAST)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_a_fresh_bidirectional_classifier(cell, layers, read):
    torch.manual_seed(0)
    check(diagnose(Reader(CELLS[cell], LAST[read], num_layers=layers), data()), layers, read)


@pytest.mark.parametrize("form", [{"batch_first": True}, {"conv": True}], ids=["batch first", "conv"])
@pytest.mark.parametrize("cell", CELLS)
def test_another_order_and_a_convolution_before_it(cell, form):
    torch.manual_seed(0)
    check(diagnose(Reader(CELLS[cell], LAST["last output"], num_layers=2, **form), data()), 2, "last output")


def check(report, layers, read):
    agree(report)
    assert faults(report) == ({"read once"} if read == "last output" else set()), report
    for layer in report.layers:
        assert layer.growth < 2
        assert layer.factor is None or layer.factor < 1
    if read != "last output":
        assert report.healthy
        return
    (verdict,) = [v for v in report.verdicts if v.kind == "read once"]
    assert verdict.where == ("rnn reverse" if layers == 1 else "rnn layer 1 reverse")
    assert "the reverse direction is read after one step only" in verdict.evidence
    assert "h_n[-1] in reverse" in verdict.advice[0]
    assert report.layers[-1].read_after == 1


def test_the_gradient_of_the_whole_network_would_be_seen(monkeypatch):
    """A gradient from the layer above is no growth of this layer."""

    def of_all(walk, _layer, _limit):
        by_step = norms((walked(walk.steps.dh, walk.steps.reverse),))
        return by_step[by_step > 0][::-1]

    monkeypatch.setattr(examine, "lag_curve", of_all)
    torch.manual_seed(0)
    report = diagnose(Reader(elman.GRU, LAST["last output"], num_layers=2), data())
    assert "exploding" in faults(report)
    with pytest.raises(AssertionError):
        agree(report)


@pytest.mark.parametrize("cell", CELLS)
def test_the_last_output_of_one_direction_is_right(cell):
    torch.manual_seed(0)
    report = diagnose(Reader(CELLS[cell], LAST["last output"], directions=1, num_layers=2), data())
    assert report.healthy
    assert [layer.read_after for layer in report.layers] == [STEPS, STEPS]


def test_the_first_output_of_one_direction_is_not():
    report = diagnose(Reader(elman.GRU, lambda y, final: y[0], directions=1), data())
    assert faults(report) == {"read once"}
    assert "after one of 40 steps" in report.verdicts[0].evidence


def test_two_modules_one_above_the_other():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.low, self.high = elman.GRU(5, H, bidirectional=True), elman.GRU(2 * H, H, bidirectional=True)

        def forward(self, x):
            return self.high(self.low(x)[0])[0][-1]

    torch.manual_seed(0)
    report = diagnose(Two(), (data()[0], torch.randn(ROWS, 2 * H)))
    agree(report)
    assert [v.where for v in report.verdicts if v.kind == "read once"] == ["high reverse"]
    assert all(layer.growth < 2 for layer in report.layers)


@pytest.mark.parametrize(("read", "ill"), [("last", True), ("final", False)])
def test_rows_of_different_length(read, ill):
    lengths = torch.tensor([40, 31, 12, 5])

    class Packed(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn, self.head = elman.LSTM(5, H, bidirectional=True), nn.Linear(2 * H, 2)

        def forward(self, x):
            packed, (h, _) = self.rnn(pack_padded_sequence(x, lengths))
            y, _ = pad_packed_sequence(packed)
            last = y[lengths - 1, torch.arange(4)]
            return self.head(last if read == "last" else torch.cat((h[0], h[1]), -1))

    torch.manual_seed(0)
    report = diagnose(Packed(), data())
    assert ("read once" in faults(report)) == ill
    assert [layer.read_after for layer in report.layers] == [40, 1 if ill else 40]


def test_one_step_is_all_there_is():
    """A sequence of one step has nothing else to be read."""
    assert "read once" not in faults(diagnose(Reader(elman.GRU, LAST["last output"]), data(steps=1)))


RATE = 1.25


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("read", ["last output", "mean"])
def test_a_layer_that_explodes_is_named_at_its_rate(read, number):
    """A linear layer by 1.25 an orthogonal matrix, above or below a sound one, in both directions."""
    torch.manual_seed(0)
    net = Reader(elman.RNN, LAST[read], num_layers=2, nonlinearity="relu")
    for end in ("", "_reverse"):
        name = f"l{number}{end}"
        values = {f"weight_ih_{name}": lambda w: w.abs(), f"weight_hh_{name}": lambda w: RATE * torch.eye(H)}
        set_weights(net, **values, **{f"bias_ih_{name}": 0.1, f"bias_hh_{name}": 0.1})
    x, targets = data()
    report = diagnose(net, (x.abs(), targets))
    agree(report)
    assert "exploding" in faults(report)
    exploding = {v.where for v in report.verdicts if v.kind == "exploding"}
    assert exploding <= {f"rnn layer {number} forward", f"rnn layer {number} reverse"}
    assert f"rnn layer {number} forward" in exploding
    for layer in report.layers:
        if layer.name in exploding:
            assert layer.factor == pytest.approx(RATE, rel=0.05)


@pytest.mark.parametrize("scale", [0.5, 0.9])
def test_a_layer_that_vanishes_is_followed_at_its_rate(scale):
    torch.manual_seed(0)
    net = Reader(elman.RNN, LAST["mean"], num_layers=2, nonlinearity="relu")
    for end in ("l0", "l0_reverse", "l1", "l1_reverse"):
        values = {f"weight_ih_{end}": lambda w: w.abs(), f"weight_hh_{end}": orthogonal(0.0)}
        set_weights(net, **values | {f"weight_hh_{end}": lambda w: scale * torch.eye(H), f"bias_ih_{end}": 0.1})
    x, targets = data()
    report = diagnose(net, (x.abs(), targets))
    for layer in report.layers:
        assert layer.factor == pytest.approx(scale, rel=1e-3)
    assert not report.findings.fresh


def test_states_of_lower_layers_that_the_loss_takes():
    """An encoder hands on the final states of all its layers: each arrives at its own layer."""
    torch.manual_seed(0)
    net = elman.LSTM(5, H, num_layers=2)
    x, _ = data()
    h, c = torch.randn(2, ROWS, H), torch.randn(2, ROWS, H)

    low, _ = elman.diagnose(net, lambda: torch.sum(net(x)[1][0][0] * h[0])).layers
    _, high = elman.diagnose(net, lambda: torch.sum(net(x)[1][1][1] * c[1])).layers
    assert low.by_lag[0] == pytest.approx(float(h[0].norm()), rel=1e-5)
    assert high.by_lag[0] == pytest.approx(float(c[1].norm()), rel=1e-5)
    assert (low.read_after, high.read_after) == (STEPS, STEPS)
