"""Define the decoder that translators and captioners share, with or without attention."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax, pad
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman.bptt import State
from elman.bptt.truncated import each
from elman.data.tokenizer import UNKNOWN
from elman.models.estimator.options import WriterOptions
from elman.models.networks.attention import Attention, Memory, Pointer, probabilities, probability_of
from elman.models.networks.beam_search import BOS_EOS
from elman.models.networks.symbols import recurrent_layers


class Source(NamedTuple):
    """The input of a decoder.

    Attributes:
        state: the state that it begins with.
        memory: the outputs that it attends to; None for a decoder without attention.
    """

    state: State
    memory: Memory | None


class Targets(NamedTuple):
    """The targets of a decoder, for B rows.

    Attributes:
        symbols: `(B, T)`, each row ended by `BOS_EOS`; symbols after the end are not read. Where a decoder
            copies, numbers from the vocabulary's size on are symbols of the row's source.
        lengths: symbols of each row, its end included, `(B,)`, on the CPU.
    """

    symbols: Tensor
    lengths: Tensor

    @property
    def inputs(self) -> Tensor:
        """Shift the targets by one: the symbol before each step, `BOS_EOS` first. `(B, T)`."""
        return pad(self.symbols[:, :-1], (1, 0), value=BOS_EOS)

    def packed(self, rows: Tensor) -> PackedSequence:
        """Return one of such tensors, `(B, T, ...)`, without its padding."""
        return pack_padded_sequence(rows, self.lengths, batch_first=True, enforce_sorted=False)


class Decoder(nn.Module):
    """Write one symbol after the other.

    Args:
        size: the number of symbols, V; one of them is `BOS_EOS`.
        options: the options of the job; dropout is on embeddings, between layers and before the head.
        summary: the length of the vector that the state is made from.
        attends: the size E of the encoder's outputs to attend to; None makes a decoder without attention.
        copies: it can also copy symbols of the source; needs `attends`.
    """

    def __init__(
        self,
        size: int,
        options: WriterOptions,
        *,
        summary: int,
        attends: int | None,
        copies: bool = False,
    ):
        super().__init__()
        hidden_size = options.hidden_size
        self.parts = 2 if options.cell == "lstm" else 1
        self.begin = nn.Linear(summary, self.parts * options.num_layers * hidden_size)
        self.embed = nn.Embedding(size, options.embedding_dim)
        self.drop = nn.Dropout(options.dropout)
        self.recurrent = recurrent_layers(options.embedding_dim, options)
        self.attention = None if attends is None else Attention(hidden_size, attends)
        self.pointer = Pointer(hidden_size, attends) if attends is not None and copies else None
        self.head = nn.Linear(hidden_size, size)

    def first_state(self, summary: Tensor) -> State:
        """Return the state to begin with, `(num_layers, B, H)`, made from summaries `(B, F)`."""
        num_layers, hidden_size = self.recurrent.num_layers, self.recurrent.hidden_size
        values = torch.tanh(self.begin(summary)).view(-1, self.parts, num_layers, hidden_size)
        values = values.permute(1, 2, 0, 3).contiguous()
        return (values[0], values[1]) if self.parts == 2 else values[0]

    def memory(self, values: Tensor, lengths: Tensor, symbols: Tensor | None) -> Memory | None:
        """Return the memory to attend to and copy from; None without attention.

        Args:
            values: the encoder's outputs, `(B, S, E)`.
            lengths: how many of the S are symbols, `(B,)`.
            symbols: what can be copied, `(B, S)`, see `Places`; None where the decoder does not copy.
        """
        if self.attention is None:
            return None
        seen = self.attention.memory(values, lengths)
        if self.pointer is None or symbols is None:
            return seen
        return seen._replace(places=self.pointer.places(values, symbols))

    def embedded(self, symbols: Tensor) -> Tensor:
        """Return vectors `(..., E)` for symbols `(...)`; those of no vocabulary have the unknown one's."""
        vectors: Tensor = self.embed(symbols.where(symbols < self.embed.num_embeddings, UNKNOWN))
        return vectors

    def seen(self, states: Tensor, memory: Memory | None) -> Tensor:
        """Return the states `(B, T, H)` with the attention's context mixed in."""
        return states if self.attention is None or memory is None else self.attention(states, memory)

    def score(self, seen: Tensor) -> Tensor:
        """Return a score for every symbol of the vocabulary, `(B, T, V)`, from what `seen` gave."""
        scores: Tensor = self.head(self.drop(seen))
        return scores

    def log_probabilities(self, states: Tensor, memory: Memory | None, latest: Tensor) -> Tensor:
        """Return ln P of each next symbol up to a constant a row, `(B, T, V or more)`; more with symbols to copy.

        Args:
            states: `(B, T, H)`.
            memory: see `Memory`.
            latest: the symbols that were written before, `(B, T)`.
        """
        seen = self.seen(states, memory)
        scores = self.score(seen)
        if self.pointer is None or memory is None or memory.places is None:
            return scores
        own = log_softmax(scores, dim=-1)
        return probabilities(own, self.pointer(seen, latest, memory.places), memory.places)

    def states(self, source: Source, targets: Targets, inputs: Tensor) -> Tensor:
        """Return the states while reading inputs `(B, T)`, `(B, T, H)`: one call over all steps, no padding read."""
        packed, _ = self.recurrent(targets.packed(self.drop(self.embedded(inputs))), source.state)
        return pad_packed_sequence(packed, batch_first=True)[0]

    def loss(self, source: Source, targets: Targets, *, smoothing: float = 0.0, forcing: float = 1.0) -> Tensor:
        """Return the mean loss over all symbols of the targets, their ends included, in nats.

        Args:
            source: what to write from.
            targets: what should be written.
            smoothing: the share of the wanted probability that is spread over all symbols of the vocabulary.
            forcing: the share of steps that read the symbol that should have been written before (teacher forcing);
                the others read what the decoder itself would have written there.
        """
        inputs = targets.inputs if forcing == 1 else self._mixed_inputs(source, targets, forcing)
        seen = self.seen(self.states(source, targets, inputs), source.memory)
        scores = self.score(seen)
        if self.pointer is None or source.memory is None or source.memory.places is None:
            wanted = targets.packed(targets.symbols).data
            return cross_entropy(targets.packed(scores).data, wanted, label_smoothing=smoothing)
        places, own = source.memory.places, log_softmax(scores, dim=-1)
        wanted = probability_of(targets.symbols, own, self.pointer(seen, inputs, places), places)
        reached = (1 - smoothing) * wanted + smoothing * own.mean(dim=-1)
        return -targets.packed(reached).data.mean()

    @torch.no_grad()
    def _mixed_inputs(self, source: Source, targets: Targets, forcing: float) -> Tensor:
        """Return the inputs with some replaced by the decoder's own choices, made in a pass over the true ones.

        Scheduled sampling (Bengio et al. 2015) walks step by step; two passes over whole sequences stand in for that
        (Mihaylova and Martins 2019, arXiv 1906.07651; Duckworth et al. 2019, arXiv 1906.04331).
        """
        true = targets.inputs
        own = self.log_probabilities(self.states(source, targets, true), source.memory, true).argmax(dim=-1)
        shifted = pad(own[:, :-1], (1, 0), value=BOS_EOS)
        return torch.where(torch.rand(true.shape, device=true.device) < forcing, true, shifted)


