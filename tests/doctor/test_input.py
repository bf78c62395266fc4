"""Models that cannot be examined are refused in one line: where, expected, got, what to do."""

import inspect

import pytest
import torch
from tests.doctor.models import Net, batch, diagnose
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

import elman
from elman.errors import DataError, InputError


@pytest.mark.parametrize("call", [elman.diagnose, elman.truncation])
@pytest.mark.parametrize(
    ("model", "said"),
    [
        (nn.Linear(3, 2), "Linear has no recurrent layer"),
        ("a model", "expected a torch module or a model of Elman's"),
        (elman.GRU(3, 2).requires_grad_(False), "expected a parameter that requires a gradient"),
        (torch.compile(elman.GRU(3, 2), backend="eager"), "expected a module that is not compiled"),
        (elman.GRU(3, 2).to("meta"), "move one with .to('meta')"),
    ],
)
def test_models(call, model, said):
    x = torch.randn(5, 2, 3)
    with pytest.raises(InputError, match=r"^[^\n]*$") as caught:
        call(model, (x, torch.randn(5, 2, 2)), loss=nn.functional.mse_loss)
    assert said in str(caught.value)


def test_cells_are_examined_and_not_run_in_windows():
    x = torch.randn(2, 3)
    report = elman.diagnose(nn.LSTMCell(3, 2), (x, torch.randn(2, 2)), loss=nn.functional.mse_loss)
    assert report.headline == "Nothing was followed through time: the layer (one step only)."
    with pytest.raises(InputError, match="LSTMCell has no recurrent layer"):
        elman.truncation(nn.LSTMCell(3, 2), (x, torch.randn(2, 2)), loss=nn.functional.mse_loss)


def test_a_module_compiled_in_place():
    net = elman.GRU(3, 2)
    net.compile(backend="eager")
    with pytest.raises(InputError, match="that is not compiled"):
        elman.diagnose(net, (torch.randn(5, 2, 3), torch.randn(5, 2, 2)), loss=nn.functional.mse_loss)


class Mine(nn.GRU):
    """Somebody's own."""


def test_a_layer_of_a_class_of_its_own():
    net = Net(elman.GRU)
    net.rnn = Mine(6, 16)
    with pytest.raises(InputError, match="rnn cannot be examined: Mine extends GRU") as caught:
        diagnose(net)
    assert "\n" not in str(caught.value)
    assert "elman.adopt" not in str(caught.value)


def test_a_layer_of_a_class_of_its_own_among_others():
    net = nn.ModuleDict({"a": nn.GRU(6, 16), "b": Mine(16, 2)})
    x, targets = torch.randn(5, 2, 6), torch.randn(5, 2, 2)
    report = elman.diagnose(net, lambda: nn.functional.mse_loss(net["b"](net["a"](x)[0])[0], targets))
    assert [layer.name for layer in report.layers] == ["a"]
    assert "Not followed through time: b (Mine extends GRU" in report.headline
    assert type(net["a"]) is nn.GRU


def test_a_parametrized_layer_is_examined_and_put_back():
    net = Net(elman.GRU)
    net.rnn = weight_norm(nn.GRU(6, 16), "weight_hh_l0")
    kind = type(net.rnn)
    report = diagnose(net)
    assert report.headline.startswith("Healthy")
    assert type(net.rnn).__bases__ == kind.__bases__ == (nn.GRU,)
    assert report.layers[0].spectra["r"].norm > 0


class Options(Net):
    def forward(self, x, state=None, scale=1.0):
        return self.head(self.rnn(x, state)[0]) * scale


@pytest.mark.parametrize("kind", [nn.GRU, elman.GRU])
def test_a_tuple_is_arguments_and_a_dictionary_arguments_by_name(kind):
    torch.manual_seed(0)
    net = Options(kind)
    x, targets = batch(net)
    state, loss = torch.randn(1, 4, 16), nn.functional.mse_loss
    for given in ((x, state, 2.0), {"x": x, "state": state, "scale": 2.0}):
        found = diagnose(net, (given, targets)).findings.loss
        assert found == pytest.approx(float(loss(net(x, state, 2.0), targets).detach()))
    with pytest.raises(InputError, match=r"TypeError: .*unexpected keyword argument 'scale_'"):
        diagnose(net, ({"x": x, "scale_": 2.0}, targets))
    with pytest.raises(InputError, match="expected the device of the model, meta, got cpu"):
        diagnose(net.to("meta"), ({"x": x}, targets))


def test_a_packed_sequence_is_one_argument():
    class Packed(Net):
        def forward(self, sequence):
            return self.head(self.rnn(sequence)[0].data)

    packed = nn.utils.rnn.pack_sequence([torch.randn(5, 6), torch.randn(3, 6)])
    assert diagnose(Packed(elman.GRU), (packed, torch.randn(8, 2))).findings.steps == 5


