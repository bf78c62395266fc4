"""Define the translator's network: an encoder and a decoder, with or without attention."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from elman.data.tokenizer import UNKNOWN
from elman.models.networks.decoder import Decoder, Source
from elman.models.networks.symbols import recurrent_layers
from elman.models.translate.options import TranslatorOptions, copies


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
    """Read a sequence and write another (Sutskever et al. 2014; attention as in Luong et al. 2015).

    Args:
        source_size: the number of symbols that are read.
        target_size: the number of symbols that are written.
        options: the options of the translator; both sides have the same number and size of layers.
    """

    def __init__(self, source_size: int, target_size: int, options: TranslatorOptions):
        super().__init__()
        self.embed = nn.Embedding(source_size, options.embedding_dim, padding_idx=UNKNOWN)  # reads as nothing at all
        self.symbol_dropout = options.symbol_dropout
        self.drop = nn.Dropout(options.dropout)
        self.encoder = recurrent_layers(options.embedding_dim, options, bidirectional=options.bidirectional)
        width = options.hidden_size * (2 if options.bidirectional else 1)
        attends = width if options.attend else None
        self.decoder = Decoder(target_size, options, summary=width, attends=attends, copies=copies(options))

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
