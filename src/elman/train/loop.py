"""The training loop: one for every job.

An update is forward, backward, clip and look, step. Between two updates the loop may write metrics, evaluate, save a
checkpoint or stop; nothing of that changes a bit of what training computes, so a training that was killed and resumed
ends with the weights of one that never was.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from elman.bptt import Clip, Gradients, first_fault
from elman.errors import InputError, TrainingError
from elman.train.checkpoint import (
    Checkpoint,
    pack_optimizer,
    pack_random,
    under,
    unpack_optimizer,
    unpack_random,
)
from elman.train.interrupt import Interrupted, Patience
from elman.train.listener import Listener, Plan, Sighting
from elman.train.metrics import MetricsFile
from elman.train.optimise import NEEDS_LENGTH, make_optimizer, make_schedule
from elman.train.progress import Progress
from elman.train.task import Task

SHOW_EVERY = 0.2
"""Seconds between two looks that a listener gets."""


@dataclass(frozen=True)
class LoopOptions:
    """How to train; see `TextGenerator` for what each option means to a user."""

    epochs: int | None = 8
    minutes: float | None = None
    optimizer: str = "adam"
    learning_rate: float = 2e-3
    momentum: float = 0.9
    schedule: str = "constant"
    decay: float = 0.5
    clip: float | None = 5.0
    clip_value: float | None = None
    patience: int | None = None
    evaluate_every: int | None = None
    log_every: int = 20
    checkpoint_seconds: float = 60.0


@dataclass(frozen=True)
class Place:
    """Where a run keeps its checkpoint and metrics, if at all; `resume` takes up the checkpoint if there is one."""

    checkpoint: Path | None = None
    metrics: Path | None = None
    resume: bool = False


class Loop:
    """One training.

    Args:
        task: the job.
        options: how to train.
        identity: what a checkpoint must agree with to be taken up: configuration and data, as JSON would say it.
        place: where to keep checkpoint and metrics.
        listener: who hears how it goes.

    Raises:
        InputError: neither epochs nor minutes limit the training, or an option is unknown.
        ModelFileError: the checkpoint to resume is broken or of another configuration.
    """

    def __init__(
        self, task: Task, options: LoopOptions, identity: dict[str, Any], place: Place, listener: Listener
    ) -> None:
        if options.epochs is None and options.minutes is None:
            raise InputError("epochs: expected epochs or minutes, came neither: say how long to train")
        self.task, self.options, self.place, self.listener = task, options, place, listener
        self.plan = Plan(
            task.target, task.loss_unit, task.baselines, task.steps_per_epoch, options.epochs, options.minutes
        )
        self.identity = identity | self._schedule_identity()
        self.progress = Progress()
        self.parameters = [p for p in task.network.parameters() if p.requires_grad]
        self.clip = Clip(options.clip, options.clip_value)
        self.optimizer = make_optimizer(options.optimizer, self.parameters, options.learning_rate, options.momentum)
        steps = None if options.minutes is not None else self.plan.steps
        self.schedule = make_schedule(options.schedule, self.optimizer, steps, options.decay)
        self.best: dict[str, Tensor] = {}
        self._metrics: MetricsFile | None = None
        self._shown: tuple[float, int] = (0.0, 0)
        self._rate = 0.0

    def run(self) -> Progress:
        """Train until epochs, minutes or patience end it, and leave the best weights in the network.

        Raises:
            TrainingError: a loss or gradient is not finite; the last good checkpoint stays.
            Interrupted: Ctrl-C; what was reached is in the checkpoint.
        """
        try:
            self._begin()
            self.listener.started(self.plan, self.progress)
            with Patience() as patience:
                self._train(patience)
        finally:
            self.listener.ended(self.progress)
            if self._metrics:
                self._metrics.close()
        if self.best:
            self.task.network.load_state_dict(self.best)
        return self.progress

    def _begin(self) -> None:
        checkpoint = self.place.checkpoint
        length = 0
        if self.place.resume and checkpoint and checkpoint.exists():
            length = self._take_up(Checkpoint.load(checkpoint, self.identity))
        if self.place.metrics:
            self._metrics = MetricsFile(self.place.metrics, length)
            if length == 0:
                p = self.plan
                self._metrics.write(event="begin", target=p.target, loss_unit=p.loss_unit, baselines=p.baselines)

    def _train(self, patience: Patience) -> None:
        self._clock = time.perf_counter() - self.progress.seconds
        self._shown = (time.perf_counter(), self.progress.targets)
        saved = time.perf_counter()
        self.task.network.train()
        if self.progress.step == 0:
            self._save(finished=False)
        while not self.finished():
            self._update()
            if self._evaluation_due():
                self._evaluate()
            if patience.asked:
                self._save(finished=False)
                raise Interrupted(self.progress.step)
            if time.perf_counter() - saved > self.options.checkpoint_seconds:
                self._save(finished=False)
                saved = time.perf_counter()
        if self.progress.evaluated != self.progress.step:
            self._evaluate()
        self._save(finished=True)

    def finished(self) -> bool:
        """Say whether epochs, minutes or patience have run out."""
        patience = self.options.patience
        return self.plan.done(self.progress) >= 1 or (patience is not None and self.progress.worse >= patience)

    def _update(self) -> None:
        batch = self.task.forward()
        self.optimizer.zero_grad(set_to_none=True)
        batch.loss.backward()  # type: ignore[no-untyped-call]
        gradients = self.clip(self.parameters, batch.loss)
        if not gradients.finite:
            self._stop_at_fault()
        self.optimizer.step()
        self.task.advance()
        self.progress.add(gradients.loss, batch.count, gradients.clipped)
        self.progress.seconds = time.perf_counter() - self._clock
        self.schedule.stepped(self.progress.step, self.task.steps_per_epoch)
        self._tell(gradients)

    def _tell(self, gradients: Gradients) -> None:
        """Write a line of metrics every few updates, and let the listener look every few tenths of a second."""
        now, (before, targets) = time.perf_counter(), self._shown
        if now - before >= SHOW_EVERY:
            self._rate = (self.progress.targets - targets) / (now - before)
            self._shown = (now, self.progress.targets)
            self.listener.stepped(self._sighting(gradients.loss, gradients.loss))
        if self._metrics and self.progress.step % self.options.log_every == 0:
            self._metrics.write(
                event="train", **self._where(), loss=gradients.loss, gradient_norm=gradients.norm, rate=self._rate
            )

    def _where(self) -> dict[str, Any]:
        p = self.progress
        return {
            "step": p.step,
            "epoch": round(p.step / self.task.steps_per_epoch, 4),
            f"{self.task.target}s": p.targets,
            "seconds": round(p.seconds, 3),
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "clipped_share": round(p.clipped_share, 4),
        }

    def _sighting(self, loss: float, train_loss: float) -> Sighting:
        lr = self.optimizer.param_groups[0]["lr"]
        return Sighting(self.progress, train_loss, self._rate, lr, self.task.describe(loss))

    def _evaluation_due(self) -> bool:
        every = self.options.evaluate_every or self.task.steps_per_epoch
        return self.progress.step % every == 0

    def _evaluate(self) -> None:
        self.task.network.eval()
        train_loss = self.progress.loss
        loss = self._held_out_loss()
        if self.progress.judge(loss):
            self.best = {name: t.detach().clone() for name, t in self.task.network.state_dict().items()}
        if loss is not None:
            self.schedule.evaluated(loss)
        shown = train_loss if loss is None else loss
        self.progress.seconds = time.perf_counter() - self._clock
        if self._metrics:
            fields = {"loss": loss, "train_loss": train_loss, **self.task.describe(shown)}
            self._metrics.write(event="evaluation", **self._where(), **fields)
        self.listener.evaluated(self._sighting(shown, train_loss))
        self.task.network.train()
        self._shown = (time.perf_counter(), self.progress.targets)

    def _held_out_loss(self) -> float | None:
        with torch.no_grad():
            loss = self.task.evaluate()
        if loss is not None and loss != loss:  # noqa: PLR0124 -- NaN is the one number that differs from itself
            raise TrainingError(
                f"training stopped after step {self.progress.step:,}: the held-out loss is not a number: "
                f"lower the learning rate or clip harder{self._kept()}"
            )
        return loss

    def _stop_at_fault(self) -> None:
        fault = first_fault(self.task.network, self.task.forward)
        raise TrainingError(
            f"training stopped at step {self.progress.step + 1:,}: {fault}: "
            f"lower the learning rate or clip harder{self._kept()}"
        )

    def _kept(self) -> str:
        return f"; the last good checkpoint is {self.place.checkpoint}" if self.place.checkpoint else ""

    def _schedule_identity(self) -> dict[str, Any]:
        """A schedule that ends with training pins its length; without one, more epochs may follow a resume."""
        return {"epochs": self.options.epochs} if self.options.schedule in NEEDS_LENGTH else {}

    def _save(self, finished: bool) -> None:
        if not self.place.checkpoint:
            return
        plain, state = pack_optimizer(self.optimizer)
        numbers, carried = self.task.state()
        schedule = self.schedule.torch_schedule
        content = {
            "identity": self.identity,
            "finished": finished,
            "progress": self.progress.numbers(),
            "task": numbers,
            "optimizer": plain,
            "schedule": schedule.state_dict() if schedule else None,
            "metrics_length": self._metrics.sync() if self._metrics else 0,
            "threads": torch.get_num_threads(),
        }
        tensors = (
            under("network", self.task.network.state_dict())
            | under("best", self.best)
            | under("optimizer", state)
            | under("random", pack_random())
            | under("task", carried)
        )
        Checkpoint(content, tensors).save(self.place.checkpoint)

    def _take_up(self, saved: Checkpoint) -> int:
        """Go back to a checkpoint and return the length that the metrics file had."""
        numbers = saved.numbers
        self.progress = Progress(**numbers["progress"])
        self.task.network.load_state_dict(saved.part("network"))
        self.best = saved.part("best")
        unpack_optimizer(self.optimizer, numbers["optimizer"], saved.part("optimizer"))
        if self.schedule.torch_schedule:
            self.schedule.torch_schedule.load_state_dict(numbers["schedule"])
        unpack_random(saved.part("random"))
        self.task.restore(numbers["task"], saved.part("task"))
        length: int = numbers["metrics_length"]
        return length
