"""Describe the predictor that a model answers with; `models/scoring/answer.py` chooses it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from elman.rounding import brief

Scores = npt.NDArray[np.float64]

NETWORK = "network"
MIXTURE = "mixture"


@dataclass(frozen=True)
class Answer:
    """The predictor that a model answers with.

    Attributes:
        name: "network", "mixture", or the name of a simple model.
        factors: the factor of each part's scores, by name; parts that are not named are not used.
        losses: the held-out loss of each candidate, by name; empty with nothing held out.
        unit: what they are measured in, where that is not the loss of training.
    """

    name: str
    factors: dict[str, float]
    losses: dict[str, float] = field(default_factory=dict)
    unit: str = ""

    @classmethod
    def only(cls, name: str = NETWORK, losses: Mapping[str, float] | None = None) -> Self:
        """Return the answer of one part alone."""
        return cls(name, {name: 1.0}, dict(losses or {}))

    @classmethod
    def least(cls, losses: dict[str, float], factors: Mapping[str, dict[str, float]]) -> Self:
        """Return the candidate with the least held-out loss, the first of those alike; the parts of each by name."""
        name = min(losses, key=lambda one: losses[one])
        return cls(name, factors[name], losses)

    def scores(self, parts: Mapping[str, Scores]) -> Scores:
        """Return the scores `(n, K)` of the answer, from those of its parts."""
        return np.asarray(sum(factor * parts[name] for name, factor in self.factors.items()))

    def line(self, unit: str) -> str:
        """Return one line that says what was chosen and why."""
        if not self.losses:
            return f"answers with: {self.name} (nothing was held out to choose on)"
        losses = ", ".join(f"{name} {brief(loss)}" for name, loss in self.losses.items())
        least = self.losses.get(self.name) == min(self.losses.values())
        why = "the least held-out loss" if least else "as asked; held-out losses"
        return f"answers with: {self.name}, {why} ({losses} {self.unit or unit})"

    def content(self) -> dict[str, Any]:
        """Return what a file has to hold, as JSON says it."""
        return {"name": self.name, "factors": self.factors, "losses": self.losses, "unit": self.unit}
