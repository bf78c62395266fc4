"""Segments that tags mark, and what may follow what."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.models.networks.crf import ConditionalRandomField
from elman.models.tag.spans import allowed, are_segments, segments, segments_f1

BY_HAND = [
    ("B-A I-A O B-B", [(0, 2, "A"), (3, 4, "B")]),
    ("B-A B-A", [(0, 1, "A"), (1, 2, "A")]),
    ("I-A I-B I-B", [(0, 1, "A"), (1, 3, "B")]),  # a segment may begin inside, as in the shared task of 2000
    ("S-A B-A I-A E-A E-A O", [(0, 1, "A"), (1, 4, "A"), (4, 5, "A")]),
    ("B-A new I-A", [(0, 1, "A"), (2, 3, "A")]),
    ("O O", []),
]


@pytest.mark.parametrize(("tags", "wanted"), BY_HAND)
def test_segments_by_hand(tags, wanted):
    assert list(segments(tags.split())) == wanted


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(list(product(["", "A", "B-C"], [1, 2, 3]))), max_size=6))
def test_what_is_written_is_read_again(parts):
    tags, wanted = [], []
    for name, length in parts:
        if name:
            wanted.append((len(tags), len(tags) + length, name))
        tags += [f"B-{name}", *[f"I-{name}"] * (length - 1)] if name else ["O"] * length
    assert list(segments(tags)) == wanted


def test_f1_counts_whole_segments_of_the_right_type():
    wanted = [["B-A", "I-A", "O", "B-B"], ["B-A"]]
    found = [["B-A", "O", "O", "B-B"], ["B-B"]]  # one of three is right, one of three found is
    assert segments_f1(wanted, found) == pytest.approx(1 / 3)
    assert segments_f1([["O"]], [["O"]]) == 0


@pytest.mark.parametrize("tags", [["NOUN", "VERB"], ["O", "X"], [0, 1], ["B", "I", "O"], ["O", "S-A"]])
def test_other_tags_mark_none(tags):
    assert not are_segments(tags)
    assert allowed(tags, [tags]) is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16), st.booleans())
def test_a_path_never_goes_on_with_what_has_not_begun(seed, ends):
    classes = ["B-A", "B-B", "I-A", "I-B", "O"] + (["E-A", "E-B", "S-A"] if ends else [])
    rows = [["B-A", "E-A"] if ends else ["B-A", "I-A"]]
    torch.manual_seed(seed)
    field = ConditionalRandomField(len(classes), allowed(classes, rows))
    path = [classes[k] for k in field.best(4 * torch.randn(12, len(classes)), torch.ones(12, dtype=torch.int64))]
    before = ["O", *path[:-1]]
    for tag, last in zip(path, before, strict=True):
        if tag[0] in "IE":
            assert last[0] in "BI"
            assert last[2:] == tag[2:]
        elif ends:
            assert last[0] not in "BI"


def test_a_rule_that_training_breaks_does_not_hold():
    classes = ["B-A", "I-A", "O"]
    assert not allowed(classes, [["B-A", "I-A"]])[0][2, 1]
    follow, start, _ = allowed(classes, [["O", "I-A"]])
    assert follow.all()
    assert start.all()
