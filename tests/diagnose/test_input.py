"""What cannot be examined is said in one line: where, what was expected, what came, what to do."""

import pytest
import torch
from tests.diagnose.models import Net, batch, diagnose
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

import elman
from elman.errors import DataError, InputError


@pytest.mark.parametrize("call", [elman.diagnose, elman.truncation])
@pytest.mark.parametrize(
    ("model", "said"),
    [
        (nn.Linear(3, 2), "Linear has no recurrent layer"),
        (nn.LSTMCell(3, 2), "LSTMCell has no recurrent layer"),
        ("a model", "expected a torch module or a model of Elman's"),
        (elman.GRU(3, 2).requires_grad_(False), "no parameter takes a gradient"),
        (torch.compile(elman.GRU(3, 2), backend="eager"), "it is compiled"),
        (elman.GRU(3, 2).to("meta"), "move one with .to('meta')"),
    ],
)
def test_models(call, model, said):
    x = torch.randn(5, 2, 3)
    with pytest.raises(InputError, match=r"^[^\n]*$") as caught:
        call(model, (x, torch.randn(5, 2, 2)), loss=nn.functional.mse_loss)
    assert said in str(caught.value)


def test_a_module_compiled_in_place():
    net = elman.GRU(3, 2)
    net.compile(backend="eager")
    with pytest.raises(InputError, match="it is compiled"):
        elman.diagnose(net, (torch.randn(5, 2, 3), torch.randn(5, 2, 2)), loss=nn.functional.mse_loss)


def test_a_layer_of_a_class_of_its_own():
    net = Net(elman.GRU)
    net.rnn = weight_norm(nn.GRU(6, 16), "weight_hh_l0")
    with pytest.raises(InputError, match="rnn cannot be looked into"):
        diagnose(net)


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        ((torch.randn(5, 2, 9), torch.randn(5, 2, 2)), {}, r"does not go through the model: .*Expected 6, got 9"),
        (
            (torch.randn(5, 2, 6), torch.randn(5, 2, 3)),
            {"loss": lambda y, t: (y - t).sum()},
            "does not go through the model",
        ),
        ((torch.randn(5, 2, 6).double(), torch.randn(5, 2, 2)), {}, r"convert model"),
        (torch.randn(5, 2, 6), {}, r"a pair|\(inputs, targets\)"),
        ((torch.randn(5, 2, 6),), {}, r"a pair|\(inputs, targets\)"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"loss": None}, "give one, as nn.MSELoss"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"loss": lambda y, t: y - t}, "expected one number"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"loss": lambda y, t: 1.0}, "expected one number as a tensor"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"loss": lambda y, t: t.sum()}, "does not depend on the model"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"clip": 0.0}, "clip: expected a number above 0"),
        ((torch.randn(5, 2, 6), torch.randn(5, 2, 2)), {"truncation": -1}, "truncation: expected a number above 0"),
        (
            (torch.randn(5, 2, 6), torch.randn(5, 2, 2)),
            {"limit": 1000},
            r"takes 1 MiB or more, and limit is 0.00095.*--limit",
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
