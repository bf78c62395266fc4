"""Define the translator's network: an encoder and a decoder, with or without attention."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from elman.data.tokenizer import UNKNOWN
from elman.models.networks.decoder import Decoder, Source
from elman.models.networks.symbols import CELLS


class Sources(NamedTuple):
    """The input of the encoder, for B rows.

    Attributes:
        symbols: `(B, S)`; symbols after a row's end are not read.
        lengths: symbols of each row, `(B,)`, on the CPU.
        copies: the same symbols by the numbers that the decoder writes, `(B, S)`, see `Places`; None where none is
            copied.
    """

    symbols: Tensor
    lengths: Tensor
    copies: Tensor | None = None


class EncoderDecoder(nn.Module):
    """Reads a sequence and writes another (Sutskever et al. 2014; attention as in Luong et al. 2015).

    Args:
        source_size: the number of symbols that are read.
        target_size: the number of symbols that are written; 0 is the edge.
        cell: "rnn", "gru" or "lstm".
        hidden_size: the size of a layer's state, H, in the decoder and in each direction of the encoder.
        num_layers: the number of recurrent layers on either side.
        bidirectional: the encoder reads from both ends.
        embedding_dim: the length of a symbol's vector.
        dropout: the share of features dropped while training.
        symbol_dropout: the share of symbols that are read as the unknown one while training.
        attention: the decoder attends to the encoder's outputs; without, it has only its first state.
        copies: it can also copy symbols of the source; needs `attention`.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        *,
        cell: str,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        embedding_dim: int,
        dropout: float,
        symbol_dropout: float,
        attention: bool,
        copies: bool = False,
    ):
        super().__init__()
        self.embed = nn.Embedding(source_size, embedding_dim, padding_idx=UNKNOWN)  # reads as nothing at all
        self.symbol_dropout = symbol_dropout
        self.drop = nn.Dropout(dropout)
        self.encoder = CELLS[cell](
            embedding_dim,
            hidden_size,
            num_layers=num_layers,
            dropout=dropout if num_layers > 1 else 0.0,
            bidirectional=bidirectional,
        )
        width = hidden_size * (2 if bidirectional else 1)
        self.decoder = Decoder(
            target_size,
            cell=cell,
            hidden_size=hidden_size,
            num_layers=num_layers,
            embedding_dim=embedding_dim,
            dropout=dropout,
            summary=width,
            attends=width if attention else None,
            copies=copies,
        )

    def read(self, sources: Sources) -> Source:
        """Return what the decoder writes from: padding is not read."""
        symbols = sources.symbols
        if self.training and self.symbol_dropout:
            dropped = torch.rand(symbols.shape, device=symbols.device) < self.symbol_dropout
            symbols = symbols.masked_fill(dropped, UNKNOWN)
        features = self.drop(self.embed(symbols))
        packed = pack_padded_sequence(features, sources.lengths, batch_first=True, enforce_sorted=False)
        outputs, final = self.encoder(packed)
        last = final if isinstance(final, Tensor) else final[0]
        directions = 2 if self.encoder.bidirectional else 1
        state = self.decoder.first_state(torch.cat(tuple(last[-directions:]), dim=-1))
        if self.decoder.attention is None:
            return Source(state, None)
        values, _ = pad_packed_sequence(outputs, batch_first=True)
        return Source(state, self.decoder.memory(self.drop(values), sources.lengths, sources.copies))
