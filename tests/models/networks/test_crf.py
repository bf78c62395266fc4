"""Tests of the conditional random field against the enumeration of all paths."""

from itertools import pairwise, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tolerance import relative_error
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence

from elman.models.networks.crf import ConditionalRandomField, marginals

SAME = 1e-9  # float64, sums in another order
Parts = tuple[ConditionalRandomField, PackedSequence, PackedSequence, list[Tensor]]


def _case(seed: int, lengths: list[int], tags: int, size: float = 2.0) -> Parts:
    """Return a field with drawn transitions, packed scores, packed tags, and the scores of each sequence."""
    torch.manual_seed(seed)
    field = ConditionalRandomField(tags).double()
    for parameter in field.parameters():
        torch.nn.init.normal_(parameter, std=size)
    rows = [size * torch.randn(length, tags, dtype=torch.float64) for length in lengths]
    wanted = [torch.randint(tags, (length,)) for length in lengths]
    return field, pack_sequence(rows), pack_sequence(wanted), rows


def _paths(field: ConditionalRandomField, scores: Tensor) -> dict[tuple[int, ...], Tensor]:
    """Return the score of every path of one sequence."""
    length, tags = scores.shape
    found = {}
    for path in product(range(tags), repeat=length):
        total = field.start[path[0]] + field.end[path[-1]] + sum(scores[t, tag] for t, tag in enumerate(path))
        found[path] = total + sum(field.transitions[a, b] for a, b in pairwise(path))
    return found


LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(lambda some: sorted(some, reverse=True))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16), LENGTHS, st.integers(1, 3))
def test_everything_equals_the_enumeration_of_paths(seed: int, lengths: list[int], tags: int) -> None:
    field, scores, wanted, rows = _case(seed, lengths, tags)
    given_tags, _ = pad_packed_sequence(wanted, batch_first=True)
    every = [_paths(field, row) for row in rows]
    partition = torch.stack([torch.stack(list(paths.values())).logsumexp(0) for paths in every])
    gold = torch.stack(
        [paths[tuple(row[:n].tolist())] for paths, row, n in zip(every, given_tags, lengths, strict=True)]
    )
    loss = field.loss(scores.data, wanted.data, scores.batch_sizes)
    assert relative_error(loss, (partition - gold).sum()) < SAME

    got = field.probabilities(scores.data, scores.batch_sizes)
    got, _ = pad_packed_sequence(PackedSequence(got, scores.batch_sizes), batch_first=True)
    best, _ = pad_packed_sequence(PackedSequence(field.best(scores.data, scores.batch_sizes), scores.batch_sizes), True)
    for row, (paths, total, length) in enumerate(zip(every, partition, lengths, strict=True)):
        for step, tag in product(range(length), range(tags)):
            through = [score for path, score in paths.items() if path[step] == tag]
            assert torch.isclose(got[row, step, tag], (torch.stack(through).logsumexp(0) - total).exp(), rtol=1e-7)
        reached = paths[tuple(best[row, :length].tolist())]
        assert reached >= max(paths.values()) - 1e-9


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**16), LENGTHS)
def test_gradients_equal_finite_differences(seed: int, lengths: list[int]) -> None:
    field, scores, wanted, _ = _case(seed, lengths, 3, size=1.0)

    def loss(data: Tensor, *parameters: Tensor) -> Tensor:
        names = [name for name, _ in field.named_parameters()]
        own = dict(zip(names, parameters, strict=True)) | {"barred": field.barred}
        arguments = (data, wanted.data, scores.batch_sizes)
        found: Tensor = torch.func.functional_call(_Loss(field), {f"field.{n}": v for n, v in own.items()}, arguments)
        return found

    inputs = [scores.data.requires_grad_(), *(p.detach().requires_grad_() for p in field.parameters())]
    assert torch.autograd.gradcheck(loss, inputs)


class _Loss(torch.nn.Module):
    def __init__(self, field: ConditionalRandomField) -> None:
        super().__init__()
        self.field = field

    def forward(self, data: Tensor, tags: Tensor, batch_sizes: Tensor) -> Tensor:
        return self.field.loss(data, tags, batch_sizes)


def test_what_is_not_allowed_never_happens() -> None:
    """Tag 1 may follow 1 and 2 alone, and begin no sequence, as I- tags do in BIO."""
    follow = torch.ones(3, 3, dtype=torch.bool)
    follow[0, 1] = False
    begin = torch.tensor([True, False, True])
    torch.manual_seed(0)
    field = ConditionalRandomField(3, (follow, begin, torch.ones(3, dtype=torch.bool)))
    scores = torch.randn(200, 3)
    scores[:, 1] += 4  # the network wants it everywhere
    sizes = torch.full((20,), 10)
    best = field.best(scores, sizes).reshape(20, 10)
    assert not (best[0] == 1).any()
    assert not ((best[1:] == 1) & (best[:-1] == 0)).any()
    assert float(field.probabilities(scores, sizes)[:10, 1].max()) < 1e-6
    unconstrained = ConditionalRandomField(3)
    assert (unconstrained.best(scores, sizes)[:10] == 1).any()


@pytest.mark.parametrize("size", [1.0, 40.0])
def test_long_sequences_in_float32_neither_overflow_nor_vanish(size: float) -> None:
    torch.manual_seed(0)
    field = ConditionalRandomField(5)
    torch.nn.init.normal_(field.transitions)
    scores = (size * torch.randn(2000, 5)).requires_grad_()
    sizes = torch.ones(2000, dtype=torch.int64)
    tags = field.best(scores.detach(), sizes)
    loss = field.loss(scores, tags, sizes)
    loss.backward()  # type: ignore[no-untyped-call]
    assert 0 <= float(loss.detach()) < 2000 * 5
    assert scores.grad is not None
    assert bool(scores.grad.isfinite().all())
    parts = scores.detach(), field.transitions.detach(), field.start.detach(), field.end.detach()
    single = marginals(*parts, sizes=sizes.tolist())
    parts = parts[0].double(), parts[1].double(), parts[2].double(), parts[3].double()
    double = marginals(*parts, sizes=sizes.tolist())
    assert relative_error(single.tags.double(), double.tags) < 1e-4


def test_numbers_out_of_range_end_in_a_loss_that_is_not_finite_without_a_warning() -> None:
    field, scores, wanted, _ = _case(0, [3, 2], 3)
    with torch.no_grad():
        field.transitions[0, 1] = 1e30
    assert not field.loss(scores.data, wanted.data, scores.batch_sizes).isfinite()
