"""Define a linear-chain conditional random field: the tags of a sequence depend on their neighbours.

Lafferty, McCallum and Pereira (2001), "Conditional random fields"; on top of a recurrent network as in Huang, Xu and Yu
(2015). The score of a path of tags is the sum of the network's scores and of the transitions between neighbours. The
partition sum and its gradients are computed by the forward-backward algorithm with scaled probabilities (Rabiner 1989,
section V.A), step by step over a packed batch, so that no step is padding.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

FORBIDDEN = -1e4
"""The score of a transition that never happens; its exponential is 0."""
TINY = 1e-30
"""The least sum of a step's scaled probabilities, where no path is possible."""


class Marginals(NamedTuple):
    """The results of the forward-backward algorithm over N packed steps of B sequences.

    Attributes:
        partition: the logarithm of the partition sum of each sequence, shape `(B,)`.
        tags: the probability of each tag at each step, shape `(N, K)`.
        transitions: for each sequence-weighted pair of neighbours, the expected count, shape `(K, K)`.
        first: the probability of each tag at the first step, shape `(B, K)`.
        last: the same at the last step, shape `(B, K)`.
    """

    partition: Tensor
    tags: Tensor
    transitions: Tensor
    first: Tensor
    last: Tensor


class ConditionalRandomField(nn.Module):
    """A linear-chain conditional random field on packed scores.

    Args:
        tags: the number of tags, K.
        allowed: which tag may follow which, shape `(K, K)`, and which may begin and end a sequence, shape `(K,)` each;
            None allows everything.
    """

    start: nn.Parameter
    end: nn.Parameter
    transitions: nn.Parameter
    barred: Tensor

    def __init__(self, tags: int, allowed: tuple[Tensor, Tensor, Tensor] | None = None):
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(tags, tags))
        self.start, self.end = nn.Parameter(torch.zeros(tags)), nn.Parameter(torch.zeros(tags))
        barred = torch.zeros(tags + 2, tags, dtype=torch.bool)
        if allowed is not None:
            barred = ~torch.cat((allowed[0], allowed[1][None], allowed[2][None]))
        self.register_buffer("barred", barred)

    def loss(self, scores: Tensor, tags: Tensor, batch_sizes: Tensor) -> Tensor:
        """Return the negative log-likelihood of tags, summed over all sequences.

        Args:
            scores: the network's scores, packed, shape `(N, K)`.
            tags: the right tags, packed, shape `(N,)`.
            batch_sizes: the number of sequences at each step, shape `(T,)`, as in `PackedSequence`.
        """
        transitions, start, end = self._scores()
        sizes = batch_sizes.tolist()
        total: Tensor = _Partition.apply(scores, transitions, start, end, sizes).sum()  # type: ignore[no-untyped-call]
        last, before = last_steps(sizes), steps_before(sizes)
        path = scores.gather(1, tags[:, None]).sum() + start[tags[: sizes[0]]].sum() + end[tags[last]].sum()
        return total - path - transitions[tags[before], tags[sizes[0] :]].sum()

    @torch.no_grad()
    def probabilities(self, scores: Tensor, batch_sizes: Tensor) -> Tensor:
        """Return the probability of each tag at each step, over all paths, packed, shape `(N, K)`."""
        return marginals(scores, *self._scores(), batch_sizes.tolist()).tags

    @torch.no_grad()
    def best(self, scores: Tensor, batch_sizes: Tensor) -> Tensor:
        """Return the tags of the likeliest path of each sequence, packed, shape `(N,)` (Viterbi 1967)."""
        transitions, start, end = self._scores()
        sizes = batch_sizes.tolist()
        steps = torch.split(scores, sizes)
        reached, sources = steps[0] + start, []
        ended = reached.new_empty(sizes[0], dtype=torch.int64)
        for size, step in zip(sizes[1:], steps[1:], strict=True):
            ended[size : len(reached)] = (reached[size:] + end).argmax(1)
            values, source = (reached[:size, :, None] + transitions).max(1)
            sources.append(source)
            reached = values + step
        ended[: len(reached)] = (reached + end).argmax(1)
        return _traced_back(ended, sources, sizes)

    def _scores(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the scores of transitions, first and last tags, with those that are not allowed far below all."""
        transitions = self.transitions.masked_fill(self.barred[:-2], FORBIDDEN)
        return (
            transitions,
            self.start.masked_fill(self.barred[-2], FORBIDDEN),
            self.end.masked_fill(self.barred[-1], FORBIDDEN),
        )


def marginals(scores: Tensor, transitions: Tensor, start: Tensor, end: Tensor, sizes: list[int]) -> Marginals:
    """Run the forward-backward algorithm; each sequence counts as one in the expected transitions.

    Args:
        scores: packed, shape `(N, K)`.
        transitions: from a tag, down, to the next, across, shape `(K, K)`.
        start: of the first tag, shape `(K,)`.
        end: of the last tag, shape `(K,)`.
        sizes: the number of sequences at each step, T numbers, descending.
    """
    return _forward_backward(scores, transitions, start, end, sizes, scores.new_ones(sizes[0]))


class _Partition(torch.autograd.Function):
    """The logarithm of the partition sum of each sequence, `(B,)`; its gradients are the expected counts."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, transitions: Tensor, start: Tensor, end: Tensor, sizes: list[int]) -> Tensor:
        ctx.save_for_backward(scores, transitions, start, end)
        ctx.sizes = sizes
        forward = _forward(scores, transitions, start, sizes)
        partition: Tensor = _partition(forward, end, sizes)
        return partition

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:
        scores, transitions, start, end = ctx.saved_tensors
        (weights,) = grads
        found = _forward_backward(scores, transitions, start, end, ctx.sizes, weights)
        rows = torch.cat([weights[:size] for size in ctx.sizes])
        return (
            found.tags * rows[:, None],
            found.transitions,
            weights @ found.first,
            weights @ found.last,
            None,
        )


class _Forward(NamedTuple):
    """Scaled forward probabilities of each step, and what they were divided by.

    Attributes:
        steps: exponentials of the scores less their maximum, for each step, `(b_t, K)`.
        reached: the scaled forward probabilities, for each step, `(b_t, K)`; each row sums to 1.
        scales: the sums before scaling, for each step, `(b_t, 1)`.
        jump: the exponentials of the transitions, `(K, K)`.
        logs: the logarithm of what each sequence was divided by in all, `(B,)`.
    """

    steps: tuple[Tensor, ...]
    reached: list[Tensor]
    scales: list[Tensor]
    jump: Tensor
    logs: Tensor


def _forward(scores: Tensor, transitions: Tensor, start: Tensor, sizes: list[int]) -> _Forward:
    most = scores.amax(1, keepdim=True)
    steps, jump = torch.split((scores - most).exp(), sizes), transitions.exp()
    ahead = start.exp() * steps[0]
    reached: list[Tensor] = []
    scales: list[Tensor] = []
    for number, size in enumerate(sizes):
        if number:
            ahead = (reached[-1][:size] @ jump) * steps[number]
        scale = ahead.sum(1, keepdim=True).clamp_min(TINY)
        reached.append(ahead / scale)
        scales.append(scale)
    logs = scores.new_zeros(sizes[0])
    for size, part in zip(sizes, torch.split((torch.cat(scales).log() + most).squeeze(1), sizes), strict=True):
        logs[:size] += part
    return _Forward(steps, reached, scales, jump, logs)


def _partition(forward: _Forward, end: Tensor, sizes: list[int]) -> Tensor:
    final = torch.cat(forward.reached)[last_steps(sizes)]
    return forward.logs + (final @ end.exp()).clamp_min(TINY).log()


def _forward_backward(
    scores: Tensor, transitions: Tensor, start: Tensor, end: Tensor, sizes: list[int], weights: Tensor
) -> Marginals:
    """Return the marginals, with each sequence's expected transitions times its weight, `(B,)`."""
    forward = _forward(scores, transitions, start, sizes)
    final = end.exp()
    behind = scores.new_empty(0, len(final))
    tags: list[Tensor] = []
    counts = torch.zeros_like(transitions)
    for number in range(len(sizes) - 1, -1, -1):
        here, ends = forward.reached[number], sizes[number] - len(behind)
        back = torch.cat((behind @ forward.jump.T, final.expand(ends, -1)))
        joint = here * back
        sums = joint.sum(1, keepdim=True).clamp_min(TINY)
        tags.append(joint / sums)
        if len(behind):
            inner = len(behind)
            rows = weights[:inner, None] / sums[:inner]
            counts += (here[:inner] * rows).T @ behind
        behind = forward.steps[number] * back / sums
    tags.reverse()
    every = torch.cat(tags)
    return Marginals(_partition(forward, end, sizes), every, counts * forward.jump, tags[0], every[last_steps(sizes)])


def last_steps(sizes: list[int]) -> Tensor:
    """Return the packed place of each sequence's last step, shape `(B,)`."""
    each = torch.tensor(sizes)
    lengths = (each[:, None] > torch.arange(sizes[0])).sum(0)
    starts = each.cumsum(0) - each
    return starts[lengths - 1] + torch.arange(sizes[0])


def steps_before(sizes: list[int]) -> Tensor:
    """Return, for each packed step but the first of each sequence, the packed place of the one before."""
    each = torch.tensor(sizes)
    starts = each.cumsum(0) - each
    after = torch.arange(sizes[0], int(each.sum()))
    return after - torch.repeat_interleave(starts[1:] - starts[:-1], each[1:])


def _traced_back(ended: Tensor, sources: list[Tensor], sizes: list[int]) -> Tensor:
    """Return the path that leads to each sequence's last tag, packed."""
    path = [ended]
    for number in range(len(sizes) - 1, 0, -1):
        size = sizes[number]
        now = path[-1].clone()
        now[:size] = sources[number - 1].gather(1, now[:size, None]).squeeze(1)
        path.append(now)
    path.reverse()
    return torch.cat([step[:size] for step, size in zip(path, sizes, strict=True)])
