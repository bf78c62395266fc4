"""Tag tokens as they arrive, with the tagger's network."""

import copy
from typing import Any

import numpy as np
import torch

from elman.models.estimator.streaming import Probabilities, RowStream, one_step
from elman.models.tag.network import TaggingNetwork
from elman.models.tag.preprocess import Preprocessor


class TagStream(RowStream):
    """The stream of a tagger: `model.stream()`. Weights and vocabulary are those of when it was made.

    Args:
        network: a trained network in one direction, without a conditional random field.
        preprocessor: how it reads tokens.
        batch: B, the number of rows.
        precision: "float32", "bfloat16" or "int8"; see `elman.Stream`.

    Attributes:
        probabilities: of every tag at the last step, in the order of `classes_`, shape `(B, K)`; uniform before it.

    Raises:
        InputError: the network cannot take one step at a time.
    """

    def __init__(self, network: TaggingNetwork, preprocessor: Preprocessor, batch: int, precision: str) -> None:
        super().__init__([network], batch, precision)
        self._preprocessor = preprocessor
        tags = len(preprocessor.classes)
        self.probabilities: Probabilities = np.full((batch, tags), 1 / tags)
        self._words = copy.deepcopy(network.words)

    def step(self, x: Any) -> list[Any]:
        """Read the next token of each row, and tag it.

        Args:
            x: a list of B tokens, or one token where there is one row; or an array (B, I) of numbers.

        Returns:
            The likeliest tag of each row. `probabilities` has those of all tags.

        Raises:
            DataError: the tokens are of another kind than in training.
            InputError: there are more or fewer than rows.
        """
        preprocessor = self._preprocessor
        values = preprocessor.encode(preprocessor.read(one_step(x, self.batch))).values
        if self._words is not None:
            with torch.inference_mode():
                values = self._words(torch.from_numpy(values)).numpy()
        scores = self._step(values).astype(np.float64)
        heights = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.probabilities = heights / heights.sum(axis=1, keepdims=True)
        return [preprocessor.classes[number] for number in scores.argmax(axis=1)]
