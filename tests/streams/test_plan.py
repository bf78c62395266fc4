"""Which modules a stream is made of, and what is said of those that cannot take one step at a time."""

import copy
import re
from typing import Any

import pytest
import torch
from tests.streams.networks import RELATIVE, Walk, relative_error, same_bits
from torch import nn
from torch.nn.utils import parametrizations

import elman
from elman.errors import InputError
from elman.streams.part import one_hot


class Mine(nn.LSTM):
    """A layer with a forward pass of its own."""

    def forward(self, *args: Any) -> Any:
        return super().forward(*args)


class Tagger(nn.Module):
    """A network that offers its parts."""

    def __init__(self, *parts: Any) -> None:
        super().__init__()
        self.inner = nn.ModuleList(part for part in parts if isinstance(part, nn.Module))
        self.parts = list(parts)

    def stream_layers(self) -> list[Any]:
        return self.parts


class Endless(nn.Module):
    """A network that names itself as its part."""

    def stream_layers(self) -> list[nn.Module]:
        return [self]


def holds(model: nn.Module, like: nn.Module | None = None) -> None:
    """Compare a stream of the model with the steps of the model, or of one that is `like` it."""
    block = torch.randn(6, 2, 8)
    error = relative_error(elman.Stream(model, 2).run(block), Walk(like or model).run(block))
    assert error <= RELATIVE["float32"]


def test_a_network_in_a_network() -> None:
    parts = [elman.GRU(8, 16), nn.LayerNorm(16), nn.LSTMCell(16, 5), nn.Linear(5, 4), nn.ReLU()]
    holds(
        nn.Sequential(nn.Sequential(*parts[:2]), nn.Sequential(parts[2]), nn.Dropout(), *parts[3:]),
        nn.Sequential(*parts),
    )


def test_what_comes_first_may_be_an_activation() -> None:
    holds(nn.Sequential(nn.Identity(), nn.Tanh(), elman.RNN(8, 6)))


def test_a_network_of_no_layer_that_keeps_a_state() -> None:
    holds(nn.Sequential(nn.Linear(8, 4), nn.Softmax(dim=-1)))


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"elementwise_affine": False}])
def test_a_layer_norm(options: dict[str, Any]) -> None:
    norm = nn.LayerNorm(8, eps=1e-2, **options)
    for weight in norm.parameters():
        nn.init.normal_(weight)
    holds(nn.Sequential(norm, elman.LSTM(8, 9)))


def test_a_network_that_offers_its_parts() -> None:
    layer, head = elman.LSTM(8, 16, dropout=0.5, num_layers=2), nn.Linear(16, 3)
    holds(Tagger(layer, nn.Dropout(), head), nn.Sequential(layer, head))


def test_symbols_without_an_embedding() -> None:
    layer = elman.GRU(7, 12)
    symbols = torch.randint(7, (9, 2))
    want = Walk(layer).run(nn.functional.one_hot(symbols, 7).float())
    assert relative_error(elman.Stream(Tagger(one_hot(7), layer), 2).run(symbols), want) <= RELATIVE["float32"]


def test_an_adopted_layer() -> None:
    theirs = nn.Sequential(nn.LSTM(8, 6, 2))
    ours = copy.deepcopy(theirs)
    assert elman.adopt(ours) == ["0"]
    block = torch.randn(4, 1, 8)
    assert same_bits(elman.Stream(theirs).run(block), elman.Stream(ours).run(block))


def test_weights_are_those_that_the_module_would_use() -> None:
    layer = parametrizations.weight_norm(elman.LSTM(8, 6), "weight_hh_l0")
    with torch.no_grad():
        layer.parametrizations.weight_hh_l0.original0.mul_(3)
    holds(layer)


@pytest.mark.filterwarnings("ignore:`torch.nn.utils.weight_norm` is deprecated")
def test_the_old_form_of_weight_normalization() -> None:
    """It computes the weight before each call, and leaves one that is out of date between calls."""
    layer = nn.utils.weight_norm(nn.Linear(8, 6))
    with torch.no_grad():
        layer.weight_g.mul_(3)
        stream, x = elman.Stream(layer, 2), torch.randn(2, 8)
        assert relative_error(stream.step(x), layer(x)) <= RELATIVE["float32"]


