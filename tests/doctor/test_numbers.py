"""Every measured number beside the same one from plain autograd, or from torch's linear algebra."""

import copy
import math

import numpy as np
import pytest
import torch
from tests.doctor.models import CELLS, Net, batch, diagnose, set_weights
from tests.tolerance import RELATIVE
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import elman
from elman.doctor.gates import time_constant

F32 = RELATIVE[torch.float32]
TORCH = {elman.RNN: nn.RNN, elman.GRU: nn.GRU, elman.LSTM: nn.LSTM}


def one_step_at_a_time(net, x):
    """h and c of every step as tensors of one graph, by torch's own layer."""
    layer = TORCH[type(net.rnn)](x.shape[-1], net.rnn.hidden_size).double()
    layer.load_state_dict(net.rnn.state_dict())
    state, states = None, []
    for x_t in x.double():
        _, state = layer(x_t[None], state)
        states.append(state if isinstance(state, tuple) else (state,))
    return states


def state_norm(grads):
    return math.sqrt(sum(float(g.square().sum()) for g in grads if g is not None))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("last", [False, True])
def test_gradient_by_lag(cell, last):
    torch.manual_seed(0)
    net = Net(CELLS[cell], 5, last=last)
    x, target = batch(net, 9)
    report = diagnose(net, (x, target))
    states = one_step_at_a_time(net, x)
    head = copy.deepcopy(net.head).double()
    y = torch.cat([state[0] for state in states])
    wanted = target.double() if last else target.double()[-1]
    loss = nn.functional.mse_loss(head(y[-1]), wanted, reduction="sum") / target.numel()
    grads = torch.autograd.grad(loss, [part for state in states for part in state], allow_unused=True)
    size = len(states[0])
    norms = [state_norm(grads[k * size : (k + 1) * size]) for k in range(9)]
    norms[-1] = state_norm(grads[-size:][:1])  # at the loss itself c is not the state's part that the loss looks at
    np.testing.assert_allclose(report.layers[0].by_lag, norms[::-1], rtol=1e-4)


def test_a_shifted_lag_would_be_seen():
    torch.manual_seed(0)
    net = Net(elman.GRU, 5)
    by_lag = diagnose(net, batch(net, 9)).layers[0].by_lag
    assert (np.abs(by_lag[1:] / by_lag[:-1] - 1) > 1e-2).all()


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_of_the_whole_loss_by_step(cell):
    torch.manual_seed(0)
    net = Net(CELLS[cell], 5)
    x, target = batch(net, 9)
    report = diagnose(net, (x, target))
    states = one_step_at_a_time(net, x)
    head = copy.deepcopy(net.head).double()
    loss = nn.functional.mse_loss(head(torch.cat([state[0] for state in states])), target.double())
    grads = torch.autograd.grad(loss, [state[0] for state in states])
    np.testing.assert_allclose(report.layers[0].by_step, [float(g.norm()) for g in grads], rtol=1e-4)
    nn.functional.mse_loss(net(x), target).backward()
    assert report.findings.gradient_norm == pytest.approx(
        float(nn.utils.get_total_norm([p.grad for p in net.parameters()])), rel=1e-4
    )


def dense_gains(net, x, layer=0):
    """|J|_F / sqrt(n) of the product of Jacobians from each state to the last, dense, as a mean over the rows."""
    rows = []
    for row in range(x.shape[1]):
        states = one_step_at_a_time(net, x[:, row : row + 1])
        final = torch.cat([part.flatten() for part in states[-1]])
        squares = [float(len(final))]
        for state in states[-2::-1]:
            jacobian = [torch.autograd.grad(out, state, retain_graph=True, allow_unused=True) for out in final]
            squares.append(sum(float(g.square().sum()) for grads in jacobian for g in grads if g is not None))
        rows.append(np.array(squares) / len(final))
    return np.sqrt(np.mean(rows, axis=0))


