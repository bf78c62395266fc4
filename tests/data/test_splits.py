import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.splits import count_duplicates, split_rows
from elman.errors import DataError, InputError


def test_the_tail_is_held_out_in_order():
    training, held_out = split_rows(10, 0.25)
    assert training.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert held_out.tolist() == [8, 9]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from("abc"), min_size=2, max_size=60),
    st.floats(0, 0.9),
    st.sampled_from(["tail", "shuffled", "stratified"]),
    st.integers(0, 3),
)
def test_every_row_is_on_one_side(labels, share, how, seed):
    training, held_out = split_rows(len(labels), share, how, seed, labels)
    assert sorted([*training, *held_out]) == list(range(len(labels)))
    assert len(held_out) == int(len(labels) * share)
    again = split_rows(len(labels), share, how, seed, labels)
    assert training.tolist() == again[0].tolist()


def test_a_shuffled_split_follows_its_seed():
    assert split_rows(100, 0.2, "shuffled", 0)[1].tolist() != split_rows(100, 0.2, "shuffled", 1)[1].tolist()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(2, 40), min_size=2, max_size=5), st.floats(0.1, 0.6), st.integers(0, 5))
def test_a_stratified_split_has_each_label_in_its_share_and_none_only_held_out(counts, share, seed):
    labels = [label for label, count in enumerate(counts) for _ in range(count)]
    training, held_out = split_rows(len(labels), share, "stratified", seed, labels)
    taken = np.bincount(np.array(labels)[held_out], minlength=len(counts))
    assert (np.abs(taken - share * np.array(counts)) <= 2).all()
    assert set(np.array(labels)[training]) == set(labels)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3, 1.0), InputError, "validation: expected a share from 0 up to 1, got 1.0"),
        ((0, 0.1), DataError, "expected at least one to learn from"),
        ((3, 0.1, "stratified"), InputError, "stratified needs a label for each row"),
    ],
)
def test_a_split_that_cannot_be_made_says_why(arguments, error, message):
    with pytest.raises(error, match=message):
        split_rows(*arguments)


def test_duplicates_are_counted_row_by_row():
    assert count_duplicates(["a", "b", "b"], ["b", "c", "b"]) == 2
