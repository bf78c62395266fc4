"""Define the network of symbols: embedding or one-hot, recurrent layers, and a score for every next symbol."""

import torch
from torch import Tensor, nn

from elman.bptt import State
from elman.layers import GRU, LSTM, RNN
from elman.options import RecurrentOptions
from elman.streams.part import Part, one_hot

CELLS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


def recurrent_layers(width: int, options: RecurrentOptions, bidirectional: bool = False) -> RNN | GRU | LSTM:
    """Return the recurrent layers of a network; dropout is between them, so that a single layer has none.

    Args:
        width: the number of features at each step.
        options: the options of the job.
        bidirectional: whether each layer also reads backwards.
    """
    layers: RNN | GRU | LSTM = CELLS[options.cell](
        width,
        options.hidden_size,
        num_layers=options.num_layers,
        dropout=options.dropout if options.num_layers > 1 else 0.0,
        bidirectional=bidirectional,
    )
    return layers


class OneHot(nn.Module):
    """Symbols `(T, B)` -> vectors `(T, B, V)` with a single one."""

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("rows", torch.eye(size), persistent=False)

    def stream_layers(self) -> list[Part]:
        """Return the part that reads symbols, for `elman.Stream`."""
        return [one_hot(len(self.rows))]  # type: ignore[arg-type]

    def forward(self, symbols: Tensor) -> Tensor:
        """Return the vectors."""
        rows: Tensor = self.rows  # type: ignore[assignment]
        return nn.functional.embedding(symbols, rows)


class SymbolNetwork(nn.Module):
    """Predicts the next symbol at every step.

    Args:
        size: the number of symbols, V.
        options: the options of the recurrent layers; dropout is between them and before the head.
        embedding_dim: the length of a symbol's vector; None feeds symbols one-hot.
    """

    def __init__(self, size: int, options: RecurrentOptions, embedding_dim: int | None):
        super().__init__()
        self.embed: nn.Module = OneHot(size) if embedding_dim is None else nn.Embedding(size, embedding_dim)
        self.recurrent = recurrent_layers(embedding_dim or size, options)
        self.drop = nn.Dropout(options.dropout)
        self.head = nn.Linear(options.hidden_size, size)

    def stream_layers(self) -> list[nn.Module]:
        """Return the parts of the network, for `elman.Stream`."""
        return [self.embed, self.recurrent, self.drop, self.head]

    def recur(self, symbols: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Run symbols `(T, B)` and return features `(T, B, H)` and the state after the last step."""
        features, state = self.recurrent(self.embed(symbols), state)
        return features, state

    def score(self, features: Tensor) -> Tensor:
        """Return a score for every symbol at every step, `(T, B, V)`; softmax makes them probabilities."""
        scores: Tensor = self.head(self.drop(features))
        return scores

    def forward(self, symbols: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the scores `(T, B, V)` and the state after the last step."""
        features, state = self.recur(symbols, state)
        return self.score(features), state
