"""Sample from scores by temperature, top-k and top-p: NumPy in float64, one uniform number for each choice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from elman.errors import InputError

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sampling:
    """The options of sampling.

    Attributes:
        temperature: above 1 bolder, below 1 safer; 0 always takes the likeliest.
        top_k: choose among the k likeliest only; None among all.
        top_p: choose among the fewest that together hold this probability; 1 among all.

    Raises:
        InputError: a value is out of range.
    """

    temperature: float = 0.8
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 100:
            raise InputError(f"temperature: expected 0 to 100, got {self.temperature}: 0 takes the likeliest")
        if self.top_k is not None and self.top_k < 1:
            raise InputError(f"top_k: expected 1 or more, got {self.top_k}: leave it out to choose among all")
        if not 0 < self.top_p <= 1:
            raise InputError(f"top_p: expected more than 0 and up to 1, got {self.top_p}: 1 chooses among all")

    def choose(self, scores: Scores, random: np.random.Generator) -> int:
        """Return the place of the chosen symbol.

        Args:
            scores: one per symbol, shape `(V,)`, before softmax.
            random: gives one uniform number, unless the temperature is 0.
        """
        if self.temperature == 0:
            return int(scores.argmax())
        order = np.argsort(-scores, kind="stable")[: self.top_k]
        heights = (scores[order] - scores[order[0]]) / self.temperature
        heaped = np.cumsum(np.exp(heights))
        if self.top_p < 1:
            heaped = heaped[: int(np.searchsorted(heaped, self.top_p * heaped[-1])) + 1]
        place = np.searchsorted(heaped, random.random() * heaped[-1], side="right")
        return int(order[min(int(place), len(heaped) - 1)])
