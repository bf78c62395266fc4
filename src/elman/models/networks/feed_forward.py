"""Define the feed-forward network and its examples: linear layers with rectifiers, no state."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from elman.data.sequences import Rows, Sequences
from elman.train import Batch

PIECE = 4096
"""Vectors that go through the network at once where nothing is learned."""


class FeedForwardNetwork(nn.Sequential):
    """A multilayer perceptron.

    Args:
        width: the length of a vector, I.
        classes: the number of classes, K.
        hidden_size: the number of units in a layer, H.
        num_layers: hidden layers.
        dropout: the share of units dropped after each hidden layer while training.
    """

    def __init__(self, width: int, classes: int, *, hidden_size: int, num_layers: int, dropout: float):
        widths = [width, *[hidden_size] * num_layers]
        steps: list[nn.Module] = []
        for before, after in pairwise(widths):
            steps += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
        super().__init__(*steps, nn.Linear(hidden_size, classes))


@dataclass(frozen=True)
class LabelledVectors:
    """Inputs in numbers, shape `(n, ...)`, such as scaled vectors, and the number of each one's class, shape `(n,)`."""

    vectors: npt.NDArray[Any]
    targets: npt.NDArray[np.int64]

    def fingerprint(self) -> dict[str, str]:
        """Return digests of every vector and every class."""
        return {
            "vectors": Sequences.of([self.vectors]).fingerprint(),
            "labels": Sequences.of([self.targets]).fingerprint(),
        }


class Taught:
    """Examples for `ByLength`: each vector is one target, and all are equally long."""

    def __init__(self, network: nn.Module, examples: LabelledVectors):
        self.network, self.examples = network, examples
        self.lengths = np.ones(len(examples.targets), np.int64)

    def loss(self, rows: Rows) -> Batch:
        """Return the mean loss over some vectors, in nats."""
        scores = self.network(torch.from_numpy(self.examples.vectors[rows]))
        return Batch(cross_entropy(scores, torch.from_numpy(self.examples.targets[rows])), len(rows))


def probabilities(network: nn.Module, vectors: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the probability of every class for every vector, shape `(n, K)`."""
    with torch.inference_mode():
        parts = [network(part).double().softmax(-1) for part in torch.split(torch.from_numpy(vectors), PIECE)]
    return torch.cat(parts).numpy()
