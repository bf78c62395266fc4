import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from elman.bptt import Streams
from elman.bptt.streams import IGNORED
from elman.errors import DataError


def targets_met(streams: Streams, k1: int) -> list[int]:
    """Every target that windows of k1 steps give, padding left out, as symbols."""
    met = []
    for begin in range(0, streams.length, k1):
        end = min(begin + k1, streams.length)
        targets = streams.window(begin, end).targets
        found = targets[targets != IGNORED].tolist()
        assert len(found) == streams.count(begin, end)
        met += found
    return met


@given(length=st.integers(2, 300), batch=st.integers(1, 20), k1=st.integers(1, 50))
def test_every_target_is_met_exactly_once(length, batch, k1):
    symbols = np.arange(length)
    if length - 1 < batch:
        with pytest.raises(DataError, match="cannot fill"):
            Streams(symbols, batch)
        return
    assert sorted(targets_met(Streams(symbols, batch), k1)) == list(range(1, length))


def test_a_reader_that_drops_the_ragged_end_is_caught():
    streams = Streams(np.arange(24), 5)
    streams.lengths[:] = streams.lengths.min()
    streams.length = int(streams.lengths.min())
    assert sorted(targets_met(streams, 2)) != list(range(1, 24))


@given(length=st.integers(10, 200), batch=st.integers(1, 9), begin=st.integers(0, 5), width=st.integers(1, 9))
def test_a_target_is_the_symbol_after_its_input(length, batch, begin, width):
    streams = Streams(np.arange(length), batch)
    window = streams.window(begin, begin + width)
    real = window.targets != IGNORED
    assert torch.equal(window.targets[real], window.inputs[real] + 1)
    assert window.inputs.shape == window.targets.shape == (width, batch)


@given(
    length=st.integers(12, 200),
    batch=st.integers(1, 9),
    k1=st.integers(1, 30),
    documents=st.sets(st.integers(0, 220), max_size=12),
)
def test_a_document_resets_its_own_stream_at_its_first_symbol(length, batch, k1, documents):
    streams = Streams(np.arange(length), batch, np.array(sorted(documents), dtype=np.int64))
    reset = []
    for begin in range(0, streams.length, k1):
        window = streams.window(begin, min(begin + k1, streams.length))
        for step, rows in window.resets:
            reset += window.inputs[step, rows].tolist()
    assert sorted(reset) == sorted(d for d in documents if 0 < d < length - 1)


def test_a_memory_map_gives_the_same_windows(tmp_path):
    symbols = np.arange(1000, dtype=np.uint16)
    symbols.tofile(tmp_path / "symbols")
    mapped = np.memmap(tmp_path / "symbols", np.uint16, mode="r")
    for begin in (0, 50, 90):
        ours, theirs = Streams(mapped, 9).window(begin, begin + 20), Streams(symbols, 9).window(begin, begin + 20)
        assert torch.equal(ours.inputs, theirs.inputs)
        assert torch.equal(ours.targets, theirs.targets)
