"""Run the forward-backward algorithm for a linear chain with scaled probabilities (Rabiner 1989, section V.A).

N packed steps of B sequences, with K tags. float32 on the CPU runs on the compiled kernels, everything else here.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from elman import kernels

TINY = 1e-30
"""The least sum of a step's scaled probabilities, where no path is possible."""


class Layout(NamedTuple):
    """The places of the steps of a packed batch.

    Attributes:
        rows: the sequence of each packed step, shape `(N,)`.
        before: for each step but the first of each sequence, the packed place of the one before, shape `(N - B,)`.
        last: the packed place of each sequence's last step, shape `(B,)`.
        mirrored: the packed place of each step once every sequence is turned round, shape `(N,)`.
        sizes: the number of sequences at each step, shape `(T,)`.
    """

    rows: Tensor
    before: Tensor
    last: Tensor
    mirrored: Tensor
    sizes: Tensor


class Chain(NamedTuple):
    """Scaled probabilities of each step from the first step on, and back from the last one.

    Attributes:
        ahead: of what is before a step, and of the step itself, each row sums to 1, shape `(N, K)`.
        within: of what is after a step and of the step itself, each row sums to 1, shape `(N, K)`.
        behind: of what is after a step, up to a factor for each row, shape `(N, K)`.
        partition: the logarithm of the partition sum of each sequence, `(B,)`.
    """

    ahead: Tensor
    within: Tensor
    behind: Tensor
    partition: Tensor


@lru_cache(maxsize=1024)
def layout(sizes: tuple[int, ...]) -> Layout:
    """Return where the steps are in a packed batch with so many sequences at each step."""
    each = torch.tensor(sizes)
    rows = torch.arange(int(each.sum())) - torch.repeat_interleave(each.cumsum(0) - each, each)
    steps = torch.repeat_interleave(torch.arange(len(sizes)), each)
    starts = each.cumsum(0) - each
    lengths = torch.bincount(rows)
    after = torch.arange(sizes[0], len(rows))
    before = after - torch.repeat_interleave(starts[1:] - starts[:-1], each[1:])
    last = starts[lengths - 1] + torch.arange(sizes[0])
    return Layout(rows, before, last, starts[lengths[rows] - 1 - steps] + rows, each)


def forward_backward(scores: Tensor, jump: Tensor, first: Tensor, last: Tensor, at: Layout) -> Chain:
    """Run the chain in both directions; nothing is differentiated.

    Args:
        scores: of each tag at each step, packed, shape `(N, K)`.
        jump: the exponentials of the transitions, from a tag, down, to the next, across, shape `(K, K)`.
        first: the exponentials of the scores of the first tag, shape `(K,)`.
        last: the same of the last tag, shape `(K,)`.
        at: where the steps are.
    """
    inputs = (scores, jump, first, last)
    if kernels.available() and all(part.dtype == torch.float32 and part.is_cpu for part in inputs):
        return _native(inputs, at)
    return reference(scores, jump, first, last, at)


def _native(inputs: tuple[Tensor, ...], at: Layout) -> Chain:
    read = [part.contiguous() for part in inputs]
    (N, K), T, B = read[0].shape, len(at.sizes), len(at.last)
    ahead, within, behind = read[0].new_empty((3, N, K))
    written = Chain(ahead, within, behind, read[0].new_empty(B))
    kernels.run_chain((T, N, K, *(part.data_ptr() for part in (at.sizes, *read, *written))), TINY)
    return written


def reference(scores: Tensor, jump: Tensor, first: Tensor, last: Tensor, at: Layout) -> Chain:
    """Run the chain on torch and NumPy; the second direction reads every sequence turned round."""
    most = scores.amax(1, keepdim=True)
    steps = (scores - most).exp()
    found = torch.stack((steps, steps[at.mirrored]))
    sums = found.new_empty(*found.shape[:2], 1)
    # NumPy takes a third less time than torch for arrays this small; it changes `found` and `sums` in place.
    values, scales, jumps = found.numpy(), sums.numpy(), torch.stack((jump, jump.T)).numpy()
    reached, begin = torch.stack((first, last))[:, None].numpy(), 0
    with np.errstate(all="ignore"):  # as torch: what is not finite becomes a loss that training refuses
        for size in at.sizes.tolist():
            now, scale = values[:, begin : begin + size], scales[:, begin : begin + size]
            now *= reached[:, :size] @ jumps if begin else reached
            np.maximum(now.sum(2, keepdims=True), TINY, out=scale)
            now /= scale
            reached, begin = now, begin + size
    ahead, turned = found
    within = turned[at.mirrored]
    behind = last.expand(len(scores), -1).clone()
    behind[at.before] = within[len(at.last) :] @ jump.T
    ends = (ahead[at.last] @ last).clamp_min(TINY).log()
    logs = (sums[0].log() + most).squeeze(1)
    return Chain(ahead, within, behind, ends.index_add(0, at.rows, logs))