def test_an_embedding_that_shortens_its_rows() -> None:
    embedding = nn.Embedding(5, 8, padding_idx=2, max_norm=1.5)
    symbols = torch.tensor([4, 2])
    y = elman.Stream(embedding, 2).step(symbols)
    assert relative_error(y, embedding(symbols).detach()) <= RELATIVE["float32"]
    assert not y[1].any()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_other_types_are_converted(dtype: torch.dtype) -> None:
    layer = elman.LSTM(8, 6).to(dtype)
    holds(layer.to(dtype))
    assert layer.weight_ih_l0.dtype == dtype


@pytest.mark.parametrize("batch_first", [False, True])
def test_a_stream_has_time_first(batch_first: bool) -> None:
    layer = elman.GRU(8, 6, batch_first=batch_first)
    assert elman.Stream(layer, 2).run(torch.randn(5, 2, 8)).shape == (5, 2, 6)


def test_training_mode_makes_no_difference() -> None:
    model, x = nn.Sequential(elman.LSTM(8, 6, 2, dropout=0.5), nn.Dropout(0.9)), torch.randn(1, 8)
    assert same_bits(elman.Stream(model.train()).step(x), elman.Stream(model.eval()).step(x))
    assert not model.training


def test_a_model_that_changes_is_not_seen() -> None:
    layer, block = elman.LSTM(8, 6), torch.randn(4, 1, 8)
    stream, other = elman.Stream(layer), elman.Stream(layer)
    y = other.run(block)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
    del layer, weight
    assert same_bits(stream.run(block), y)


REFUSED: list[tuple[Any, str]] = [
    (elman.LSTM(8, 6, bidirectional=True), "LSTM is bidirectional: .* bidirectional=False"),
    (nn.Sequential(nn.Linear(8, 8), nn.GRU(8, 6, bidirectional=True)), r"GRU \(part 1 of the model\) is bidirectional"),
    (
        nn.Sequential(nn.Sequential(nn.Tanh(), nn.GELU())),
        r"GELU \(part 0.1 of the model\) is not known .* stream_layers",
    ),
    (nn.EmbeddingBag(5, 8), "EmbeddingBag adds up several symbols"),
    (nn.MultiheadAttention(8, 2), "MultiheadAttention is not known to take one step"),
    (nn.ModuleList([nn.Linear(8, 8)]), "ModuleList is not known"),
    (Mine(8, 6), "Mine is not known"),
    (Endless(), r"Endless \(part 0 of the model\) contains itself"),
    (nn.Softmax(dim=1), r"Softmax is over dimension 1.*dim=-1"),
    (nn.LayerNorm((2, 8)), r"LayerNorm normalizes several dimensions, \(2, 8\)"),
    (elman.RNNCell(8, 6, nonlinearity="sine"), "RNNCell has the nonlinearity 'sine'"),
    (nn.LazyLinear(8), "LazyLinear has no numbers in its weight yet"),
    (elman.GRU(8, 6, device="meta"), "GRU has no numbers in its weight_ih_l0"),
    (nn.Linear(8, 6, dtype=torch.complex64), "Linear has a weight of torch.complex64"),
    (nn.Sequential(), "got none that has a width"),
    (nn.Sequential(nn.Dropout(), nn.Tanh()), "got none that has a width"),
    (nn.Sequential(elman.RNN(8, 6), nn.Embedding(6, 3)), "expected Embedding to be the first part, got RNN before it"),
    (
        nn.Sequential(elman.RNN(8, 6), nn.Linear(7, 3)),
        "expected Linear to take the 6 features of RNN, got a width of 7",
    ),
    (elman.SequenceTagger(), r"expected a torch.nn.Module, got SequenceTagger"),
    (None, "expected a torch.nn.Module, got NoneType"),
    (Tagger(elman.RNN(8, 6), len), r"builtin_function_or_method \(part 1 of the model\) is not known"),
]


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize(("model", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_stream(model: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        elman.Stream(model)
    assert re.search(message, str(error.value)), error.value
    assert str(error.value).startswith("elman.Stream: ")
    assert "\n" not in str(error.value)
    assert ". " in str(error.value), "it says what to do"


def test_a_changed_forward_is_refused() -> None:
    layer = elman.RNN(8, 6)
    layer.forward = lambda x: x
    with pytest.raises(InputError, match="RNN is not known"):
        elman.Stream(layer)
