"""Who hears from a training: the face of the progress shown on a terminal, and of any other that wants to watch."""

from dataclasses import dataclass
from typing import Protocol

from elman.train.progress import Progress


@dataclass(frozen=True)
class Plan:
    """What a training means to do.

    Attributes:
        target: what one target is, such as "char".
        loss_unit: what the loss is measured in.
        baselines: losses to beat, by name.
        steps_per_epoch: updates in one pass over the data.
        epochs: passes, or None where only minutes limit it.
        minutes: time, or None where only epochs limit it.
    """

    target: str
    loss_unit: str
    baselines: dict[str, float]
    steps_per_epoch: int
    epochs: int | None
    minutes: float | None

    @property
    def steps(self) -> int | None:
        """All updates, where the number is known."""
        return None if self.epochs is None else self.epochs * self.steps_per_epoch

    def done(self, progress: Progress) -> float:
        """Return the share that is done, 0 to 1, by whichever limit is nearer."""
        by_steps = progress.step / self.steps if self.steps else 0.0
        by_time = progress.seconds / (60 * self.minutes) if self.minutes else 0.0
        return min(1.0, max(by_steps, by_time))


@dataclass(frozen=True)
class Sighting:
    """One look at a training: what an evaluation found, or how the last updates went.

    Attributes:
        progress: the counts so far.
        train_loss: the training loss: of the last update, or at an evaluation the mean since the one before.
        rate: targets a second, of late.
        learning_rate: the present one.
        other_units: the loss in other units, by name: at an evaluation the held-out one, if there is one.
    """

    progress: Progress
    train_loss: float
    rate: float
    learning_rate: float
    other_units: dict[str, float]


class Listener(Protocol):
    """Hears from a training as it goes."""

    def started(self, plan: Plan, progress: Progress) -> None:
        """Training begins, or goes on from `progress`."""
        ...

    def stepped(self, sighting: Sighting) -> None:
        """Some updates were made; called a few times a second."""
        ...

    def evaluated(self, sighting: Sighting) -> None:
        """The held-out loss was measured. The network is in evaluation mode: a listener may use it."""
        ...

    def ended(self, progress: Progress) -> None:
        """Training is over or was stopped; called whatever happened."""
        ...


class Silent:
    """A listener that says nothing."""

    def started(self, plan: Plan, progress: Progress) -> None:
        """Say nothing."""

    def stepped(self, sighting: Sighting) -> None:
        """Say nothing."""

    def evaluated(self, sighting: Sighting) -> None:
        """Say nothing."""

    def ended(self, progress: Progress) -> None:
        """Say nothing."""
