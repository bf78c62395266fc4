"""The kernel of linear chains equals the reference, on every instruction set; each sequence has bits of its own."""

from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tolerance import assert_all_close
from torch import Tensor

from elman import kernels
from elman.ops.chain import Chain, forward_backward, layout, reference

pytestmark = pytest.mark.skipif(not kernels.available(), reason=kernels.why_not())
EachSet = Callable[[], Iterator[str]]
TAGS = (1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 50)  # around the lengths of vectors


def sizes_of(lengths: list[int]) -> tuple[int, ...]:
    return tuple(sum(length > step for length in lengths) for step in range(max(lengths)))


def draw(tags: int, lengths: list[int], size: float = 3.0) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    return size * torch.randn(sum(lengths), tags), *(
        torch.randn(*shape).exp() for shape in ((tags, tags), (tags,), (tags,))
    )


def named(chain: Chain) -> dict[str, Tensor]:
    return dict(chain._asdict())


@pytest.mark.parametrize("lengths", [[1], [5], [9, 9, 4, 4, 4, 1], [12] * 11], ids=str)
@pytest.mark.parametrize("tags", TAGS)
def test_the_kernel_equals_the_reference_in_float64(each_set: EachSet, tags: int, lengths: list[int]) -> None:
    inputs, at = draw(tags, lengths), layout(sizes_of(lengths))
    wanted = reference(*(part.double() for part in inputs), at)
    for _ in each_set():
        assert_all_close(named(forward_backward(*inputs, at)), named(wanted))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.lists(st.integers(1, 6), min_size=2, max_size=9))
def test_a_sequence_has_the_same_bits_in_any_batch(tags: int, lengths: list[int]) -> None:
    lengths = sorted(lengths, reverse=True)
    (scores, *rest), at = draw(tags, lengths), layout(sizes_of(lengths))
    together = forward_backward(scores, *rest, at)
    for row, length in enumerate(lengths):
        places = (at.rows == row).nonzero().squeeze(1)
        alone = forward_backward(scores[places], *rest, layout((1,) * length))
        assert torch.equal(alone.partition[0], together.partition[row])
        for got, all_rows in zip(alone[:3], together[:3], strict=True):
            assert torch.equal(got, all_rows[places])


def test_what_is_not_finite_stays_in_its_sequence(each_set: EachSet) -> None:
    scores, jump, first, last = draw(5, [4, 4, 4, 4, 4, 4])
    scores[7] = torch.nan  # the second step of the second sequence
    for _ in each_set():
        partition = forward_backward(scores, jump, first, last, layout((6,) * 4)).partition
        assert partition.isnan().tolist() == [False, True, False, False, False, False]


def test_impossible_paths_have_a_finite_sum(each_set: EachSet) -> None:
    scores, jump, first, last = draw(9, [6, 5])
    at = layout(sizes_of([6, 5]))
    for _ in each_set():
        found = forward_backward(scores, torch.zeros_like(jump), first, last, at)
        assert_all_close(named(found), named(reference(scores, torch.zeros_like(jump), first, last, at)))


@pytest.mark.parametrize("sizes", [[1, 2], [2, 0, 1], [2, 2]], ids=str)
def test_sizes_of_no_packed_batch_are_refused(sizes: list[int]) -> None:
    scores, jump, first, last = draw(3, [3])
    at = layout((1, 1, 1))._replace(sizes=torch.tensor(sizes))
    with pytest.raises(RuntimeError, match="batch_sizes"):
        forward_backward(scores, jump, first, last, at)


def test_a_wrong_number_would_be_found() -> None:
    inputs, at = draw(9, [6, 5]), layout(sizes_of([6, 5]))
    got, wanted = named(forward_backward(*inputs, at)), named(reference(*inputs, at))
    for name in got:
        broken = got | {name: got[name].clone()}
        broken[name].view(-1)[-1] += 1e-3 * got[name].abs().max()
        with pytest.raises(AssertionError, match=name):
            assert_all_close(broken, wanted)
