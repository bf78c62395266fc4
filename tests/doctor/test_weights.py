"""A network with torch's first weights is told from one that has learned, or was initialised otherwise."""

import pytest
import torch
from tests.doctor.models import CELLS, Net, batch, diagnose, orthogonal, set_weights
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

import elman
from elman.doctor.weights import as_initialised


@pytest.mark.parametrize("hidden", [1, 2, 16, 70])
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM, elman.GRU])
def test_first_weights(kind, hidden):
    for seed in range(20):
        torch.manual_seed(seed)
        assert as_initialised([kind(3, hidden, num_layers=2, bidirectional=True)]), seed
    assert as_initialised([kind(3, hidden).double(), kind(3, hidden, bias=False), kind(3, hidden).bfloat16()])


CHANGES = {
    "scaled down": {"weight_hh_l0": lambda w: w * 0.3},
    "scaled up": {"weight_hh_l0": lambda w: w * 1.2},
    "orthogonal": {"weight_hh_l0": orthogonal(1.0)},
    "normal": {"weight_ih_l0": lambda w: torch.randn_like(w) * 0.1},
    "biases at 0": {"bias_ih_l0": 0.0},
    "one gate's bias at 0": {"bias_ih_l0": lambda b: b * (torch.arange(len(b)) >= 16)},
    "one number out of bounds": {"bias_hh_l0": lambda b: torch.where(torch.arange(len(b)) == 3, 0.3, b)},
    "not finite": {"weight_hh_l0": lambda w: w * torch.nan},
}


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("cell", CELLS)
def test_other_weights(cell, how):
    torch.manual_seed(0)
    assert not as_initialised([set_weights(Net(CELLS[cell]), **CHANGES[how]).rnn])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("optimizer", "rate"), [(torch.optim.Adam, 1e-3), (torch.optim.SGD, 0.1)])
def test_a_few_updates_are_seen(cell, optimizer, rate):
    torch.manual_seed(0)
    net = Net(CELLS[cell])
    x, targets = batch(net)
    updates = optimizer(net.parameters(), rate)
    for _ in range(10):
        updates.zero_grad()
        nn.functional.mse_loss(net(x), targets).backward()
        updates.step()
    assert not as_initialised([net.rnn])
    assert diagnose(net).headline.startswith("Healthy")


def test_cells_and_parametrized_layers():
    torch.manual_seed(0)
    cell, x = nn.LSTMCell(6, 16), torch.randn(4, 6)

    def loss():
        state = None
        for _ in range(9):
            state = cell(x, state)
        return state[0].square().sum()

    assert elman.diagnose(cell, loss).headline.startswith("As initialised")
    weight_norm(cell, "weight_hh")
    assert elman.diagnose(cell, loss).headline.startswith("Healthy")
    assert not as_initialised([weight_norm(nn.GRU(3, 4), "weight_hh_l0")])


def test_a_model_that_was_fitted_is_never_fresh():
    model = elman.TextGenerator(hidden_size=6, num_layers=1, batch_size=4, k1=8, epochs=1, learning_rate=1e-9)
    model.fit("to be, or not to be\n" * 20)
    assert as_initialised([model.network_.recurrent])
    assert not elman.diagnose(model).findings.fresh
