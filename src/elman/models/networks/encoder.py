"""Define the recurrent encoder of classifiers and taggers, and the pooling of its steps, both without padding.

The encoder gives every step of a sequence a feature vector; pooling makes one vector of them. Attention pooling is the
weighted mean of Raffel and Ellis (2015), "Feed-forward networks with attention can solve some long-term memory
problems".
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.data.sequences import Packing, Sequences
from elman.models.estimator.options import EncoderOptions
from elman.models.networks.symbols import recurrent_layers
from elman.options import PoolingName


class Encoder(nn.Module):
    """An embedding, if the input is symbols, and recurrent layers over packed sequences.

    Args:
        symbols: the number of symbols, V; None if the input is numbers.
        width: the length of a symbol's vector, or the number of features at each step, I.
        options: the options of the recurrent layers and of dropout.
    """

    def __init__(self, symbols: int | None, width: int, options: EncoderOptions):
        super().__init__()
        self.embed = None if symbols is None else nn.Embedding(symbols, width)
        self.input_drop = nn.Dropout(options.input_dropout)
        self.recurrent = recurrent_layers(width, options, bidirectional=options.bidirectional)
        self.drop = nn.Dropout(options.dropout)
        self.symbol_dropout = options.symbol_dropout
        self.width = options.hidden_size * (2 if options.bidirectional else 1)

    def stream_layers(self) -> list[nn.Module]:
        """Return the parts of the encoder, for `elman.Stream`."""
        embed = [] if self.embed is None else [self.embed]
        return [*embed, self.input_drop, self.recurrent, self.drop]

    def forward(self, steps: PackedSequence) -> tuple[PackedSequence, Tensor]:
        """Run packed symbols `(N,)` or numbers `(N, I)`.

        Returns:
            The features of every step, packed `(N, D*H)`, and the last state of the top layer, `(B, D*H)`: that of the
            reverse direction is the one after the first step.
        """
        data = steps.data
        if self.embed is not None:
            if self.training and self.symbol_dropout:
                data = data.masked_fill(torch.rand(data.shape, device=data.device) < self.symbol_dropout, 0)
            data = self.embed(data)
        packed = PackedSequence(self.input_drop(data), steps.batch_sizes)
        features, state = self.recurrent(packed)
        last = state[0] if isinstance(state, tuple) else state
        directions = 2 if self.recurrent.bidirectional else 1
        top = torch.cat(tuple(last[-directions:]), dim=-1)
        return PackedSequence(self.drop(features.data), features.batch_sizes), self.drop(top)


def packed(sequences: Sequences, packing: Packing) -> PackedSequence:
    """Return a batch of sequences as torch packs them; its rows are in the order of `packing.rows`."""
    steps = torch.from_numpy(sequences.values[packing.places])
    return PackedSequence(steps, torch.from_numpy(packing.batch_sizes))


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