@pytest.mark.parametrize("cell", CELLS)
def test_products_of_jacobians_beside_dense_ones(cell):
    """Four units make eight numbers of an LSTM's state: as many as there are directions, so that the gain is exact."""
    torch.manual_seed(0)
    net = Net(CELLS[cell], 4)
    data = batch(net, 8, rows=3)
    gain = diagnose(net, data).layers[0].gains.gain
    np.testing.assert_allclose(gain[:-1], dense_gains(net, data[0]), rtol=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_products_of_jacobians_estimated(cell):
    torch.manual_seed(0)
    net = Net(CELLS[cell], 24)
    data = batch(net, 8)
    gain = diagnose(net, data).layers[0].gains.gain
    np.testing.assert_allclose(gain[:-1], dense_gains(net, data[0]), rtol=0.35)
    assert not np.allclose(gain, diagnose(net, data, seed=1).layers[0].gains.gain, rtol=1e-4)


def test_the_measured_gain_stays_under_its_bound_and_need_not_follow_the_radius():
    """A radius above 1 that shrinks gradients all the same: tanh stands between."""
    torch.manual_seed(0)
    net = set_weights(Net(elman.RNN, 4), weight_hh_l0=lambda w: 1.2 * torch.eye(4), bias_ih_l0=3.0)
    layer = diagnose(net).layers[0]
    found, lags = layer.spectra["h"], np.arange(len(layer.gains.gain))
    assert found.radius == pytest.approx(1.2)
    assert (layer.gains.gain <= found.norm**lags * (1 + F32)).all()
    assert layer.gains.gain[10] < 1e-3


@pytest.mark.parametrize(("cell", "gates"), [("rnn", "h"), ("gru", "rzn"), ("lstm", "ifgo")])
def test_spectra(cell, gates):
    net = Net(CELLS[cell], 7)
    spectra = diagnose(net).layers[0].spectra
    assert list(spectra) == list(gates)
    for found, part in zip(spectra.values(), net.rnn.weight_hh_l0.detach().double().chunk(len(gates)), strict=True):
        eigenvalues = torch.linalg.eigvals(part)
        assert found.radius == pytest.approx(float(eigenvalues.abs().max()))
        assert found.norm == pytest.approx(float(torch.linalg.svdvals(part)[0]))
        np.testing.assert_allclose(np.sort(np.abs(found.eigenvalues)), np.sort(eigenvalues.abs().numpy()))


def test_gates_and_time_constant():
    torch.manual_seed(0)
    net = set_weights(Net(elman.LSTM, 3), bias_ih_l0=lambda b: b + 2 * (torch.arange(12) // 3 == 1))
    data = batch(net)
    units = diagnose(net, data).layers[0].units
    with elman.record(net) as rec:
        net(data[0])
    forget = rec["rnn"].gates["f"]
    assert units.gates["f"].mean == pytest.approx(float(forget.mean()), rel=1e-5)
    assert units.gates["f"].high == pytest.approx(float((forget * (1 - forget) < 0.025)[forget > 0.5].sum() / 480))
    assert units.time_constant == pytest.approx(-1 / math.log(float(forget.mean())), rel=1e-4)
    assert (time_constant(1.0), time_constant(0.0)) == (math.inf, 0.0)


def test_memory_and_factor():
    """A linear recurrence by 1/2: under 1 % after 7 steps."""
    net = Net(elman.RNN, 3, nonlinearity="relu", inputs=3)
    set_weights(net, weight_hh_l0=lambda w: torch.eye(3) / 2, weight_ih_l0=lambda w: torch.eye(3), bias_ih_l0=1.0)
    x, y = batch(net)
    layer = diagnose(net, (x.abs(), y)).layers[0]
    assert layer.memory == 7
    assert layer.factor == pytest.approx(0.5, rel=1e-4)
    np.testing.assert_allclose(layer.gains.gain[:20], 0.5 ** np.arange(20), rtol=1e-4)


def same_numbers(one, other):
    np.testing.assert_allclose(one.by_lag, other.by_lag, rtol=1e-3, atol=1e-12)
    np.testing.assert_allclose(one.gains.gain, other.gains.gain, rtol=1e-3, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_layers_of_torch_give_the_same_and_are_put_back(cell):
    torch.manual_seed(0)
    net = Net(CELLS[cell], 6, num_layers=2, dropout=0.5, batch_first=True)
    theirs = copy.deepcopy(net)
    theirs.rnn = TORCH[CELLS[cell]](6, 6, 2, dropout=0.5, batch_first=True)
    theirs.rnn.load_state_dict(net.rnn.state_dict())
    theirs.train()
    modes = [module.training for module in theirs.modules()]
    data = batch(net, 12)
    state = torch.random.get_rng_state()
    for one, other in zip(diagnose(net, data).layers, diagnose(theirs, data).layers, strict=True):
        same_numbers(one, other)
    assert type(theirs.rnn) is TORCH[CELLS[cell]]
    assert theirs.rnn.dropout == 0.5
    assert modes == [module.training for module in theirs.modules()]
    assert all(p.grad is None for p in theirs.parameters())
    assert torch.equal(torch.random.get_rng_state(), state)


def test_final_state_packed_and_last_output_are_one():
    """The loss looks at the same numbers, whether it takes them from the final state, the output or a packed batch."""
    torch.manual_seed(0)
    net = elman.LSTM(4, 5)
    x = torch.randn(12, 3, 4)
    packed = pack_sequence(list(x.transpose(0, 1)))
    losses = [
        lambda: net(x)[0][-1].square().mean(),
        lambda: net(x)[1][0].square().mean(),
        lambda: net(packed)[1][0].square().mean(),
    ]
    first, *others = [elman.diagnose(net, loss).layers[0] for loss in losses]
    for other in others:
        same_numbers(first, other)


def test_a_layer_in_reverse_is_followed_from_the_first_step():
    torch.manual_seed(0)
    both = elman.GRU(4, 5, bidirectional=True)
    single = elman.GRU(4, 5)
    single.load_state_dict({name: both.state_dict()[f"{name}_reverse"] for name in single.state_dict()})
    x = torch.randn(12, 3, 4)
    report = elman.diagnose(both, lambda: both(x)[0][..., 5:].square().mean())
    assert [layer.name for layer in report.layers] == ["layer 0 forward", "layer 0 reverse"]
    alone = elman.diagnose(single, lambda: single(x.flip(0))[0].square().mean())
    same_numbers(report.layers[1], alone.layers[0])


def test_an_encoder_is_reached_through_its_decoder():
    class Translator(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = elman.GRU(4, 5), elman.GRU(4, 5)

        def forward(self, x):
            return self.decoder(x, self.encoder(x)[1])[0]

    torch.manual_seed(0)
    net = Translator()
    x = torch.randn(8, 3, 4)
    report = elman.diagnose(net, (x, torch.randn(8, 3, 5)), loss=nn.functional.mse_loss)
    assert [layer.name for layer in report.layers] == ["encoder", "decoder"]
    assert [len(layer.by_lag) for layer in report.layers] == [8, 8]
    final = net.encoder(x)[1]
    torch.manual_seed(1)
    targets = torch.randn(8, 3, 5)
    (grad,) = torch.autograd.grad(nn.functional.mse_loss(net.decoder(x, final)[0], targets), final)
    encoder = elman.diagnose(net, (x, targets), loss=nn.functional.mse_loss).layers[0].by_lag
    assert encoder[0] == pytest.approx(float(grad.norm()), rel=1e-4)
