"""torch.nn's modules become Elman's where they stand: the same objects, weights, hooks and numbers."""

import copy
import warnings

import pytest
import torch
from tests.tolerance import assert_close
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

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
    with pytest.warns(UserWarning, match=r"^elman.adopt left 1 of the recurrent modules alone: mine: Mine extends GRU"):
        replaced = elman.adopt(model)
    assert replaced == NAMES
    said = "Mine extends GRU, and may compute something else: derive it from elman.GRU, or use that itself"
    assert replaced.left == {"mine": said}
    assert repr(replaced) == f"{NAMES} left: {replaced.left}"
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

    del model.mine
    assert elman.adopt(model) == []
    model.mine = modules["mine"]
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
            with pytest.warns(UserWarning, match="mine"):
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


@pytest.mark.usefixtures("fresh_compiler")
def test_a_compiled_model_follows() -> None:
    layer = nn.GRU(3, 4)
    want, _ = layer(X)
    elman.adopt(layer)
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    assert_close(compiled(X)[0], want, "y")


def test_what_is_left_alone_has_a_reason() -> None:
    layer = elman.GRU(3, 4, reset_after=False)
    assert elman.release(layer) == []
    assert elman.release(layer).left == {"": "torch has no GRU that resets before the product"}
    recorded = elman.LSTM(3, 4)
    with elman.record(recorded):
        assert elman.release(recorded).left == {"": "it is being recorded; leave the record's block first"}
    assert elman.adopt(recorded).left == {"": "it is elman.layers.lstm.LSTM already"}
    assert elman.release(Mine(3, 4)).left == {"": "Mine extends GRU, and may compute something else"}
    for call in (elman.adopt, elman.release):
        with pytest.raises(InputError, match=r"expected a torch module, got TextGenerator: give the network itself"):
            call(elman.TextGenerator())
    with pytest.raises(InputError, match=r"elman.adopt: expected a model with an RNN, GRU or LSTM; Linear has none"):
        elman.adopt(nn.Linear(2, 2))


class Doubled(nn.Module):
    """A parametrization that is easy to see."""

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return 2 * weight


def weight_normed(module: nn.Module, name: str) -> nn.Module:
    weight_norm(module, name)
    with torch.no_grad():
        module.parametrizations[name].original0.mul_(1.5)
    return module


PARAMETRIZED = {
    "weight norm": weight_normed,
    "spectral norm": lambda module, name: spectral_norm(module, name).eval(),
    "own": lambda module, name: parametrize.register_parametrization(module, name, Doubled()),
}


@pytest.mark.parametrize("how", PARAMETRIZED)
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM, nn.GRUCell, nn.LSTMCell])
def test_a_parametrized_module_is_adopted_with_its_parametrization(kind: type[nn.Module], how: str) -> None:
    torch.manual_seed(0)
    cell = issubclass(kind, nn.RNNCellBase)
    plain, name = kind(3, 4), "weight_hh" if cell else "weight_hh_l0"
    module = PARAMETRIZED[how](copy.deepcopy(plain), name)
    first = (lambda y: y[0] if isinstance(y, tuple) else y) if cell else (lambda y: y[0])
    x, state = (X[0], torch.ones(2, 4)) if cell else (X, None)
    hx = (state, state) if kind is nn.LSTMCell else state
    want = first(module(x, hx))
    parameters = dict(module.named_parameters())
    grads = torch.autograd.grad(want.sum(), list(parameters.values()))
    assert not torch.allclose(want, first(plain(x, hx)))  # the parametrization counts
    assert elman.adopt(module) == [""]
    got = first(module(x, hx))
    assert_close(got, want, "y")
    for grad, wanted in zip(torch.autograd.grad(got.sum(), list(parameters.values())), grads, strict=True):
        assert_close(grad, wanted, "gradient")
    assert isinstance(module, getattr(elman, kind.__name__))
    assert dict(module.named_parameters()).keys() == parameters.keys()
    if not cell:
        with elman.record(module) as rec:
            module(x)
        assert len(rec.calls) == 1
    assert elman.release(module) == [""]
    assert isinstance(module, kind)
    assert torch.equal(first(module(x, hx)), want)
    elman.adopt(module)
    parametrize.remove_parametrizations(module, name)
    assert type(module) is getattr(elman, kind.__name__)


def test_the_older_weight_norm_is_adopted() -> None:
    with pytest.warns(FutureWarning, match="weight_norm"):
        layer = nn.utils.weight_norm(nn.LSTM(3, 4), "weight_hh_l0")
    want = layer(X)[0]
    assert elman.adopt(layer) == [""]
    assert_close(layer(X)[0], want, "y")


def test_what_can_never_be_recorded_says_so_and_does_not_advise_adopting() -> None:
    with warnings.catch_warnings(action="ignore"):  # torch deprecates its own
        scripted = torch.jit.script(nn.LSTM(3, 4))
    for model, said in ((nn.Sequential(Mine(3, 4)), "Mine extends GRU"), (scripted, "LSTM is TorchScript")):
        with pytest.warns(UserWarning, match=said):
            elman.adopt(model)
        with pytest.raises(InputError, match=said) as caught:
            elman.record(model)
        assert "call elman.adopt" not in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"call elman\.adopt\(model\) first"):
        elman.record(nn.LSTM(3, 4))


def test_a_quantized_layer_is_left_alone() -> None:
    with warnings.catch_warnings(action="ignore"):  # torch deprecates its own
        from torch.ao.nn.quantized.dynamic import LSTM

        model = nn.ModuleDict({"a": LSTM(3, 4), "b": nn.LSTM(3, 4)})
    with pytest.warns(UserWarning, match="a: LSTM is quantized, and no float layer"):
        assert elman.adopt(model) == ["b"]


class Sub(elman.LSTM):
    """Derived from Elman's, as the advice says."""


def test_the_advice_for_a_derived_class_works() -> None:
    layer = Sub(3, 4)
    with elman.record(layer) as rec:
        layer(X)
    assert rec.gates["f"].shape == (6, 2, 4)
