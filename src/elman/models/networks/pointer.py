"""Copy symbols of the source while decoding, also symbols outside the decoder's vocabulary.

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
