"""The state of a stream is taken out and set again, through bytes too; another model's is refused."""

import copy
import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.streams.networks import PRECISIONS, inputs, networks, same_bits
from torch import nn

import elman
from elman.errors import InputError
from elman.streams.state import Owner

LAYER = elman.LSTM(5, 7)


def state(layer: nn.Module = LAYER, batch: int = 2, precision: str = "float32") -> elman.StreamState:
    stream = elman.Stream(layer, batch, precision)
    stream.step(torch.randn(batch, 5))
    return stream.state


@given(networks(st.integers(1, 40)), st.sampled_from(PRECISIONS), st.integers(1, 5), st.integers(0, 6))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_a_stream_goes_on_from_its_bytes(model: nn.Module, precision: str, batch: int, when: int) -> None:
    block, stream = inputs(model, 6, batch), elman.Stream(model, batch, precision)
    stream.run(block[:when])
    saved = stream.state.to_bytes()
    want = stream.run(block[when:])
    other = elman.Stream(copy.deepcopy(model), batch, precision)
    other.run(block)
    other.state = elman.StreamState.from_bytes(saved)
    assert same_bits(other.run(block[when:]), want)
    assert same_bits(other.state.values, stream.state.values)


def test_a_state_is_a_copy() -> None:
    stream, x = elman.Stream(LAYER), torch.randn(1, 5)
    stream.step(x)
    saved = stream.state
    values = saved.values
    stream.step(x)
    assert same_bits(saved.values, values)
    stream.state = saved
    values[:] = 0
    stream.step(x)
    assert same_bits(saved.values, elman.StreamState.from_bytes(saved.to_bytes()).values)
    assert saved.values.any()


def test_a_state_is_h_and_c_of_each_layer() -> None:
    layer, x = elman.LSTM(5, 7, 2, proj_size=3), torch.randn(4, 2, 5)
    stream = elman.Stream(layer, 2)
    stream.run(x)
    with torch.no_grad():
        _, (h, c) = layer.double()(x.double())
    want = torch.cat([h[0], c[0], h[1], c[1]], dim=1)
    np.testing.assert_allclose(stream.state.values, want, atol=1e-6)


def test_nan_is_kept() -> None:
    stream, other = elman.Stream(LAYER), elman.Stream(LAYER)
    stream.step(np.full((1, 5), np.nan, np.float32))
    other.state = elman.StreamState.from_bytes(stream.state.to_bytes())
    assert same_bits(other.state.values, stream.state.values)
    assert np.isnan(other.state.values).any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: state(elman.GRU(5, 7)), r"expected a state of the layers LSTM 5 -> 7, got one of GRU 5 -> 7\. Make a"),
        (lambda: state(elman.LSTM(5, 8)), "got one of LSTM 5 -> 8"),
        (lambda: state(elman.LSTM(5, 7)), "expected a state of the weights [0-9a-f]{64}, got one of [0-9a-f]{64}"),
        (lambda: state(batch=3), r"expected a state of the batch 2, got one of 3"),
        (
            lambda: elman.StreamState(Owner(("LSTM 5 -> 7",), "", "int8", 2), np.zeros((2, 14), np.float32)),
            "the precision float32, got one of int8",
        ),
        (lambda: elman.StreamState(state().owner, np.zeros((2, 13), np.float32)), "the size 14, got one of 13"),
        (lambda: state().to_bytes(), r"expected a StreamState, got bytes\. .*from_bytes"),
        (lambda: None, "expected a StreamState, got NoneType"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(make: Callable[[], Any], message: str) -> None:
    stream = elman.Stream(LAYER, 2)
    stream.step(torch.randn(2, 5))
    before = stream.state.values
    with pytest.raises(InputError, match=message) as error:
        stream.state = make()
    assert "\n" not in str(error.value)
    assert same_bits(stream.state.values, before)


def test_another_equation_of_the_same_sizes_does_not_fit() -> None:
    """The digest covers the equation and the other numbers of a layer, such as a layer norm's eps."""
    first = elman.GRU(5, 7)
    second = elman.GRU(5, 7, reset_after=False)
    second.load_state_dict(first.state_dict())
    with pytest.raises(InputError, match="weights"):
        elman.Stream(second, 2).state = state(first)


SAVED = state(elman.RNN(5, 2)).to_bytes()


@pytest.mark.parametrize("cut", range(0, len(SAVED), 7))
def test_cut_bytes_are_refused(cut: int) -> None:
    with pytest.raises(InputError, match=r"StreamState.from_bytes: expected the bytes .*\. "):
        elman.StreamState.from_bytes(SAVED[:cut])


@pytest.mark.parametrize("place", range(0, len(SAVED), 5))
def test_changed_bytes_are_refused(place: int) -> None:
    changed = bytearray(SAVED)
    changed[place] ^= 4
    with pytest.raises(InputError, match=r"StreamState.from_bytes: expected .*, got .*\. "):
        elman.StreamState.from_bytes(changed)


def written(header: Any, numbers: bytes = b"", version: int = 1) -> bytes:
    """Return what somebody else wrote, with a right checksum."""
    words = header if isinstance(header, bytes) else json.dumps(header).encode()
    begin = b"elman stream state\n" + version.to_bytes(4, "little") + len(words).to_bytes(4, "little")
    content = begin + words + numbers
    return content + hashlib.sha256(content).digest()


HEADER = {"layers": ["RNN 5 -> 2"], "digest": "0", "precision": "float32", "batch": 1}


@pytest.mark.parametrize(
    "data",
    [
        written([]),
        written(b"{"),
        written(b"\xff"),
        written(b"[" * 100_000),
        written(HEADER | {"batch": "1"}),
        written(HEADER | {"more": 1}),
        written({"layers": []}),
        written(HEADER, b"123"),
    ],
)
def test_bytes_that_only_look_right_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="cut or changed"):
        elman.StreamState.from_bytes(data)


def test_another_version_is_refused() -> None:
    assert elman.StreamState.from_bytes(written(HEADER)).owner.batch == 1
    with pytest.raises(InputError, match=r"expected version 1 of the format, got 2\. Use the version"):
        elman.StreamState.from_bytes(written(HEADER, version=2))


@pytest.mark.parametrize("data", ["text", None, 5])
def test_bytes_are_bytes(data: Any) -> None:
    with pytest.raises(InputError, match="expected bytes, got"):
        elman.StreamState.from_bytes(data)
