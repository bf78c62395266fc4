"""Attend to the source at each step of the decoder.

Luong's "general" score (Luong, Pham and Manning 2015, arXiv 1508.04025) depends on the decoder's state and on no
earlier attention. With a known target the decoder therefore runs over all of it first, and the attention of all steps
is two matrix products without a loop over time.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from elman.models.networks.pointer import Places


class Memory(NamedTuple):
    """The encoder's outputs, prepared for attention.

    Attributes:
        values: the encoder's outputs, `(B, S, E)` for a source of S symbols.
        keys: the keys that queries are compared with, `(B, S, H)`.
        bias: `(B, 1, S)`, 0 at symbols and minus infinity at padding, which so gets no weight.
        places: the symbols that can be copied; None for a decoder that does not copy.
    """

    values: Tensor
    keys: Tensor
    bias: Tensor
    places: Places | None = None

    def rows(self, rows: Tensor) -> "Memory":
        """Return the memory of these rows of the batch, in this order."""
        values, keys, bias = (part.index_select(0, rows) for part in self[:3])
        return Memory(values, keys, bias, None if self.places is None else self.places.rows(rows))


class Attention(nn.Module):
    """Attend to the source with the decoder's state, and mix the context into that state.

        weights = softmax(h W_key v^T)    context = weights v    out = tanh(W_mix [context, h])

    Args:
        hidden_size: the size of the decoder's state, H.
        width: the size of an encoder's output, E.
    """

    def __init__(self, hidden_size: int, width: int):
        super().__init__()
        self.key = nn.Linear(width, hidden_size, bias=False)
        self.mix = nn.Linear(width + hidden_size, hidden_size, bias=False)

    def memory(self, values: Tensor, lengths: Tensor) -> Memory:
        """Prepare the encoder's outputs for attention.

        Args:
            values: `(B, S, E)`.
            lengths: how many of the S are symbols, `(B,)`.
        """
        padding = torch.arange(values.shape[1]) >= lengths[:, None]
        bias = values.new_zeros(padding.shape).masked_fill(padding.to(values.device), -torch.inf)
        return Memory(values, self.key(values), bias[:, None])

    def weights(self, states: Tensor, memory: Memory) -> Tensor:
        """Return attention weights `(B, T, S)` for states `(B, T, H)`; rows sum to 1."""
        return torch.baddbmm(memory.bias, states, memory.keys.transpose(1, 2)).softmax(dim=-1)

    def forward(self, states: Tensor, memory: Memory) -> Tensor:
        """Return the states `(B, T, H)` with the context mixed in, of the same shape."""
        context = torch.bmm(self.weights(states, memory), memory.values)
        return torch.tanh(self.mix(torch.cat((context, states), dim=-1)))
