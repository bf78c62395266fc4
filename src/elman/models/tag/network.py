"""Define the tagger's network and its loss on sequences that differ in length.

Recurrent layers that read in both directions, with a conditional random field over their scores, as in Huang, Xu and
Yu (2015); a word is read as the sum of vectors of the word and of its parts, as in Bojanowski and others (2017),
"Enriching word vectors with subword information".
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import PackedSequence

from elman.data.sequences import Rows, Sequences, sorted_batches
from elman.errors import InputError
from elman.models.networks.crf import ConditionalRandomField
from elman.models.networks.encoder import Encoder, packed
from elman.models.tag.chains import BATCH, Chain
from elman.models.tag.characters import CharacterNetwork
from elman.models.tag.options import TaggerOptions
from elman.models.tag.preprocess import Preprocessor
from elman.models.tag.words import COLUMNS, WHOLE
from elman.train import Batch

SPREAD = 0.3
"""Standard deviation of the first numbers of the vectors of words and parts."""
RARE_DROPOUT = 0.5
"""Probability that a word that occurs once is read as an unknown one in training."""


class WordEmbedding(nn.Module):
    """The sum of the vectors of a word and of its parts, and of what a network makes of its characters.

    Args:
        sizes: how many numbers each column has, the word's first.
        width: the length of a vector.
        dropout: the probability that a word is known by its smaller parts alone in training.
        characters: reads the characters; None where they are not read.
    """

    starts: Tensor
    rare: Tensor

    def __init__(self, sizes: list[int], width: int, dropout: float, characters: CharacterNetwork | None = None):
        super().__init__()
        self.dropout, self.characters = dropout, characters
        self.vectors = nn.EmbeddingBag(sum(sizes), width, mode="sum")
        nn.init.normal_(self.vectors.weight, std=SPREAD)
        self.register_buffer("starts", torch.tensor([0, *np.cumsum(sizes)[:-1]]), persistent=False)
        self.register_buffer("rare", torch.zeros(sizes[0], dtype=torch.bool), persistent=False)
        self._whole = [COLUMNS.index(name) for name in WHOLE]

    def forward(self, words: Tensor) -> Tensor:
        """Return vectors of words, `(N, width)`.

        Args:
            words: the numbers of words and of their parts, `(N, C)`, and those of their characters where they are read.
        """
        words, spelling = words[:, : len(COLUMNS)], words[:, len(COLUMNS) :]
        if self.training:
            unread = torch.rand(len(words)) < torch.where(self.rare[words[:, 0]], RARE_DROPOUT, self.dropout)
            words = words.clone()
            for column in self._whole:
                words[:, column].masked_fill_(unread, 0)
        found: Tensor = self.vectors(words + self.starts)
        return found if self.characters is None else found + self.characters(spelling)


class TaggingNetwork(nn.Module):
    """A linear head on every step of an encoder. It runs packed batches alone, so that no step is ever padding.

    Args:
        encoder: gives each step its features.
        tags: the number of tags, K.
        words: makes vectors of words for the encoder; None where the encoder reads the steps as they are.
        joined: whether tags that follow each other have scores, learned with the network.
        allowed: which tags may follow each other, see `ConditionalRandomField`.
    """

    def __init__(
        self,
        encoder: Encoder,
        tags: int,
        words: WordEmbedding | None = None,
        joined: bool = False,
        allowed: tuple[Tensor, Tensor, Tensor] | None = None,
    ):
        super().__init__()
        self.words, self.encoder, self.joined = words, encoder, joined
        self.head = nn.Linear(encoder.width, tags)
        self.field = ConditionalRandomField(tags, allowed).requires_grad_(joined)

    def begin_with(self, vectors: dict[int, npt.NDArray[np.float32]], tokens: npt.NDArray[np.int64]) -> None:
        """Take vectors that somebody trained, by the numbers of their tokens, and see which tokens came once.

        Args:
            vectors: as long as those that the network learns.
            tokens: the number of each token of the training part, shape `(N,)`.
        """
        embed = self.encoder.embed if self.words is None else self.words.vectors
        for number, vector in vectors.items():
            if embed is not None:
                embed.weight.data[number] = torch.from_numpy(vector)
        if self.words is not None:
            counts = np.bincount(tokens, minlength=len(self.words.rare))
            self.words.rare.copy_(torch.from_numpy(counts == 1))

    def stream_layers(self) -> list[nn.Module]:
        """Return the parts of the network, for `elman.Stream`; where words are read by their parts, those after that.

        Raises:
            InputError: the tags depend on each other.
        """
        if self.joined:
            raise InputError(
                "elman.Stream: expected a tagger of crf=False, got one whose tags depend on those after them. Fit with "
                "crf=False and bidirectional=False"
            )
        return [self.encoder, self.head]

    def forward(self, steps: PackedSequence) -> Tensor:
        """Return a score for every tag at every packed step, shape `(N, K)`."""
        if self.words is not None:
            steps = PackedSequence(self.words(steps.data), steps.batch_sizes)
        features, _ = self.encoder(steps)
        scores: Tensor = self.head(features.data)
        return scores


@dataclass(frozen=True)
class TaggedSteps:
    """Examples for `ByLength`: every step of every sequence is one target.

    Attributes:
        network: what is measured.
        inputs: the sequences.
        tags: the number of each step's tag, beside `inputs.values`, shape `(N,)`.
    """

    network: TaggingNetwork
    inputs: Sequences
    tags: npt.NDArray[np.int64]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Steps of each sequence, shape `(n,)`."""
        return self.inputs.lengths

    def loss(self, rows: Rows) -> Batch:
        """Return the loss of some sequences by their number of steps, in nats."""
        packing = self.inputs.pack(rows)
        wanted = torch.from_numpy(self.tags[packing.places])
        steps = packed(self.inputs, packing)
        scores = self.network(steps)
        if not self.network.joined:
            return Batch(cross_entropy(scores, wanted), len(wanted))
        return Batch(self.network.field.loss(scores, wanted, steps.batch_sizes) / len(wanted), len(wanted))


def new_network(
    preprocessor: Preprocessor, options: TaggerOptions, width: int, allowed: tuple[Tensor, Tensor, Tensor] | None
) -> TaggingNetwork:
    """Return a network with first weights.

    Args:
        preprocessor: what the network reads and tells apart.
        options: the options, with what was left open chosen.
        width: the length of the vectors of symbols, or of words and their parts.
        allowed: which tags may follow each other, see `ConditionalRandomField`.
    """
    symbols, tags = preprocessor.symbols, len(preprocessor.classes)
    if preprocessor.words is None or symbols is None:
        encoder = Encoder(symbols, width if symbols else preprocessor.features, options)
        return TaggingNetwork(encoder, tags, None, options.crf, allowed)
    alphabet = preprocessor.alphabet
    characters = None if alphabet is None else CharacterNetwork(len(alphabet), options.character_size, width)
    words = WordEmbedding([symbols, *preprocessor.words.sizes], width, options.symbol_dropout, characters)
    return TaggingNetwork(Encoder(None, width, options), tags, words, options.crf, allowed)


def chain_of(network: TaggingNetwork, inputs: Sequences, batch: int = BATCH) -> Chain:
    """Return the scores of a network for some sequences, run so many at once."""
    found = torch.empty(len(inputs.values), network.head.out_features)
    with torch.inference_mode():
        for rows in sorted_batches(inputs.lengths, batch):
            packing = inputs.pack(rows)
            found[torch.from_numpy(packing.places)] = network(packed(inputs, packing))
    return Chain(found, network.field)