class Writing:
    """A decoder that writes: rows of hypotheses with their states, in the form that `beam_search.search` takes.

    Args:
        decoder: what writes, in evaluation mode.
        source: what it writes from.
        never: symbols that must not be written.
    """

    def __init__(self, decoder: Decoder, source: Source, never: tuple[int, ...] = ()):
        self._decoder, self._never = decoder, list(never)
        self._state, self._whole = source.state, source.memory
        self._memory = source.memory
        rows = (source.state if isinstance(source.state, Tensor) else source.state[0]).shape[1]
        self._owners = torch.arange(rows)

    def step(self, symbols: Tensor) -> Tensor:
        """Read each row's latest symbol, `(R,)`, and return ln P of each next one, `(R, V)`; those never written 0."""
        states, self._state = self._decoder.recurrent(self._decoder.embedded(symbols[None]), self._state)
        scores = self._decoder.log_probabilities(states.transpose(0, 1), self._memory, symbols[:, None])[:, 0]
        scores[:, self._never] = -torch.inf
        return log_softmax(scores, dim=-1)

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows, in this order. What they look at is copied only where a row gets another source."""
        self._state = each(self._state, lambda part: part.index_select(1, rows))
        owners = self._owners[rows]
        if self._whole is not None and not torch.equal(owners, self._owners):
            self._memory = self._whole.rows(owners)
        self._owners = owners
