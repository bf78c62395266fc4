"""Define the recurrent encoder of classifiers and taggers: sequences in, a feature vector for every step out."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from elman.data.sequences import Packing, Sequences
from elman.models.networks.symbols import CELLS


class Encoder(nn.Module):
    """An embedding, if the input is symbols, and recurrent layers over packed sequences.

    Args:
        symbols: the number of symbols, V; None if the input is numbers.
        width: the length of a symbol's vector, or the number of features at each step, I.
        cell: "rnn", "gru" or "lstm".
        hidden_size: the size of a layer's state in one direction, H.
        num_layers: the number of recurrent layers.
        bidirectional: whether each layer also reads backwards.
        dropout: the share of features dropped between layers and after the last one while training.
        input_dropout: the share of a symbol's vector, or of a step's features, that is dropped.
        symbol_dropout: the share of symbols that are read as the unknown one, number 0, while training.
    """

    def __init__(
        self,
        symbols: int | None,
        width: int,
        *,
        cell: str,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
        input_dropout: float,
        symbol_dropout: float,
    ):
        super().__init__()
        self.embed = None if symbols is None else nn.Embedding(symbols, width)
        self.input_drop = nn.Dropout(input_dropout)
        self.recurrent = CELLS[cell](
            width,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.drop = nn.Dropout(dropout)
        self.symbol_dropout = symbol_dropout
        self.width = hidden_size * (2 if bidirectional else 1)

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
