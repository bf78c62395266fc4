"""Define the recurrent encoder of classifiers and taggers: sequences in, a feature vector for every step out."""

from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.data.sequences import Packing, Sequences
from elman.models.networks.symbols import LayerOptions, recurrent_layers


class EncoderOptions(LayerOptions, Protocol):
    """The options that an encoder needs of a job."""

    bidirectional: bool
    input_dropout: float
    symbol_dropout: float


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
