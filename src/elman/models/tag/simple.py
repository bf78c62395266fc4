"""Hold the simple predictors beside a tagger's network: the counts of each token's tags, and the linear tagger."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from elman.models.estimator.building import check_shapes
from elman.models.networks.crf import ConditionalRandomField
from elman.models.scoring.counts import TagCounts
from elman.models.tag.chains import Chain
from elman.models.tag.linear import LINEAR, LinearTagger
from elman.models.tag.preprocess import Labelled, Preprocessor

COUNTS = "counts"
"""The name of the counts among the answers of a tagger."""


@dataclass(frozen=True)
class Simple:
    """The simple predictors that a tagger keeps: those that its answer needs.

    Attributes:
        logs: logarithms of the probability of each tag with each token, shape `(V, K)`; V = 1 where steps are numbers.
        linear: the linear tagger.
    """

    logs: npt.NDArray[np.float32] | None = None
    linear: LinearTagger | None = None

    @classmethod
    def fit(cls, preprocessor: Preprocessor, training: Labelled, counts: TagCounts, seed: int) -> "Simple":
        """Learn from the training part; there is no linear tagger where steps are numbers."""
        kinds = len(preprocessor.classes)
        linear = LinearTagger.fit(training.inputs, training.tags, kinds, seed) if preprocessor.symbols else None
        return cls(np.log(counts.smoothed()).astype(np.float32), linear)

    @classmethod
    def from_state(cls, content: dict[str, Any], tensors: dict[str, Tensor], preprocessor: Preprocessor) -> "Simple":
        """Return the predictors that `content` and `tensors` were made from.

        Raises:
            InputError: a tensor is missing or of another shape.
        """
        kinds, linear = len(preprocessor.classes), None
        found = {name: tensor for name, tensor in tensors.items() if not name.startswith(LINEAR)}
        if content["linear"] is not None:
            rest = {name: tensor for name, tensor in tensors.items() if name.startswith(LINEAR)}
            linear = LinearTagger.from_state(content["linear"], rest, kinds)
        check_shapes(found, {COUNTS: (preprocessor.symbols or 1, kinds)} if COUNTS in found else {})
        return cls(found[COUNTS].float().numpy() if COUNTS in found else None, linear)

    def only(self, names: Any) -> "Simple":
        """Return those with some names alone."""
        return Simple(self.logs if COUNTS in names else None, self.linear if LINEAR in names else None)

    def names(self) -> list[str]:
        """Return the names of those that are here."""
        return [name for name, part in ((COUNTS, self.logs), (LINEAR, self.linear)) if part is not None]

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"linear": None if self.linear is None else self.linear.content()}

    def tensors(self) -> dict[str, Tensor]:
        """Return what a file has to hold as tensors."""
        counts = {} if self.logs is None else {COUNTS: torch.from_numpy(self.logs)}
        return counts if self.linear is None else counts | self.linear.tensors()

    def chains(self, preprocessor: Preprocessor, inputs: Any, barred: Tensor) -> dict[str, Chain]:
        """Return the scores of each predictor for some sequences in numbers, by name.

        Args:
            preprocessor: that of the tagger.
            inputs: the sequences.
            barred: what may not follow each other, as `ConditionalRandomField` has it.
        """
        found = {}
        field = ConditionalRandomField(len(preprocessor.classes))
        if self.logs is not None:
            scores = torch.from_numpy(self.logs[preprocessor.token_numbers(inputs)])
            found[COUNTS] = Chain(scores, _barred(field, barred))
        if self.linear is not None:
            field = ConditionalRandomField(len(preprocessor.classes))
            found[LINEAR] = Chain(self.linear.scores(inputs), _barred(self.linear.put_into(field), barred))
        return found


def _barred(field: ConditionalRandomField, barred: Tensor) -> ConditionalRandomField:
    field.barred.copy_(barred)
    return field
