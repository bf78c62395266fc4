"""A stream equals the network it was made of: any cell, layer, precision, batch, reset and length of block."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.streams.networks import (
    PRECISIONS,
    RELATIVE,
    Walk,
    as_oracle,
    inputs,
    networks,
    recurrent,
    relative_error,
    same_bits,
)
from torch import nn

import elman

EachSet = Callable[[], Iterator[str]]
HIDDEN = st.integers(1, 70)
WIDE = st.integers(16, 70)
SOME = settings(max_examples=60, deadline=None, derandomize=True)


@given(networks(HIDDEN), st.integers(1, 9), st.data())
@SOME
def test_any_network_equals_its_layers(model: nn.Module, batch: int, data: st.DataObject) -> None:
    """Blocks of random length, and resets of random rows between them."""
    walk, stream = Walk(model), elman.Stream(model, batch)
    got, want = [], []
    for _ in range(data.draw(st.integers(1, 4))):
        block = inputs(model, data.draw(st.integers(1, 6)), batch)
        got.append(stream.run(block))
        want.append(walk.run(block))
        rows = data.draw(st.lists(st.integers(0, batch - 1)))
        stream.reset(rows)
        walk.reset(rows)
    assert relative_error(torch.cat(got), torch.cat(want)) <= RELATIVE["float32"], stream


@given(recurrent(24, WIDE, most=2, narrowest=16), st.sampled_from(["bfloat16", "int8"]), st.integers(0, 1000))
@SOME
def test_lower_precision_is_near(layer: nn.Module, precision: str, seed: int) -> None:
    torch.manual_seed(seed)
    layer.reset_parameters()
    stream, block = elman.Stream(layer, 3, precision), inputs(layer, 12, 3)
    error = relative_error(stream.run(block), Walk(layer).run(block))
    assert error <= RELATIVE[precision], stream
    assert error > RELATIVE["float32"] or stream.precision != precision, "the weights were not rounded"


@given(networks(HIDDEN), st.sampled_from(PRECISIONS), st.integers(1, 9), st.data())
@SOME
def test_a_block_has_the_bits_of_its_steps(model: nn.Module, precision: str, batch: int, data: st.DataObject) -> None:
    block, whole, steps = (
        inputs(model, 9, batch),
        elman.Stream(model, batch, precision),
        elman.Stream(model, batch, precision),
    )
    cut = data.draw(st.integers(0, 9))
    y = torch.cat([whole.run(block[:cut]), whole.run(block[cut:])])
    assert same_bits(y, torch.stack([steps.step(x) for x in block]))
    assert same_bits(whole.state.values, steps.state.values)


@given(networks(HIDDEN), st.sampled_from(PRECISIONS), st.integers(2, 20), st.data())
@SOME
def test_a_row_has_its_bits_whatever_the_others_do(
    model: nn.Module, precision: str, batch: int, data: st.DataObject
) -> None:
    """Each row is alone in its stream and among others, which are reset on the way."""
    block, stream = inputs(model, 8, batch), elman.Stream(model, batch, precision)
    kept, when = data.draw(st.integers(0, batch - 1)), data.draw(st.integers(0, 8))
    first = stream.run(block[:when])
    stream.reset([row for row in range(batch) if row != kept])
    y = torch.cat([first, stream.run(block[when:])])
    alone = elman.Stream(model, 1, precision)
    assert same_bits(y[:, [kept]], alone.run(block[:, [kept]].contiguous()))


@given(networks(HIDDEN), st.sampled_from(PRECISIONS), st.integers(2, 9), st.sampled_from([np.nan, np.inf]))
@SOME
def test_a_nan_stays_in_its_row(model: nn.Module, precision: str, batch: int, bad: float) -> None:
    block = inputs(model, 6, batch)
    if not block.is_floating_point():
        return
    clean, dirty = elman.Stream(model, batch, precision), elman.Stream(model, batch, precision)
    want = clean.run(block)
    block[2, 0, 0] = bad
    got = dirty.run(block)
    assert same_bits(got[:, 1:], want[:, 1:])
    assert same_bits(got[:2], want[:2])
    dirty.reset([0])
    clean.reset([0])
    assert same_bits(dirty.run(block[3:]), clean.run(block[3:]))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(
    "layer", [elman.RNN(5, 20), elman.GRU(5, 20), elman.LSTM(5, 20), elman.GRU(5, 20, reset_after=False)]
)
def test_a_nan_reaches_the_output(layer: nn.Module, precision: str) -> None:
    stream, block = elman.Stream(layer, 2, precision), torch.randn(4, 2, 5)
    block[1, 0, 3] = torch.nan
    y = stream.run(block)
    assert y[0].isfinite().all()
    assert y[1:, 0].isnan().all()
    assert y[:, 1].isfinite().all()


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("H", [1, 7, 16, 33, 128, 300])
def test_each_instruction_set(each_set: EachSet, H: int, precision: str) -> None:
    for name in each_set():
        for layer in (elman.RNN(11, H), elman.GRU(11, H), elman.GRU(11, H, reset_after=False), elman.LSTM(11, H, 2)):
            model = nn.Sequential(layer, nn.Linear(H, 5))
            block, stream = torch.randn(7, 3, 11), elman.Stream(model, 3, precision)
            y = stream.run(block)
            if H >= 16 or stream.precision == "float32":
                assert relative_error(y, Walk(model).run(block)) <= RELATIVE[stream.precision], (name, stream)
            alone = elman.Stream(model, 1, precision)
            assert same_bits(y[:, 1:2], alone.run(block[:, 1:2].contiguous()))


def test_a_precision_that_does_not_run_here_says_so(each_set: EachSet) -> None:
    layer = elman.LSTM(4, 8)
    for name in each_set():
        for precision in PRECISIONS:
            stream = elman.Stream(layer, 1, precision)
            assert stream.backend.startswith(f"stream:{name}")
            if stream.precision != precision:
                assert stream.precision == "float32"
                assert precision in stream.backend.reason
                assert f"{name}," in stream.backend.reason
                assert "runs in float32" in stream.backend.reason
    portable = elman.Stream(layer, 1, "bfloat16")
    assert (name, portable.precision) == ("portable", "float32")


def test_the_papers_gru() -> None:
    layer = elman.GRU(4, 12, 2, reset_after=False)
    block = torch.randn(9, 3, 4)
    want, _ = as_oracle(layer)(block)
    assert relative_error(elman.Stream(layer, 3).run(block), want.detach()) <= RELATIVE["float32"]


@pytest.mark.parametrize("batch", [1, 4, 17])
def test_more_threads_give_the_same_bits(batch: int) -> None:
    model, block = nn.Sequential(elman.LSTM(30, 150, 2), nn.Linear(150, 7)), torch.randn(20, batch, 30)
    assert same_bits(elman.Stream(model, batch, threads=3).run(block), elman.Stream(model, batch).run(block))


def test_the_truth_would_fail() -> None:
    """The comparison notices one weight that is off by a thousandth."""
    layer, block = elman.LSTM(5, 20), torch.randn(9, 2, 5)
    want = Walk(layer).run(block)
    with torch.no_grad():
        layer.weight_hh_l0[3, 3] += 1e-3
    assert relative_error(elman.Stream(layer, 2).run(block), want) > RELATIVE["float32"]
