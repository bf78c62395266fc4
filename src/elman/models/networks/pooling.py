"""Pool the features of every step to one vector for each sequence, on packed steps, without padding.

Attention pooling is the weighted mean of Raffel and Ellis (2015), "Feed-forward networks with attention can solve some
long-term memory problems".
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.options import PoolingName


class Pooling(nn.Module):
    """Pools the steps of each sequence.

    Args:
        name: "last" takes the last state, "mean" and "max" each feature over all steps, "mean+max" both side by side,
            "attention" a mean whose weights are learned.
        width: features of a step, F.
    """

    def __init__(self, name: PoolingName, width: int):
        super().__init__()
        self.name = name
        self.width = 2 * width if name == "mean+max" else width
        self.score = nn.Linear(width, 1) if name == "attention" else None

    def forward(self, features: PackedSequence, last: Tensor) -> Tensor:
        """Pool packed features `(N, F)`, or take the last state `(B, F)`; return `(B, width)`."""
        if self.name == "last":
            return last
        data, rows, batch = features.data, rows_of(features.batch_sizes), int(features.batch_sizes[0])
        if self.score is not None:
            return _sum(data * _softmax(self.score(data), rows, batch), rows, batch)
        parts = []
        if "mean" in self.name:
            parts.append(_sum(data, rows, batch) / _lengths(rows, batch).to(data.dtype)[:, None])
        if "max" in self.name:
            parts.append(_max(data, rows, batch))
        return torch.cat(parts, dim=-1)


def rows_of(batch_sizes: Tensor) -> Tensor:
    """Return the row of each packed step, shape `(N,)`."""
    return torch.cat([torch.arange(int(size)) for size in batch_sizes])


def _lengths(rows: Tensor, batch: int) -> Tensor:
    return torch.bincount(rows, minlength=batch)


def _sum(data: Tensor, rows: Tensor, batch: int) -> Tensor:
    return data.new_zeros(batch, data.shape[1]).index_add(0, rows, data)


def _max(data: Tensor, rows: Tensor, batch: int) -> Tensor:
    empty = data.new_full((batch, data.shape[1]), -torch.inf)
    return empty.scatter_reduce(0, rows[:, None].expand_as(data), data, "amax")


def _softmax(scores: Tensor, rows: Tensor, batch: int) -> Tensor:
    """Return weights `(N, 1)` that add up to 1 over the steps of each row."""
    highest = _max(scores.detach(), rows, batch)
    weights = (scores - highest[rows]).exp()
    return weights / _sum(weights, rows, batch)[rows]
