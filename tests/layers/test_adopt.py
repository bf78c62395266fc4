"""torch.nn's modules become Elman's where they stand: the same objects, weights, hooks and numbers."""

import copy

import pytest
import torch
from tests.tolerance import assert_close
from torch import nn

import elman
from elman.errors import InputError


class Mine(nn.GRU):
    """Somebody's own."""


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.GRU(3, 4, bidirectional=True)
        self.body = nn.ModuleDict({"lstm": nn.LSTM(8, 5, num_layers=2, dropout=0.5), "rnn": nn.RNN(5, 5)})
        self.again = self.body["rnn"]
        self.relu = nn.RNN(5, 5, nonlinearity="relu", batch_first=True)
        self.cells = nn.ModuleList([nn.LSTMCell(5, 5), nn.GRUCell(5, 5), nn.RNNCell(5, 5)])
        self.mine = Mine(5, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, _ = self.body["lstm"](self.encoder(x)[0])
        x, _ = self.relu(self.again(self.body["rnn"](x)[0])[0])
        h, _ = self.cells[0](x[-1])
        return self.mine(self.cells[2](self.cells[1](h))[None])[0]


NAMES = ["encoder", "body.lstm", "body.rnn", "relu", "cells.0", "cells.1", "cells.2"]
X = torch.randn(6, 2, 3, generator=torch.Generator().manual_seed(3))


def numbers(model: nn.Module) -> dict[str, torch.Tensor]:
    model.zero_grad()
    y = model(X)
    y.square().sum().backward()
    return {"y": y} | {name: parameter.grad for name, parameter in model.named_parameters()}


def test_there_and_back() -> None:
    model = Model().eval()
    want = numbers(model)
    before, modules = dict(model.named_parameters()), dict(model.named_modules())
    replaced = elman.adopt(model)
    assert replaced == NAMES
    assert replaced.left == {"mine": "Mine extends a recurrent module, and may compute something else"}
    assert {type(model.get_submodule(name)).__module__.split(".")[0] for name in NAMES} == {"elman"}
    assert all(p is before[name] for name, p in model.named_parameters())
    assert all(m is modules[name] for name, m in model.named_modules())
    assert model.again is model.body["rnn"]
    assert not model.body["lstm"].training
    for name, value in numbers(model).items():
        assert_close(value, want[name], name)
    with elman.record(model) as rec:
        model(X)
    assert [name for name, *_ in rec.names] == ["encoder", "encoder", "body.lstm", "body.lstm", "body.rnn", "relu"]

    assert elman.adopt(model) == []
    assert elman.release(model) == NAMES
    assert all(type(m) is type(other) for m, other in zip(model.modules(), Model().modules(), strict=True))
    assert vars(model.encoder).keys() == vars(nn.GRU(3, 4)).keys()
    for name, value in numbers(model).items():
        assert torch.equal(value, want[name]), name


def test_an_optimiser_goes_on() -> None:
    ours = Model().eval()
    theirs = copy.deepcopy(ours)
    optimizers = [torch.optim.Adam(model.parameters(), lr=0.01) for model in (ours, theirs)]
    for turn in range(4):
        if turn == 2:
            elman.adopt(ours)
        for model, optimizer in zip((ours, theirs), optimizers, strict=True):
            numbers(model)
            optimizer.step()
    for name, parameter in ours.named_parameters():
        assert_close(parameter, theirs.get_parameter(name), name)


def test_a_module_itself_and_its_hooks() -> None:
    layer, called = nn.LSTM(3, 4), []
    handle = layer.register_forward_hook(lambda *_: called.append("forward"))
    layer.register_forward_pre_hook(lambda *_: called.append("before"))
    layer.weight_hh_l0.register_hook(lambda _: called.append("gradient"))
    assert elman.adopt(layer) == [""]
    assert type(layer) is elman.LSTM
    layer(X)[0].sum().backward()
    assert called == ["before", "forward", "gradient"]
    handle.remove()
    layer(X)
    assert called[3:] == ["before"]


def test_a_compiled_model_follows() -> None:
    layer = nn.GRU(3, 4)
    want, _ = layer(X)
    elman.adopt(layer)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    assert_close(compiled(X)[0], want, "y")
    torch._dynamo.reset()


def test_what_is_left_alone_has_a_reason() -> None:
    layer = elman.GRU(3, 4, reset_after=False)
    assert elman.release(layer) == []
    assert elman.release(layer).left == {"": "torch has no GRU that resets before the product"}
    recorded = elman.LSTM(3, 4)
    with elman.record(recorded):
        assert elman.release(recorded).left == {"": "it is being recorded; leave the record's block first"}
    assert elman.adopt(recorded).left == {"": "it is elman.layers.lstm.LSTM already"}
    with pytest.raises(InputError, match=r"elman.adopt: expected a model with an RNN, GRU or LSTM; Linear has none"):
        elman.adopt(nn.Linear(2, 2))
