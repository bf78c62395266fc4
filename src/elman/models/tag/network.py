"""Define the tagger's network and its loss on sequences that differ in length."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import PackedSequence

from elman.data.sequences import Rows, Sequences, sorted_batches
from elman.models.networks.encoder import Encoder, packed
from elman.train import Batch


class TaggingNetwork(nn.Module):
    """A linear head on every step of an encoder. It runs packed batches alone, so that no step is ever padding.

    Args:
        encoder: gives each step its features.
        tags: the number of tags, K.
    """

    def __init__(self, encoder: Encoder, tags: int):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.width, tags)

    def forward(self, steps: PackedSequence) -> Tensor:
        """Return a score for every tag at every packed step, shape `(N, K)`; softmax makes them probabilities."""
        features, _ = self.encoder(steps)
        scores: Tensor = self.head(features.data)
        return scores


class TaggedSteps:
    """Examples for `ByLength`: every step of every sequence is one target.

    Args:
        network: what is measured.
        inputs: the sequences.
        tags: the number of each step's tag, beside `inputs.values`, shape `(N,)`.
    """

    def __init__(self, network: TaggingNetwork, inputs: Sequences, tags: npt.NDArray[np.int64]):
        self.network, self.inputs, self.tags = network, inputs, tags
        self.lengths = inputs.lengths

    def loss(self, rows: Rows) -> Batch:
        """Return the mean loss over all steps of some sequences, in nats."""
        packing = self.inputs.pack(rows)
        wanted = torch.from_numpy(self.tags[packing.places])
        return Batch(cross_entropy(self.network(packed(self.inputs, packing)), wanted), len(wanted))


def probabilities(network: TaggingNetwork, inputs: Sequences, batch: int) -> npt.NDArray[np.float32]:
    """Return the probability of every tag at every step, beside `inputs.values`, shape `(N, K)`."""
    found = np.empty((len(inputs.values), network.head.out_features), np.float32)
    with torch.inference_mode():
        for rows in sorted_batches(inputs.lengths, batch):
            packing = inputs.pack(rows)
            found[packing.places] = network(packed(inputs, packing)).softmax(-1).numpy()
    return found
