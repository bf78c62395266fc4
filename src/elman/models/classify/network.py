"""Define the classifier's network and its loss on sequences that differ in length."""

from collections.abc import Callable, Iterable
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.nn.utils.rnn import PackedSequence

from elman.data.sequences import Rows, Sequences, sorted_batches
from elman.errors import InputError
from elman.models.classify.augmentation import augmented
from elman.models.classify.options import AugmentName
from elman.models.classify.simple import Examples
from elman.models.networks.encoder import Encoder, Pooling, packed
from elman.options import PoolingName
from elman.train import Batch


class ClassifierNetwork(nn.Module):
    """An encoder, its steps pooled, and a linear head.

    Args:
        encoder: gives each step its features.
        pooling: how the steps of a sequence become one vector.
        classes: the number of classes, K.
    """

    def __init__(self, encoder: Encoder, pooling: PoolingName, classes: int):
        super().__init__()
        self.encoder = encoder
        self.pool = Pooling(pooling, encoder.width)
        self.head = nn.Linear(self.pool.width, classes)

    def stream_layers(self) -> list[nn.Module]:
        """Return the parts of the network, for `elman.Stream`.

        Raises:
            InputError: the steps are pooled.
        """
        if self.pool.name != "last":
            raise InputError(
                f"elman.Stream: expected a classifier with pooling='last', got {self.pool.name}, over all steps. "
                "Use model.stream() of the estimator, which keeps a running mean or maximum"
            )
        return [self.encoder, self.head]

    def forward(self, steps: PackedSequence) -> Tensor:
        """Return a score for every class, shape `(B, K)`."""
        scores: Tensor = self.head(self.pool(*self.encoder(steps)))
        return scores


class Ensemble(nn.Module):
    """Networks that differ in their first weights and dropout alone, trained side by side; their mean score counts.

    Args:
        members: at least two, all of the same sizes.
    """

    def __init__(self, members: Iterable[ClassifierNetwork]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def stream_layers(self) -> list[nn.Module]:
        """Raise an InputError: `elman.Stream` runs one network."""
        raise InputError(
            f"elman.Stream: expected a classifier with one network, got {len(self.members)} that are averaged. "
            "Use model.stream() of the estimator, which runs them side by side"
        )

    def forward(self, steps: PackedSequence) -> Tensor:
        """Return the mean of the members' scores for every class, shape `(B, K)`."""
        return torch.stack([member(steps) for member in self.members]).mean(dim=0)


Network: TypeAlias = ClassifierNetwork | Ensemble


def members_of(network: Network) -> list[ClassifierNetwork]:
    """Return the networks that an ensemble averages, or the one that there is."""
    if isinstance(network, ClassifierNetwork):
        return [network]
    return [cast(ClassifierNetwork, member) for member in network.members]


class LabelledSequences:
    """Examples for `ByLength`: each sequence is one target.

    Args:
        network: what is measured.
        examples: the sequences and their labels.
        loss: scores `(B, K)` and targets to the mean loss.
        augment: how series are varied while the network is in training mode.
        weights: of the classes in the loss, shape `(K,)`, where their sum over the targets is the mean's denominator.
    """

    def __init__(
        self,
        network: Network,
        examples: Examples,
        loss: Callable[[Tensor, Tensor], Tensor],
        augment: AugmentName = "none",
        weights: npt.NDArray[np.float32] | None = None,
    ):
        self.network, self.examples, self._loss, self._augment = network, examples, loss, augment
        self._weights = weights
        self.lengths = examples.inputs.lengths

    def loss(self, rows: Rows) -> Batch:
        """Return the mean loss over some sequences, in nats; in training that of each member, in the mean."""
        inputs, targets = self.examples.inputs, self.examples.targets
        if self._augment != "none" and self.network.training:
            inputs, targets, rows = augmented(inputs, rows, self._augment), targets[rows], np.arange(len(rows))
        packing = inputs.pack(rows)
        wanted = torch.from_numpy(targets[packing.rows])
        total = None if self._weights is None else float(self._weights[targets[packing.rows]].sum())
        steps, networks = packed(inputs, packing), members_of(self.network) if self.network.training else [self.network]
        losses = [self._loss(network(steps), wanted) for network in networks]
        return Batch(torch.stack(losses).mean(), len(rows), total)


def loss_of(
    multilabel: bool, weights: npt.NDArray[np.float32] | None = None, smoothing: float = 0.0
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the mean cross-entropy, over classes too where a sequence has several labels.

    Args:
        multilabel: whether targets are 1 and 0 for each class.
        weights: of the classes, shape `(K,)`, or None.
        smoothing: the share of a target that is spread over all classes (Szegedy and others 2016).
    """
    scale = None if weights is None else torch.from_numpy(weights)
    if not multilabel:
        return lambda scores, wanted: cross_entropy(scores, wanted, scale, label_smoothing=smoothing)

    def each(scores: Tensor, wanted: Tensor) -> Tensor:
        smooth = wanted * (1 - smoothing) + smoothing / 2
        return binary_cross_entropy_with_logits(scores, smooth, scale)

    return each


def scores_of(network: Network, inputs: Sequences, batch: int = 256) -> npt.NDArray[np.float64]:
    """Return the score of every class for every sequence, in the sequences' own order, shape `(n, K)`."""
    found = np.empty((len(inputs), members_of(network)[0].head.out_features))
    with torch.inference_mode():
        for rows in sorted_batches(inputs.lengths, batch):
            packing = inputs.pack(rows)
            found[packing.rows] = network(packed(inputs, packing)).numpy()
    return found
