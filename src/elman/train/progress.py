"""How far a training has come: the numbers that a checkpoint keeps and a listener shows."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from elman.errors import InputError
from elman.limits import COUNT
from elman.quoting import quote


@dataclass
class Progress:
    """Counts and losses so far. All plain numbers, so that JSON keeps them exactly.

    Attributes:
        step: updates made.
        targets: targets trained on.
        seconds: time spent training, over all sittings.
        clipped: updates whose gradients were clipped.
        loss_sum: sum of loss times targets since the last evaluation.
        loss_targets: targets in that sum.
        best: the best held-out loss, and `best_step` the update it came after.
        worse: evaluations since the best one.
        evaluated: the update after which the last evaluation was made, and `evaluated_seconds` the time.
        validation: the loss it found.
    """

    step: int = 0
    targets: int = 0
    seconds: float = 0.0
    clipped: int = 0
    loss_sum: float = 0.0
    loss_targets: int = 0
    best: float | None = None
    best_step: int = 0
    worse: int = 0
    evaluated: int = 0
    evaluated_seconds: float = 0.0
    validation: float | None = None

    @property
    def loss(self) -> float:
        """The mean training loss since the last evaluation."""
        return self.loss_sum / max(self.loss_targets, 1)

    @property
    def clipped_share(self) -> float:
        """The share of updates whose gradients were clipped, 0 to 1."""
        return self.clipped / max(self.step, 1)

    def add(self, loss: float, count: int, clipped: bool) -> None:
        """Count one update."""
        self.step += 1
        self.targets += count
        self.clipped += clipped
        self.loss_sum += loss * count
        self.loss_targets += count

    def judge(self, loss: float | None) -> bool:
        """Count one evaluation and say whether it is the best so far."""
        self.evaluated, self.evaluated_seconds, self.validation = self.step, self.seconds, loss
        self.loss_sum, self.loss_targets = 0.0, 0
        if loss is None:
            return False
        if self.best is None or loss < self.best:
            self.best, self.best_step, self.worse = loss, self.step, 0
            return True
        self.worse += 1
        return False

    @classmethod
    def of(cls, numbers: Any) -> "Progress":
        """Return what `numbers` gave, after a file.

        Raises:
            InputError: a field is missing, unknown or of another kind.
        """
        usual = asdict(cls())
        if not isinstance(numbers, dict) or numbers.keys() != usual.keys():
            raise InputError(f"progress: expected {', '.join(usual)}, got {quote(numbers)}")
        for name, value in numbers.items():
            if not _fits(value, usual[name]):
                raise InputError(f"progress: {name}: expected a number, got {quote(value)}")
        return cls(**numbers)

    def numbers(self) -> dict[str, Any]:
        """Return every field by name."""
        return asdict(self)


def _fits(value: Any, usual: Any) -> bool:
    """Say whether a value may be that of a field whose usual value is `usual`."""
    if usual is None and value is None:
        return True
    if type(usual) is int:
        return type(value) is int and 0 <= value <= COUNT
    return (isinstance(value, float) and not math.isnan(value)) or (type(value) is int and abs(value) <= COUNT)
