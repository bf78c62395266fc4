"""Sequences lie packed as torch packs them; an epoch holds each of them once and follows from seed and number."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.sequences import POOL, Sequences, epoch_batches, sorted_batches

lengths_of = st.lists(st.integers(1, 9), min_size=1, max_size=40)


def numbered(lengths, width=None):
    total, shape = sum(lengths), () if width is None else (width,)
    values = np.arange(total * int(np.prod(shape))).reshape(total, *shape)
    return Sequences.of(np.split(values, np.cumsum(lengths)[:-1]))


@settings(max_examples=40, deadline=None)
@given(lengths_of, st.data(), st.sampled_from([None, 3]))
def test_a_packed_batch_is_torchs(lengths, data, width):
    sequences = numbered(lengths, width)
    rows = np.array(data.draw(st.lists(st.sampled_from(range(len(lengths))), min_size=1, max_size=12, unique=True)))
    packing = sequences.pack(rows)
    parts = [torch.from_numpy(sequences[row]) for row in packing.rows]
    want = torch.nn.utils.rnn.pack_sequence(parts)
    assert sorted(packing.rows) == sorted(rows)
    assert torch.equal(torch.from_numpy(sequences.values[packing.places]), want.data)
    assert torch.equal(torch.from_numpy(packing.batch_sizes), want.batch_sizes)


@settings(max_examples=40, deadline=None)
@given(lengths_of, st.data())
def test_taking_rows_keeps_their_values_and_order(lengths, data):
    sequences = numbered(lengths)
    rows = np.array(data.draw(st.lists(st.sampled_from(range(len(lengths))), min_size=1, max_size=12)))
    taken = sequences.take(rows)
    assert [taken[k].tolist() for k in range(len(rows))] == [sequences[row].tolist() for row in rows]


@settings(max_examples=40, deadline=None)
@given(lengths_of, st.integers(1, 12), st.sampled_from(["first", "last"]), st.sampled_from([None, 3]))
def test_a_window_is_a_slice_filled_up(lengths, steps, side, width):
    sequences = numbered(lengths, width)
    windows = sequences.window(steps, side, -7)
    for row, window in enumerate(windows):
        kept = sequences[row][:steps] if side == "first" else sequences[row][-steps:]
        empty = np.full((steps - len(kept), *kept.shape[1:]), -7)
        parts = (kept, empty) if side == "first" else (empty, kept)
        assert window.tolist() == np.concatenate(parts).tolist()


def test_a_fingerprint_sees_every_value_and_every_length():
    base = numbered([2, 3])
    changed = Sequences(base.values.copy(), base.starts)
    assert changed.fingerprint() == base.fingerprint()
    changed.values[-1] += 1
    assert changed.fingerprint() != base.fingerprint()
    assert numbered([3, 2]).fingerprint() != base.fingerprint()


@settings(max_examples=40, deadline=None)
@given(lengths_of, st.integers(1, 7), st.integers(0, 3))
def test_an_epoch_holds_every_sequence_once(lengths, batch, epoch):
    lengths = np.array(lengths)
    batches = epoch_batches(lengths, batch, 0, epoch)
    assert len(batches) == -(-len(lengths) // batch)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert all((np.diff(lengths[rows]) <= 0).all() for rows in batches)
    again = epoch_batches(lengths, batch, 0, epoch)
    assert all((a == b).all() for a, b in zip(batches, again, strict=True))


def test_epochs_and_seeds_differ_and_lengths_go_together():
    lengths = np.random.default_rng(0).integers(1, 60, size=POOL * 16)
    one, two, other = (epoch_batches(lengths, 16, seed, epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0)))
    assert one[0].tolist() != two[0].tolist() != other[0].tolist()
    steps = [lengths[rows].max() * len(rows) for rows in one]
    assert sum(steps) < 1.1 * lengths.sum()
    order = [lengths[rows].mean() for rows in one]
    assert order != sorted(order, reverse=True)


def test_sorted_batches_hold_all_longest_first():
    batches = sorted_batches(np.array([3, 9, 1, 4]), 3)
    assert [rows.tolist() for rows in batches] == [[1, 3, 0], [2]]


def test_no_sequences_is_no_quiet_answer():
    with pytest.raises(ValueError, match="at least one array"):
        Sequences.of([])
