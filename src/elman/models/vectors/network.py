"""Define the feed-forward network, linear layers with rectifiers and no state, and its loss on vectors."""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from elman.data.sequences import Rows
from elman.models.vectors.options import PerceptronOptions
from elman.models.vectors.preprocess import Labelled
from elman.train import Batch

PIECE = 4096
"""Vectors that go through the network at once where nothing is learned."""


class FeedForwardNetwork(nn.Sequential):
    """A multilayer perceptron.

    Args:
        width: the length of a vector, I.
        classes: the number of classes, K.
        options: the number and size of hidden layers, and the dropout after each.
    """

    def __init__(self, width: int, classes: int, options: PerceptronOptions):
        widths = [width, *[options.hidden_size] * options.num_layers]
        steps: list[nn.Module] = []
        for before, after in pairwise(widths):
            steps += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(options.dropout)]
        super().__init__(*steps, nn.Linear(options.hidden_size, classes))


class LabelledVectors:
    """Examples for `ByLength`: each vector is one target, and all are equally long."""

    def __init__(self, network: nn.Module, examples: Labelled):
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
