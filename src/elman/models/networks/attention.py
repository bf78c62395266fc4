"""Attend to the source at each step of the decoder, and copy symbols of it, also symbols outside the vocabulary.

Luong's "general" score (Luong, Pham and Manning 2015, arXiv 1508.04025) depends on the decoder's state and on no
earlier attention. With a known target the decoder therefore runs over all of it first, and the attention of all steps
is two matrix products without a loop over time.

A gate weighs the decoder's own vocabulary against the positions of the source, as in the pointer-generator (See, Liu
and Manning 2017, arXiv 1704.04368). A position is also favoured if the symbol before it is the one that was written
last, so that a copy continues where it began; with few examples this decides whether copying is learned.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from elman.data.tokenizer import UNKNOWN

GOES_ON = 2.0
"""Initial bonus of the position after the latest symbol, in nats."""


class Places(NamedTuple):
    """The symbols that can be copied.

    Attributes:
        keys: what queries are compared with, `(B, S, H)`.
        bias: `(B, 1, S)`, 0 at symbols that can be copied and minus infinity elsewhere; each row has one at least.
        symbols: the number of the symbol at each place, `(B, S)`: of the vocabulary that is written, or, from that
            one's size on, of no vocabulary.
    """

    keys: Tensor
    bias: Tensor
    symbols: Tensor

    def rows(self, rows: Tensor) -> "Places":
        """Return the places of these rows of the batch, in this order."""
        return Places(*(part.index_select(0, rows) for part in self))


class Pointer(nn.Module):
    """Point at a position of the source, with the probability that its symbol is copied.

        share = sigmoid(W_gate q)    weights = softmax(q (W_key v)^T + follows (w q + b))

    Args:
        hidden_size: the size of a query, H: the decoder's state with what it saw mixed in.
        width: the size of an encoder's output, E.
    """

    def __init__(self, hidden_size: int, width: int):
        super().__init__()
        self.key = nn.Linear(width, hidden_size, bias=False)
        self.gate = nn.Linear(hidden_size, 1)
        self.go_on = nn.Linear(hidden_size, 1)
        nn.init.zeros_(self.go_on.weight)
        nn.init.constant_(self.go_on.bias, GOES_ON)

    def places(self, values: Tensor, symbols: Tensor) -> Places:
        """Prepare the encoder's outputs to be copied from.

        Args:
            values: `(B, S, E)`.
            symbols: the number of each, `(B, S)`, see `Places`; what has the unknown one's cannot be copied.
        """
        bias = values.new_zeros(symbols.shape).masked_fill(symbols == UNKNOWN, -torch.inf)
        return Places(self.key(values), bias[:, None], symbols)

    def forward(self, queries: Tensor, latest: Tensor, places: Places) -> Tensor:
        """Return the probability of a copy from each place.

        Args:
            queries: `(B, T, H)`.
            latest: the symbol that was written before each step, `(B, T)`.
            places: the source's S.

        Returns:
            `(B, T, S)`; what is missing to 1 in a row is for the vocabulary.
        """
        before = nn.functional.pad(places.symbols[:, :-1], (1, 0), value=-1)
        follows = before[:, None] == latest[..., None]
        scores = torch.baddbmm(places.bias, queries, places.keys.transpose(1, 2)) + follows * self.go_on(queries)
        copies: Tensor = torch.sigmoid(self.gate(queries)) * scores.softmax(dim=-1)
        return copies


def probability_of(wanted: Tensor, own: Tensor, copies: Tensor, places: Places) -> Tensor:
    """Return ln P of one symbol a step, `(B, T)`.

    Args:
        wanted: its number, `(B, T)`: of the vocabulary, or of a symbol of the row's source.
        own: ln P of each symbol of the vocabulary, were there no copies, `(B, T, V)`.
        copies: what a pointer returned, `(B, T, S)`.
        places: of the same source.
    """
    known = wanted < own.shape[-1]
    written = own.gather(-1, wanted.where(known, UNKNOWN)[..., None])[..., 0].exp() * known
    copied = (copies * (places.symbols[:, None] == wanted[..., None])).sum(-1)
    return ((1 - copies.sum(-1)) * written + copied).clamp_min(torch.finfo(own.dtype).tiny).log()


def probabilities(own: Tensor, copies: Tensor, places: Places) -> Tensor:
    """Return ln P of every symbol, `(B, T, V + the symbols outside the vocabulary)`; arguments as above."""
    size = max(own.shape[-1], int(places.symbols.max()) + 1)
    mixed = nn.functional.pad(own.exp() * (1 - copies.sum(-1, keepdim=True)), (0, size - own.shape[-1]))
    everywhere = places.symbols[:, None].expand(-1, own.shape[1], -1)
    return mixed.scatter_add(-1, everywhere, copies).log()


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
