"""The progress of a training: its plan, its counters, and the callback that is given both while it runs."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from elman.errors import InputError
from elman.limits import COUNT
from elman.quoting import quote


@dataclass
class Counters:
    """Counts and losses so far: plain numbers, so that JSON keeps them exactly.

    Attributes:
        step: Updates made.
        targets: Targets trained on.
        seconds: Training time; resumed trainings add to it.
        clipped: Updates whose gradients were clipped.
        loss_sum: Sum of loss times targets since the last evaluation.
        loss_targets: Targets in that sum.
        best: The best held-out loss, and `best_step` the update after which it was measured.
        worse: Evaluations since the best one.
        evaluated: The update after which the last evaluation was made, and `evaluated_seconds` its time.
        validation: The held-out loss of the last evaluation.
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
        """The fraction of updates whose gradients were clipped, in [0, 1]."""
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
    def of(cls, numbers: Any) -> "Counters":
        """Return the counters that `numbers` wrote to a file.

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


@dataclass(frozen=True)
class Plan:
    """The length of a training, and the names and baselines of its loss.

    Attributes:
        target: The name of one target, such as "char".
        loss_unit: The unit of the loss.
        baselines: Losses to beat, by name.
        steps_per_epoch: Updates in one pass over the data.
        epochs: Passes over the data, or None where only minutes limit it.
        minutes: Training time, or None where only epochs limit it.
        patience: Evaluations without a better held-out loss after which training stops, or None.
    """

    target: str
    loss_unit: str
    baselines: dict[str, float]
    steps_per_epoch: int
    epochs: int | None
    minutes: float | None
    patience: int | None = None

    @property
    def steps(self) -> int | None:
        """The number of updates, where it is known."""
        return None if self.epochs is None else self.epochs * self.steps_per_epoch

    def done(self, counters: Counters) -> float:
        """Return the fraction that is done, in [0, 1], by whichever limit is nearer."""
        by_steps = counters.step / self.steps if self.steps else 0.0
        by_time = counters.seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(by_steps, by_time))

    def finished(self, counters: Counters) -> bool:
        """Say whether epochs, minutes or patience have run out."""
        return self.done(counters) >= 1 or self.out_of_patience(counters)

    def out_of_patience(self, counters: Counters) -> bool:
        """Say whether too many evaluations were no better."""
        return self.patience is not None and counters.worse >= self.patience


@dataclass(frozen=True)
class Progress:
    """A snapshot of a training, after an evaluation or between two updates.

    Attributes:
        counters: The counts so far.
        train_loss: The training loss: of the last update, or at an evaluation the mean since the one before.
        rate: Targets per second, measured recently.
        learning_rate: The current learning rate.
        other_units: The loss in other units, by name: at an evaluation the held-out loss, if there is one.
    """

    counters: Counters
    train_loss: float
    rate: float
    learning_rate: float
    other_units: dict[str, float]


class Callback:
    """The callback interface of a training run. Override what you need; the methods here do nothing.

    An exception that a method raises ends the training and is raised by `fit`.

    Example:
        >>> import elman
        >>> class Losses(elman.Callback):
        ...     def on_start(self, plan, counters):
        ...         self.seen = []
        ...
        ...     def on_evaluation(self, progress):
        ...         self.seen.append(progress.counters.validation)
        >>> losses = Losses()
        >>> model = elman.FeedForward(hidden_size=4, epochs=3).fit([[0], [1]] * 20, [0, 1] * 20, callback=losses)
        >>> len(losses.seen)
        3
    """

    def on_start(self, plan: Plan, counters: Counters) -> None:
        """Training starts, or resumes at `counters`."""

    def on_step(self, progress: Progress) -> None:
        """Some updates were made; called a few times per second."""

    def on_evaluation(self, progress: Progress) -> None:
        """The held-out loss was measured. The network is in evaluation mode: a callback may use it."""

    def on_end(self, counters: Counters) -> None:
        """Training ended or was stopped; called in every case."""


def _fits(value: Any, usual: Any) -> bool:
    """Say whether a value may be that of a field whose usual value is `usual`."""
    if usual is None and value is None:
        return True
    if type(usual) is int:
        return type(value) is int and 0 <= value <= COUNT
    return (isinstance(value, float) and not math.isnan(value)) or (type(value) is int and abs(value) <= COUNT)
