"""Classify sequences while they arrive, with the classifier's network."""

from typing import Any

import numpy as np

from elman.data.inputs import TokenInput
from elman.data.vocabulary import composed
from elman.errors import InputError
from elman.models.classify.network import Network, members_of
from elman.models.classify.preprocess import Preprocessor
from elman.models.estimator.streaming import Floats, Probabilities, RowStream, one_step
from elman.models.scoring.bag_of_words import likelihoods
from elman.quoting import quote


class LabelStream(RowStream):
    """The stream of a classifier: `model.stream()`. Weights and vocabulary are those of when it was made.

    Pooling is that of the steps so far: a running mean, a running maximum, or the last step alone.

    Args:
        network: a trained network, or an ensemble, in one direction and without attention pooling.
        preprocessor: how it reads steps, and the classes.
        batch: B, the number of rows.
        precision: "float32", "bfloat16" or "int8", of the encoder; see `elman.Stream`.

    Attributes:
        probabilities: of every class after the last step, in the order of `classes_`, shape `(B, K)`; before it those
            of the training part.

    Raises:
        InputError: the network cannot take one step at a time.
    """

    def __init__(self, network: Network, preprocessor: Preprocessor, batch: int, precision: str) -> None:
        members = members_of(network)
        pooling, width = members[0].pool.name, sum(member.encoder.width for member in members)
        if pooling == "attention":
            raise InputError(
                "stream: expected pooling by last, mean, max or mean+max, got attention, which weighs the whole input: "
                "fit with another pooling"
            )
        self._pools = [] if pooling == "last" else pooling.split("+")
        # A row keeps the number of its steps, then the pools, each as wide as the features of all members.
        room = 1 + len(self._pools) * width if self._pools else 0
        name = f"{pooling} of steps" if self._pools else ""
        super().__init__([member.encoder for member in members], batch, precision, name, room)
        self._preprocessor = preprocessor
        # One head that returns the mean of the members': (K, pools, M*F), as the features lie.
        heads, pools = [member.head for member in members], max(len(self._pools), 1)
        classes = heads[0].out_features
        slopes = [head.weight.detach().numpy().reshape(classes, pools, -1) for head in heads]
        self._slopes = np.concatenate(slopes, axis=2).reshape(classes, -1) / len(heads)
        self._heights = np.mean([head.bias.detach().numpy() for head in heads], axis=0)
        self.probabilities: Probabilities = np.tile(preprocessor.priors, (batch, 1))

    def step(self, x: Any) -> Any:
        """Read the next step of each row, and classify what was read of its sequence so far.

        Args:
            x: a list of B symbols, or one symbol where there is one row; or an array (B, I) of numbers.

        Returns:
            The likeliest label of each row, shape `(B,)`; with several labels, a list of lists. `probabilities` has
            those of all classes.

        Raises:
            DataError: the steps are of another kind than in training.
            InputError: there are more or fewer than rows, or a text is no single symbol.
        """
        features = self._step(self._read(x))
        scores = (self._pooled(features) @ self._slopes.T + self._heights).astype(np.float64)
        labels = self._preprocessor.labels
        self.probabilities = likelihoods(scores, labels.multilabel)
        return labels.decode(self.probabilities)

    def _read(self, x: Any) -> Any:
        items, found = one_step(x, self.batch), self._preprocessor.input
        if isinstance(found, TokenInput) and found.tokens != "symbols" and isinstance(items[0], list):
            items = [[self._symbol(text) for text in items[0]]]
        return found.encode(items).values

    def _symbol(self, text: str) -> str:
        """Return the one symbol that a text is, as the model splits texts."""
        found: TokenInput = self._preprocessor.input  # type: ignore[assignment]
        symbols = found.tokenizer.split(composed(text))
        if len(symbols) != 1:
            raise InputError(
                f"step: expected one of the model's {found.tokens} for each row, got {quote(text)}, which is "
                f"{len(symbols)}: give them one after the other"
            )
        return symbols[0]

    def _pooled(self, features: Floats) -> Floats:
        """Return the pooled features `(B, width)` with this step."""
        if not self._pools:
            return features
        counts, pools = self.kept[:, :1], np.split(self.kept[:, 1:], len(self._pools), axis=1)
        first = counts == 0
        counts += 1
        for name, pool in zip(self._pools, pools, strict=True):
            highest = np.where(first, features, np.maximum(pool, features))
            pool[:] = pool + (features - pool) / counts if name == "mean" else highest
        return self.kept[:, 1:]
