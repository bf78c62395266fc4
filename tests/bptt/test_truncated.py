"""BPTT(k1, k2) against gradients written out one product at a time."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from elman.bptt import Position, Streams, Truncated
from elman.bptt.streams import IGNORED
from elman.errors import InputError
from elman.layers import GRU, LSTM, RNN

V, H = 5, 4


class Net(nn.Module):
    def __init__(self, cell):
        super().__init__()
        torch.manual_seed(1)
        self.embed = nn.Embedding(V, 3)
        self.cell = cell(3, H)
        self.head = nn.Linear(H, V)
        # Weights of size one, so that a gradient that crosses many steps is worth comparing.
        for p in self.cell.parameters():
            nn.init.normal_(p, std=0.7)
        self.double()

    def recur(self, inputs, state):
        return self.cell(self.embed(inputs), state)


def corpus(length=38, batch=3, documents=None):
    symbols = np.random.default_rng(0).integers(0, V, length)
    return Streams(symbols, batch, None if documents is None else np.array(documents))


def summed_gradients(net, streams, k1, k2):
    """The gradients of the summed loss over one pass, weights held still."""
    net.zero_grad()
    through_time, position, total = Truncated(streams, k1, k2), Position(), 0.0
    while not through_time.ended(position):
        reach = through_time.run(net.recur, position)
        loss = cross_entropy(
            net.head(reach.features).flatten(0, 1), reach.targets.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        loss.backward()
        total += loss.item()
        position = reach.after
    return total, {name: p.grad.clone() for name, p in net.named_parameters()}


def full_gradients(net, streams):
    net.zero_grad()
    window = streams.window(0, streams.length)
    features, _ = net.recur(window.inputs, None)
    loss = cross_entropy(
        net.head(features).flatten(0, 1), window.targets.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    loss.backward()
    return loss.item(), {name: p.grad.clone() for name, p in net.named_parameters()}


def truncated_by_hand(net, streams, k1, k2):
    """W_hh's gradient of a tanh RNN: each loss pushed back product by product, to where its window's reach begins."""
    window = streams.window(0, streams.length)
    x = net.embed(window.inputs).detach()
    w_ih, w_hh = net.cell.weight_ih_l0.detach(), net.cell.weight_hh_l0.detach()
    bias = (net.cell.bias_ih_l0 + net.cell.bias_hh_l0).detach()
    h = [torch.zeros(streams.batch, H, dtype=torch.float64)]
    for x_t in x:
        h.append(torch.tanh(x_t @ w_ih.T + h[-1] @ w_hh.T + bias))
    grad = torch.zeros_like(w_hh)
    for t in range(streams.length):
        real = window.targets[t] != IGNORED
        y = torch.softmax(net.head(h[t + 1]).detach(), -1)
        y[torch.arange(streams.batch)[real], window.targets[t][real]] -= 1
        dh = torch.where(real[:, None], y, 0) @ net.head.weight.detach()
        first = max(0, (t // k1) * k1 - (k2 - k1)) if k2 < streams.length else 0
        for s in range(t, first - 1, -1):
            da = dh * (1 - h[s + 1] ** 2)
            grad += da.T @ h[s]
            dh = da @ w_hh
    return grad


@pytest.mark.parametrize("cell", [RNN, GRU, LSTM])
@pytest.mark.parametrize("k1", [1, 4, 5, 13, 40])
def test_reaching_the_whole_stream_is_full_bptt(cell, k1):
    net, streams = Net(cell), corpus()
    loss, ours = summed_gradients(net, streams, k1, max(k1, streams.length))
    expected_loss, expected = full_gradients(net, streams)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    for name, grad in expected.items():
        torch.testing.assert_close(ours[name], grad, rtol=1e-10, atol=1e-12, msg=name)


@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (1, 3), (4, 4), (4, 5), (4, 7), (4, 8), (4, 11), (5, 13), (3, 40)])
def test_truncation_is_the_one_done_by_hand(k1, k2):
    net, streams = Net(RNN), corpus()
    _, ours = summed_gradients(net, streams, k1, k2)
    expected = truncated_by_hand(net, streams, k1, k2)
    torch.testing.assert_close(ours["cell.weight_hh_l0"], expected, rtol=1e-10, atol=1e-12)


def test_another_reach_gives_another_gradient():
    net, streams = Net(RNN), corpus()
    _, ours = summed_gradients(net, streams, 4, 6)
    for other in (5, 7, 40):
        assert not torch.allclose(ours["cell.weight_hh_l0"], truncated_by_hand(net, streams, 4, other), rtol=1e-3)


def test_equal_reaches_run_every_step_once():
    net, streams, steps = Net(LSTM), corpus(), []

    def counting(inputs, state):
        steps.append(len(inputs))
        return net.recur(inputs, state)

    through_time, position = Truncated(streams, 4), Position()
    while not through_time.ended(position):
        position = through_time.run(counting, position).after
    assert sum(steps) == streams.length
    assert len(steps) == through_time.windows


def test_carried_state_goes_on_where_it_was_and_has_no_history():
    net, streams = Net(LSTM), corpus()
    through_time, position, seen = Truncated(streams, 4, 6), Position(), []
    while not through_time.ended(position):
        reach = through_time.run(net.recur, position)
        seen.append(reach.features)
        position = reach.after
        assert position.state is None or not any(part.requires_grad for part in position.state)
    whole, _ = net.recur(streams.window(0, streams.length).inputs, None)
    torch.testing.assert_close(torch.cat(seen), whole, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("k1", "k2"), [(4, 4), (4, 7), (6, 40)])
def test_a_document_starts_from_zero_and_its_neighbours_do_not_notice(k1, k2):
    net = Net(GRU)
    place = 17  # In stream 1, which holds pairs 13 to 24.
    plain, cut = corpus(), corpus(documents=[place])
    before, after = features_met(net, plain, k1, k2), features_met(net, cut, k1, k2)
    step = place - int(plain.starts[1])
    torch.testing.assert_close(after[:, [0, 2]], before[:, [0, 2]], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(after[:step, 1], before[:step, 1], rtol=1e-12, atol=1e-14)
    alone, _ = net.recur(plain.window(step, plain.length).inputs[:, 1:2], None)
    torch.testing.assert_close(after[step:, 1:2], alone, rtol=1e-12, atol=1e-14)
    assert not torch.allclose(after[step:, 1], before[step:, 1], rtol=1e-3)


def features_met(net, streams, k1, k2):
    through_time, position, seen = Truncated(streams, k1, k2), Position(), []
    while not through_time.ended(position):
        reach = through_time.run(net.recur, position)
        seen.append(reach.features.detach())
        position = reach.after
    return torch.cat(seen)


def test_a_reach_shorter_than_its_window_is_refused():
    with pytest.raises(InputError, match="k2: expected k1 = 8 or more, got 4"):
        Truncated(corpus(), 8, 4)
