"""The doctor names the fault of networks made ill on purpose, and finds none in sound ones."""

import pytest
import torch
from tests.doctor.models import CELLS, Net, batch, diagnose, faults, orthogonal, set_weights
from torch import nn

import elman


def one(report, kind):
    (found,) = [v for v in report.verdicts if v.kind == kind]
    return found


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.study) for seed in (1, 2))])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("hidden", "layers", "last"), [(12, 1, False), (24, 2, True), (40, 2, False)])
def test_no_false_alarm_before_and_after_training(cell, hidden, layers, last, seed):
    torch.manual_seed(seed)
    net = Net(CELLS[cell], hidden, num_layers=layers, last=last)
    data = batch(net, 30, seed=seed)
    before = diagnose(net, data)
    assert before.healthy, before
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(data[0]), data[1]).backward()
        optimizer.step()
    after = diagnose(net, data)
    assert after.healthy, after


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("last", [False, True])
def test_vanishing(cell, last):
    torch.manual_seed(0)
    net = Net(CELLS[cell], last=last)
    if cell != "rnn":  # f of the LSTM and z of the GRU: the second of its gates
        set_weights(net, bias_ih_l0=lambda b: torch.cat([b[:16], b[16:32] - 6, b[32:]]))
    set_weights(net, weight_hh_l0=lambda w: w * 0.1)
    report = diagnose(net)
    assert faults(report) - {"saturated"} == {"vanishing"}
    verdict = one(report, "vanishing")
    assert report.layers[0].memory is not None
    assert f"after {report.layers[0].memory} of 40 steps" in verdict.evidence
    assert {"rnn": "use an LSTM", "lstm": "forget gate's bias", "gru": "z's bias"}[cell] in verdict.advice[0]


@pytest.mark.parametrize("cell", CELLS)
def test_vanishing_in_too_long_a_sequence_with_the_loss_at_its_end(cell):
    """Torch's first weights are as they are, which is no illness; the same network after a few updates is ill."""
    torch.manual_seed(0)
    net = Net(CELLS[cell], last=True)
    data = batch(net, 200)
    fresh = diagnose(net, data)
    assert fresh.healthy
    assert fresh.findings.fresh
    assert fresh.headline == "As initialised: no fault found, 1 note."
    assert one(fresh, "vanishing").severity == "note"
    assert "torch's first weights" in one(fresh, "vanishing").evidence
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    nn.functional.mse_loss(net(data[0]), data[1]).backward()
    optimizer.step()
    trained = diagnose(net, data)
    assert faults(trained) == {"vanishing"}
    assert trained.headline == "Not healthy: 1 fault."


def test_a_network_that_remembers_does_not_vanish_in_a_long_sequence():
    torch.manual_seed(0)
    net = set_weights(Net(elman.LSTM, 16, last=True), bias_ih_l0=lambda b: b + 4 * (torch.arange(64) // 16 == 1))
    report = diagnose(net, batch(net, 200))
    assert report.healthy
    assert report.layers[0].memory is None or report.layers[0].memory > 100


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_exploding(nonlinearity):
    torch.manual_seed(0)
    net = Net(elman.RNN, 32, nonlinearity=nonlinearity)
    set_weights(net, weight_hh_l0=orthogonal(1.3), weight_ih_l0=lambda w: w * 0.01, bias_ih_l0=0.0, bias_hh_l0=0.0)
    if nonlinearity == "relu":
        set_weights(net, weight_hh_l0=lambda w: 1.3 * torch.eye(32), bias_ih_l0=0.001)
    report = diagnose(net)
    assert faults(report) == {"exploding"}
    assert report.layers[0].factor > 1.1
    assert "clip" in one(report, "exploding").advice[0]


@pytest.mark.parametrize("cell", CELLS)
def test_saturated(cell):
    torch.manual_seed(0)
    net = set_weights(Net(CELLS[cell]), weight_ih_l0=lambda w: w * 60)
    report = diagnose(net)
    assert "saturated" in faults(report)
    gate = next(iter(report.layers[0].units.gates.values()))
    assert gate.saturated > 0.6


def test_a_forget_gate_that_stays_open_is_no_fault():
    net = set_weights(Net(elman.LSTM), bias_ih_l0=lambda b: b + 6 * (torch.arange(64) // 16 == 1))
    report = diagnose(net)
    assert report.layers[0].units.gates["f"].high > 0.9
    assert report.layers[0].units.time_constant > 50
    assert report.healthy


@pytest.mark.parametrize(("count", "severity"), [(1, "caution"), (6, "fault")])
def test_dead_units(count, severity):
    torch.manual_seed(0)
    net = Net(elman.RNN, 20, nonlinearity="relu")
    set_weights(net, bias_ih_l0=lambda b: torch.where(torch.arange(20) < count, -50.0, b + 0.5))
    report = diagnose(net)
    assert report.layers[0].units.dead == list(range(count))
    assert one(report, "dead units").severity == severity


def test_constant_units():
    torch.manual_seed(0)
    net = set_weights(Net(elman.RNN), bias_ih_l0=lambda b: torch.where(torch.arange(16) < 4, 50.0, b))
    report = diagnose(net)
    assert report.layers[0].units.constant == [0, 1, 2, 3]
    assert faults(report) == {"constant units"}


def test_truncation_that_cuts_off_what_is_there():
    torch.manual_seed(0)
    net = set_weights(Net(elman.RNN), weight_hh_l0=orthogonal(1.0), weight_ih_l0=lambda w: w * 0.1)
    assert faults(diagnose(net, truncation=4)) == {"truncation"}
    assert "truncation" not in faults(diagnose(Net(elman.RNN), truncation=15))


def test_clipping_is_measured_on_all_batches_given():
    net = Net(elman.GRU)
    others = [batch(net, seed=seed) for seed in (1, 2, 3)]
    report = diagnose(net, others=others)
    assert report.findings.clipped_share is None
    norms = sorted(report.findings.norms)
    assert len(norms) == 4
    quarter = diagnose(net, others=others, clip=(norms[2] + norms[3]) / 2)
    assert quarter.findings.clipped_share == 0.25
    assert not quarter.verdicts
    most = diagnose(net, others=others, clip=(norms[0] + norms[1]) / 2)
    assert one(most, "clipping").severity == "caution"


def test_clipping_is_read_from_a_metrics_file(tmp_path):
    metrics = tmp_path / "m.jsonl"
    metrics.write_text('{"event": "begin"}\n{"clipped_share": 0.9}\n{"clipped_share": 0.75}\n')
    report = diagnose(Net(elman.GRU), metrics=metrics)
    assert report.findings.clipped_share == 0.75
    assert "75% of the updates" in one(report, "clipping").evidence
