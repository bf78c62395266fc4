"""Truncation compared with the full gradient: against gradients that are cut by hand."""

import json

import numpy as np
import pytest
import torch
from tests.doctor.models import CELLS, Net, batch, orthogonal, set_weights
from torch import nn

import elman
from elman.errors import InputError

MSE = nn.functional.mse_loss


def truncation(net, data=None, **options):
    return elman.truncation(net, data or batch(net, 24), loss=MSE, **options)


def by_hand(net, x, y, k):
    """The gradient with the state cut every k steps, flat."""
    net.zero_grad()
    state, losses = None, []
    for begin in range(0, len(x), k):
        features, state = net.rnn(x[begin : begin + k], state)
        losses.append(MSE(net.head(features), y[begin : begin + k], reduction="sum"))
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
    (sum(losses) / y.numel()).backward()
    return torch.cat([p.grad.flatten() for p in net.parameters()]).double()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_against_cuts_by_hand(cell, batch_first):
    torch.manual_seed(0)
    net = Net(CELLS[cell], num_layers=2, batch_first=batch_first)
    data = batch(net, 24)
    found = truncation(net, data, ks=[1, 5, 12])
    net.rnn.batch_first = False
    x, y = (part.transpose(0, 1) if batch_first else part for part in data)
    full = by_hand(net, x, y, 24)
    assert found.norm == pytest.approx(float(full.norm()), rel=1e-5)
    assert [(cut.k1, cut.k2) for cut in found.truncations] == [(1, 1), (5, 5), (12, 12), (24, 24)]
    for cut in found.truncations:
        part = by_hand(net, x, y, cut.k2)
        assert cut.cosine == pytest.approx(float(part @ full / part.norm() / full.norm()), rel=1e-5)
        assert cut.ratio == pytest.approx(float(part.norm() / full.norm()), rel=1e-5)
    assert found.truncations[0].cosine < 1 - 1e-4


def test_a_longer_reach_than_k1():
    """With k1 = 1 every loss reaches back as far as k2: the more, the nearer to the full gradient."""
    torch.manual_seed(0)
    net = set_weights(Net(elman.RNN), weight_hh_l0=orthogonal(0.9), weight_ih_l0=lambda w: w * 0.1)
    short, longer = truncation(net, ks=[1, 8]), truncation(net, ks=[1, 8], k1=1)
    assert short.truncations[0].cosine == pytest.approx(longer.truncations[0].cosine, rel=1e-6)
    assert short.truncations[1].cosine < longer.truncations[1].cosine < 1
    assert longer.truncations[-1].cosine == pytest.approx(1)


def test_the_smallest_that_is_enough():
    torch.manual_seed(0)
    forgets, keeps = Net(elman.RNN), set_weights(Net(elman.RNN), weight_hh_l0=orthogonal(1.0))
    set_weights(keeps, weight_ih_l0=lambda w: w * 0.05)
    assert truncation(set_weights(forgets, weight_hh_l0=0.0)).enough == 1
    found = truncation(keeps)
    assert found.enough > 4
    smaller = [cut for cut in found.truncations if cut.k2 < found.enough]
    assert not smaller[-1].keeps
    assert all(cut.keeps for cut in found.truncations if cut.k2 >= found.enough)


def test_a_longer_window_keeps_more_memory():
    found = truncation(Net(elman.LSTM), batch(Net(elman.LSTM), 64))
    sizes = [cut.bytes for cut in found.truncations]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 32 * sizes[0] / 2
    assert all(cut.seconds > 0 for cut in found.truncations)


@pytest.mark.parametrize(
    ("net", "given", "options", "said"),
    [
        (Net(elman.GRU, bidirectional=True), None, {}, "is bidirectional"),
        (Net(elman.GRU, last=True), None, {}, "targets: expected one for each of 24 steps"),
        (Net(elman.GRU), None, {"ks": [0]}, "ks: expected 1 or more"),
        (Net(elman.GRU), None, {"ks": [2], "k1": 4}, "ks: expected 4 or more"),
        (
            Net(elman.GRU),
            None,
            {"limit": 1000},
            r"24 steps needs 1 MiB or more, and limit is 0.00095.*raise limit \(--limit",
        ),
        (Net(elman.GRU), lambda: None, {}, "a pair of tensors"),
    ],
)
def test_what_cannot_be_cut(net, given, options, said):
    with pytest.raises(InputError, match=said):
        truncation(net, given, **options)


def test_a_network_that_hands_its_layer_a_state():
    class Own(Net):
        def forward(self, x):
            return self.head(self.rnn(x, torch.zeros(1, x.shape[1], 16))[0])

    with pytest.raises(InputError, match="passes an initial state to rnn"):
        truncation(Own(elman.GRU))


@pytest.mark.parametrize("kind", [elman.GRU, elman.LSTM, torch.nn.GRU])
def test_a_network_that_hands_its_layer_no_state(kind):
    """A forward pass with an optional state, left out, is the one without."""

    class Carried(Net):
        def forward(self, x, state=None):
            y, state = self.rnn(x, state)
            return self.head(y), state

    class ByName(Net):
        def forward(self, x, state=None):
            return self.head(self.rnn(input=x, hx=state)[0])

    found = []
    for network in (Net, Carried, ByName):
        torch.manual_seed(0)
        found.append([cut.cosine for cut in truncation(network(kind), ks=[4]).truncations])
    assert found[0] == found[1] == found[2]
    assert found[0][0] < 1


def test_what_is_written(tmp_path):
    found = truncation(Net(elman.GRU), ks=[4])
    found.save(tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    assert [cut["k2"] for cut in content["truncations"]] == [4, 24]
    np.testing.assert_allclose(content["truncations"][0]["cosine"], found.truncations[0].cosine)
    assert f"k2 = {found.enough} steps" in str(found)
    with pytest.raises(InputError, match=r"ends in \.json"):
        found.save("t.html")