class Odd(nn.Module):
    """A network, and what a forward pass may do with it."""

    def __init__(self, make):
        super().__init__()
        self.rnn, self.head, self.make = elman.GRU(6, 4), nn.Linear(4, 2), make

    def forward(self, x):
        return self.make(self, x)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda net, x: net.head(x[..., :4]), "expected a loss that calls rnn, got one without a recurrent layer"),
        (lambda net, x: {"y": net.rnn(x)[0]}, "AttributeError: 'dict' object has no attribute"),
        (lambda net, x: {}["y"], "KeyError: 'y'"),
        (
            lambda net, x: net.head(net.rnn(x[:, :0])[0].sum(1, keepdim=True)).expand(5, 2, 2),
            "expected one sequence or more, got none",
        ),
        (lambda net, x: net.rnn(x[:0])[0], "Leave empty sequences out"),
        (lambda net, x: net.rnn(x)[0].detach()[..., :2], "expected a number that depends on the model's parameters"),
    ],
)
def test_what_cannot_be_examined(make, said):
    with pytest.raises(InputError, match=r"^[^\n]*$") as caught:
        diagnose(Odd(make), (torch.randn(5, 2, 6), torch.randn(5, 2, 2)))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda net, x: net.head(net.rnn(x)[0].detach()), "rnn (no gradient of the loss reaches it)"),
        (lambda net, x: net.head(net.rnn.requires_grad_(False)(x)[0]), "rnn (its parameters take no gradient)"),
        (lambda net, x: net.head(net.rnn(x[:1])[0].expand(5, 2, 4)), "rnn (one step only)"),
    ],
)
def test_nothing_to_follow(make, said, monkeypatch):
    monkeypatch.setattr("elman.doctor.render._picture", lambda _: "")
    report = diagnose(Odd(make), (torch.randn(5, 2, 6), torch.randn(5, 2, 2)))
    assert report.headline == f"Nothing was followed through time: {said}."
    assert not report.healthy
    assert said in " ".join(str(report).split())
    assert said in report._repr_html_()
    assert report.to_dict()["headline"] == report.headline


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_types(dtype):
    torch.manual_seed(0)
    net = Net(elman.LSTM).to(dtype)
    x, targets = (part.to(dtype) for part in batch(net, 12))
    report = diagnose(net, (x, targets))
    assert report.healthy
    assert 0 < report.layers[0].factor < 1


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (
            (torch.randn(5, 2, 9), torch.randn(5, 2, 2)),
            {},
            r"expected one that the model and the loss accept, got .*Expected 6, got 9",
        ),
        (
            (torch.randn(5, 2, 6), torch.randn(5, 2, 3)),
            {"loss": lambda y, t: (y - t).sum()},
            "expected one that the model and the loss accept",
        ),
        ((torch.randn(5, 2, 6).double(), torch.randn(5, 2, 2)), {}, r"convert model"),
        (torch.randn(5, 2, 6), {}, r"a pair|\(inputs, targets\)"),
        ((torch.randn(5, 2, 6),), {}, r"a pair|\(inputs, targets\)"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"loss": None}, "give one, such as nn.MSELoss"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"loss": lambda y, t: y - t}, "expected one number"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"loss": lambda y, t: 1.0}, "expected one number as a tensor"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"loss": lambda y, t: t.sum()}, "depends on the model"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"clip": 0.0}, "clip: expected a number above 0"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"truncation": -1}, "truncation: expected a number above 0"),
        (
            (torch.randn(5, 2, 6), torch.randn(5, 2, 2)),
            {"limit": 1000},
            r"needs 1 MiB or more, and limit is 0.00095.*--limit",
        ),
    ],
)
def test_batches_and_options(given, options, said):
    with pytest.raises(InputError, match=said) as caught:
        elman.diagnose(Net(elman.GRU), given, **({"loss": nn.functional.mse_loss} | options))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [None, "not JSON", "{}"])
def test_metrics(tmp_path, content):
    path = tmp_path / "m.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=r"m\.jsonl"):
        diagnose(Net(elman.GRU), metrics=path)


def test_everything_is_put_back_after_an_error():
    net = Net(nn.GRU)
    with pytest.raises(InputError):
        diagnose(net, batch(net), limit=1)
    assert type(net.rnn) is nn.GRU
    assert net.training
    assert not net.rnn._forward_hooks
    assert diagnose(net).healthy


def test_a_submodule_may_be_called_probe():
    net = Net(elman.GRU)
    net.probe = net.windowed_probe = torch.nn.Linear(2, 2)
    x, y = batch(net)
    for call in (elman.diagnose, elman.truncation):
        assert inspect.isfunction(call)
        call(net, (x, y), loss=torch.nn.functional.mse_loss)
