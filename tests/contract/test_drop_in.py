"""A program written for torch.nn runs unchanged: constructor, parameters, saving, copying, parametrization, repr."""

import copy
import io
import warnings
from typing import Any

import pytest
import torch
from tests.contract.registry import Case, Cell, Run, pair, results
from tests.tolerance import assert_all_close
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torch.nn.utils.parametrize import register_parametrization
from torch.nn.utils.rnn import pack_padded_sequence

import elman
from elman.ops.dispatch import use_backend

CONFIGURATIONS: list[dict[str, Any]] = [
    {},
    {"num_layers": 2, "bias": False},
    {"num_layers": 3, "dropout": 0.25, "bidirectional": True},
    {"batch_first": True, "dtype": torch.float64},
]
CASE = Case("stacked_both_ways", options={"num_layers": 2, "bidirectional": True})


def both(cell: Cell, *args: Any, **options: Any) -> tuple[nn.RNNBase, nn.RNNBase]:
    """The two layers, each made under the same seed."""
    torch.manual_seed(3)
    layer = cell.layer(*args, **cell.options, **options)
    torch.manual_seed(3)
    return layer, cell.truth(*args, **cell.truth_options, **options)


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_same_seed_same_parameters(cell: Cell, options: dict[str, Any]) -> None:
    layer, truth = both(cell, 3, 4, **options)
    assert list(layer.state_dict()) == list(truth.state_dict())
    for name, value in truth.state_dict().items():
        assert torch.equal(layer.state_dict()[name], value), name


@pytest.mark.parametrize("options", CONFIGURATIONS, ids=str)
def test_same_repr_and_attributes(cell: Cell, options: dict[str, Any]) -> None:
    layer, truth = both(cell, 3, 4, **options)
    expected = repr(truth).replace("ResetBeforeGRU", "GRU")
    assert repr(layer) == (expected if cell.in_torch else expected[:-1] + ", reset_after=False)")
    for name in (*truth.__constants__, *(["nonlinearity"] if cell.name.startswith("rnn") else [])):
        assert getattr(layer, name) == getattr(truth, name), name


def test_positional_arguments_mean_the_same(cell: Cell) -> None:
    extra = [cell.options["nonlinearity"]] if "nonlinearity" in cell.options else ["tanh"] * cell.name.startswith("rnn")
    keywords = {name: value for name, value in cell.options.items() if name != "nonlinearity"}
    arguments = (3, 4, 2, *extra, False, True, 0.5, True)
    assert repr(cell.layer(*arguments, **keywords)) == repr(
        both(cell, 3, 4, 2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)[0]
    )
    assert cell.layer(*arguments, **keywords).mode == cell.truth(*arguments).mode


def test_state_dict_both_ways(cell: Cell, run: Run) -> None:
    layer, truth = pair(cell, CASE, run.dtype)
    with torch.no_grad():
        for parameter in truth.parameters():
            parameter.normal_()
    assert layer.load_state_dict(truth.state_dict()).missing_keys == []
    assert truth.load_state_dict(layer.state_dict()).missing_keys == []
    assert_all_close(results(layer, CASE), results(truth, CASE))


def test_saved_and_loaded(cell: Cell) -> None:
    layer, _ = both(cell, 3, 4, num_layers=2)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = cell.layer(3, 4, 2, **cell.options)
    other.load_state_dict(torch.load(file, weights_only=True))
    x = torch.randn(5, 2, 3)
    assert torch.equal(layer(x)[0], other(x)[0])


def test_deepcopy_is_equal_and_apart(cell: Cell, run: Run) -> None:
    layer, truth = pair(cell, CASE, run.dtype)
    twin = copy.deepcopy(layer)
    with torch.no_grad():
        layer.weight_hh_l0.zero_()
    assert_all_close(results(twin, CASE), results(truth, CASE))
    with pytest.raises(AssertionError):
        assert_all_close(results(layer, CASE), results(truth, CASE))


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_to_another_dtype(cell: Cell) -> None:
    layer, truth = pair(cell, CASE, torch.float32)
    assert_all_close(results(layer.double(), CASE), results(truth, CASE))
    assert layer.backend == ("torch" if cell.in_torch else "reference")
    y, _ = layer.bfloat16()(torch.randn(3, 2, 5, dtype=torch.bfloat16))
    assert y.dtype == torch.bfloat16
    layer.flatten_parameters()


def test_a_parametrized_weight_is_honoured(cell: Cell, run: Run) -> None:
    layer, truth = pair(cell, CASE, run.dtype)
    weight_norm(layer, "weight_hh_l0")
    layer.parametrizations.weight_hh_l0.original0.data.mul_(3)
    truth.weight_hh_l0.data.mul_(3)
    got, want = results_without_parameters(layer), results_without_parameters(truth)
    assert_all_close(got, want)
    layer(torch.randn(2, 3, CASE.I, dtype=run.dtype))[0].sum().backward()
    assert layer.parametrizations.weight_hh_l0.original1.grad is not None


class Counting(nn.Module):
    """A parametrization that counts how often it is computed."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return weight


@pytest.mark.parametrize("kind", ["layer", "packed", "recorded", "step"])
def test_a_parametrized_weight_is_computed_once_in_a_call(cell: Cell, run: Run, kind: str) -> None:
    """Spectral norm takes a step of its power iteration each time."""
    module = (cell.step if kind == "step" else cell.layer)(3, 4, **cell.options).to(run.dtype)
    names = [name for name, _ in module.named_parameters()]
    for name in names:
        register_parametrization(module, name, Counting())
    x = torch.randn(5, 2, 3, dtype=run.dtype)
    counters = [module.parametrizations[name][0] for name in names]
    for counter in counters:
        counter.calls = 0
    if kind == "recorded":
        with use_backend(None), elman.record(module):
            module(x)
    else:
        module({"layer": x, "packed": pack_padded_sequence(x, [5, 3]), "step": x[0]}[kind])
    assert [counter.calls for counter in counters] == [1] * len(names)


def test_a_weight_set_before_each_call_is_honoured(cell: Cell, run: Run) -> None:
    """As weight dropping does: the parameter is replaced by a tensor computed from another."""
    layer, truth = pair(cell, CASE, run.dtype)
    raw = layer.weight_hh_l0
    del layer._parameters["weight_hh_l0"]
    layer.weight_hh_l0 = raw * 2
    truth.weight_hh_l0.data.mul_(2)
    assert_all_close(results_without_parameters(layer), results_without_parameters(truth))


def test_functional_call_is_honoured(cell: Cell, run: Run) -> None:
    layer, truth = pair(cell, CASE, run.dtype)
    other = {name: value.detach() / 2 for name, value in layer.named_parameters()}
    x = torch.randn(3, 2, CASE.I, dtype=torch.float64)
    y, _ = torch.func.functional_call(layer, other, (x.to(run.dtype),))
    for parameter in truth.parameters():
        parameter.data.div_(2)
    assert_all_close({"y": y}, {"y": truth(x)[0]})


def results_without_parameters(layer: nn.RNNBase) -> dict[str, torch.Tensor]:
    return {
        name: value
        for name, value in results(layer, CASE).items()
        if not name.startswith("grad weight") and not name.startswith(("grad bias", "grad parametrizations"))
    }


def test_dropout_without_a_second_layer_warns(cell: Cell) -> None:
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last") as caught:
        cell.layer(3, 4, dropout=0.5, **cell.options)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cell.layer(3, 4, 2, dropout=0.5, **cell.options)
