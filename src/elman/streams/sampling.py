"""Choose a symbol by its score: temperature, top-k and top-p."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from elman import kernels
from elman.errors import InputError
from elman.kernels import stream as c

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sampling:
    """The options of sampling.

    A uniform number chooses the first symbol at which the sum of exp(score / temperature), over the symbols in their
    order, exceeds that part of the whole. So one number gives one symbol.

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

    @cached_property
    def record(self) -> bytes:
        """The options as the kernels read them."""
        return c.sampling(self.temperature, min(self.top_k or 0, 2**62), self.top_p)

    def choose(self, scores: Scores, uniform: float) -> int:
        """Return the place of the chosen symbol.

        Args:
            scores: one per symbol, (V,), contiguous float32, before softmax.
            uniform: from 0 to below 1.
        """
        if kernels.available():
            scratch = np.empty(3 * len(scores) + 3, np.float32)
            return int(c.functions().choose(scores.ctypes.data, len(scores), self.record, uniform, scratch.ctypes.data))
        return self._choose(scores, uniform)

    def _choose(self, scores: Scores, uniform: float) -> int:
        """Choose where there are no kernels."""
        highest = int(scores.argmax())
        if self.temperature == 0:
            return highest
        weights = np.exp((scores - scores[highest]) / self.temperature, dtype=np.float32).astype(np.float64)
        if self.top_k is not None or self.top_p < 1:
            order = np.argsort(-scores, kind="stable")[: self.top_k]
            heaped = np.cumsum(weights[order])
            kept = order[: int(np.searchsorted(heaped, self.top_p * heaped[-1])) + 1]
            weights[np.setdiff1d(np.arange(len(scores)), kept)] = 0
        heaped = np.cumsum(weights)
        place = int(np.searchsorted(heaped, uniform * heaped[-1], side="right"))
        return min(place, int(np.flatnonzero(weights)[-1]))
