"""All that a classifier learns beside its network's weights: how to read sequences and labels, and its baselines."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.data.inputs import SeriesInput, TokenInput, input_of, learn_input
from elman.data.items import Items
from elman.data.sequences import Sequences
from elman.models.bag_of_words import Linear, fit_linear
from elman.models.classifier_settings import ClassifierSettings
from elman.models.labels import Label, Labels, Targets


@dataclass(frozen=True)
class Labelled:
    """Sequences in numbers, and what `Labels.encode` made of their labels."""

    inputs: Sequences
    targets: Targets

    def fingerprint(self) -> dict[str, str]:
        """Return digests of every sequence and every label."""
        return {"sequences": self.inputs.fingerprint(), "labels": Sequences.of([self.targets]).fingerprint()}


@dataclass(frozen=True)
class Reading:
    """What was learned from the training part, and from nothing else.

    Attributes:
        input: vocabulary or scale.
        labels: the classes.
        shares: how often each class came, shape `(K,)`.
        linear: the bag of words.
    """

    input: TokenInput | SeriesInput
    labels: Labels
    shares: npt.NDArray[np.float64]
    linear: Linear

    @classmethod
    def learn(cls, items: Items, names: list[Label], settings: ClassifierSettings) -> "Reading":
        """Learn from the training part.

        Raises:
            DataError: there are fewer than two classes.
        """
        labels = Labels.learn(names)
        found = learn_input(items, settings.tokens, settings.min_count)
        targets, symbols = labels.encode(names), _symbols(found)
        linear = fit_linear(found.encode(items), targets, symbols, labels.several)
        return cls(found, labels, labels.chances(targets), linear)

    @classmethod
    def of(cls, content: dict[str, Any], tensors: dict[str, Tensor]) -> "Reading":
        """Return the reading that `content` and `tensors` were made from."""
        labels = Labels(content["classes"], content["several"])
        linear = Linear(tensors["slopes"].numpy(), tensors["offsets"].numpy(), labels.several)
        return cls(input_of(content["input"]), labels, np.array(content["shares"]), linear)

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {
            "input": self.input.content(),
            "classes": self.labels.classes.tolist(),
            "several": self.labels.several,
            "shares": self.shares.tolist(),
        }

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file has to hold as tensors."""
        return {"slopes": torch.from_numpy(self.linear.slopes), "offsets": torch.from_numpy(self.linear.offsets)}

    @property
    def symbols(self) -> int | None:
        """The number of symbols, V; None for series."""
        return _symbols(self.input)

    @property
    def features(self) -> int:
        """The number of features at each step of a series, I."""
        return len(self.input.mean) if isinstance(self.input, SeriesInput) else 0

    def label(self, items: Items, names: list[Label]) -> Labelled:
        """Return sequences and labels in numbers.

        Raises:
            DataError: a label is none of the classes, or the sequences are of another kind.
        """
        return Labelled(self.input.encode(items), self.labels.encode(names))

    def baselines(self, inputs: Sequences) -> dict[str, npt.NDArray[np.float64]]:
        """Return the probabilities `(n, K)` of predictors that need no network, by name."""
        return {
            "class shares": np.tile(self.shares, (len(inputs), 1)),
            "bag of words": self.linear.probabilities(inputs),
        }


def _symbols(found: TokenInput | SeriesInput) -> int | None:
    return len(found.vocabulary) if isinstance(found, TokenInput) else None
