"""Define a linear-chain conditional random field: the tags of a sequence depend on their neighbours.

Lafferty, McCallum and Pereira (2001), "Conditional random fields"; on top of a recurrent network as in Huang, Xu and Yu
(2015). The score of a path of tags is the sum of the network's scores and of the transitions between neighbours. The
partition sum and its gradients are computed by the forward-backward algorithm with scaled probabilities (Rabiner 1989,
section V.A), step by step over a packed batch, so that no step is padding.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from elman.ops.chain import TINY, Chain, Layout, forward_backward, layout

FORBIDDEN = -1e4
"""The score of a transition that never happens; its exponential is 0."""


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
        """Return the negative log-likelihood of tags, summed over all sequences; arguments are those of `losses`."""
        return self.losses(scores, tags, batch_sizes).sum()

    def losses(self, scores: Tensor, tags: Tensor, batch_sizes: Tensor) -> Tensor:
        """Return the negative log-likelihood of the tags of each sequence, shape `(B,)`.

        Args:
            scores: the network's scores, packed, shape `(N, K)`.
            tags: the right tags, packed, shape `(N,)`.
            batch_sizes: the number of sequences at each step, shape `(T,)`, as in `PackedSequence`.
        """
        transitions, start, end = self._scores()
        sizes = batch_sizes.tolist()
        partition: Tensor = _Partition.apply(scores, transitions, start, end, sizes)  # type: ignore[no-untyped-call]
        at, first = layout(tuple(sizes)), sizes[0]
        steps = scores.gather(1, tags[:, None]).squeeze(1)
        jumps = transitions[tags[at.before], tags[first:]]
        ends = start[tags[:first]] + end[tags[at.last]]
        return partition - ends.index_add(0, at.rows, steps).index_add(0, at.rows[first:], jumps)

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
    return _expected(_both_ways(scores, transitions, start, end, sizes), scores.new_ones(sizes[0]))


class _Partition(torch.autograd.Function):
    """The logarithm of the partition sum of each sequence, `(B,)`; its gradients are the expected counts."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, transitions: Tensor, start: Tensor, end: Tensor, sizes: list[int]) -> Tensor:
        ctx.found = _both_ways(scores, transitions, start, end, sizes)
        partition: Tensor = ctx.found.chain.partition.clone()  # what is kept must not be the result, which keeps it
        return partition

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, Tensor, Tensor, Tensor, None]:
        (weights,) = grads
        found = _expected(ctx.found, weights)
        rows = weights[ctx.found.layout.rows]
        return found.tags * rows[:, None], found.transitions, weights @ found.first, weights @ found.last, None


class _BothWays(NamedTuple):
    """The chain in both directions, the exponentials of its transitions, `(K, K)`, and where the steps are."""

    chain: Chain
    jump: Tensor
    layout: Layout


def _both_ways(scores: Tensor, transitions: Tensor, start: Tensor, end: Tensor, sizes: list[int]) -> _BothWays:
    at, jump = layout(tuple(sizes)), transitions.exp()
    return _BothWays(forward_backward(scores, jump, start.exp(), end.exp(), at), jump, at)


def _expected(found: _BothWays, weights: Tensor) -> Marginals:
    """Return the marginals, with each sequence's expected transitions times its weight, `(B,)`."""
    chain, at = found.chain, found.layout
    joint = chain.ahead * chain.behind
    sums = joint.sum(1, keepdim=True).clamp_min(TINY)
    tags, before = joint / sums, at.before
    rows = weights[at.rows[before]][:, None] / sums[before]
    counts = (chain.ahead[before] * rows).T @ chain.within[len(weights) :]
    return Marginals(chain.partition, tags, counts * found.jump, tags[: len(weights)], tags[at.last])


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
