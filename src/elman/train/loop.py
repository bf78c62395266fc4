"""The training loop: one for every job.

An update is forward, backward, clip and look, step. Between two updates the loop may write metrics, evaluate, save a
checkpoint or stop; nothing of that changes a bit of what training computes, so a training that was killed and resumed
ends with the weights of one that never was (given the same machine and number of threads, as sums round by both).
"""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from elman.bptt import Clip, first_fault
from elman.errors import InputError, ModelFileError, TrainingError
from elman.options import NEEDS_LENGTH, TrainingOptions
from elman.train.checkpoint import Checkpoint
from elman.train.interrupt import Interrupted, Patience
from elman.train.listener import Listener, Plan
from elman.train.optimise import make_optimizer, make_schedule
from elman.train.progress import Progress
from elman.train.running_mean import RunningMean
from elman.train.standing import Standing
from elman.train.task import Task
from elman.train.watch import Watch

EVALUATIONS = 8
"""Evaluations, evenly spaced, of a training that minutes limit: an epoch may take longer than it lasts."""


@dataclass(frozen=True)
class Place:
    """Where a run keeps its checkpoint and metrics, if at all; `resume` starts from the checkpoint if there is one."""

    checkpoint: Path | None = None
    metrics: Path | None = None
    resume: bool = False
    checkpoint_seconds: float = 60.0


class Loop:
    """One training.

    Args:
        task: the job.
        options: how to train.
        identity: what a checkpoint must agree with to be taken up: configuration and data, as JSON would say it.
        place: where to keep checkpoint and metrics.
        listener: who hears how it goes.

    Raises:
        InputError: an optimizer or schedule is unknown.
        ModelFileError: the checkpoint to resume is broken or of another configuration.
    """

    def __init__(
        self, task: Task, options: TrainingOptions, identity: dict[str, Any], place: Place, listener: Listener
    ) -> None:
        epochs = options.usual_epochs if options.epochs is None and options.minutes is None else options.epochs
        self.task, self.options, self.place, self.listener = task, options, place, listener
        self.plan = Plan(task.target, task.loss_unit, task.baselines, task.steps_per_epoch, epochs, options.minutes)
        # A schedule that ends with training pins its length; without one, more epochs may follow a resume.
        self.identity = identity | ({"epochs": epochs} if options.schedule in NEEDS_LENGTH else {})
        self.parameters = [p for p in task.network.parameters() if p.requires_grad]
        self.clip = Clip(options.clip, options.clip_value)
        optimizer = make_optimizer(
            options.optimizer, self.parameters, options.learning_rate, options.momentum, options.weight_decay
        )
        steps = None if options.minutes is not None else self.plan.steps
        schedule = make_schedule(options.schedule, optimizer, steps, options.decay)
        self.standing = Standing(task, optimizer, schedule, RunningMean(task.network, options.ema_decay))

    @property
    def progress(self) -> Progress:
        """Counts and losses so far."""
        return self.standing.progress

    def run(self) -> Progress:
        """Train until epochs, minutes or patience end it, and leave the best weights in the network.

        Raises:
            TrainingError: a loss or gradient is not finite; the last good checkpoint stays.
            Interrupted: Ctrl-C; what was reached is in the checkpoint.
        """
        length = self._take_up()
        self.watch = Watch(self.plan, self.listener, self.place.metrics, length)
        try:
            self.watch.begin(self.standing)
            with Patience() as patience:
                self._train(patience)
        finally:
            self.watch.end(self.standing)
        self.standing.mean.keep()
        if self.standing.best:
            self.task.network.load_state_dict(self.standing.best)
        return self.progress

    def _take_up(self) -> int:
        """Go back to the checkpoint if there is one to resume, and return how much of the metrics it covers."""
        path = self.place.checkpoint
        if not (self.place.resume and path and path.exists()):
            return 0
        saved = Checkpoint.load(path, self.identity)
        try:
            return self.standing.restore(saved)
        except InputError as error:
            raise ModelFileError(
                f"{path}: not a checkpoint this Elman can take up ({error}): start anew with --overwrite"
            ) from error

    def _train(self, patience: Patience) -> None:
        self.task.network.train()
        if self.progress.step == 0:
            self._save(finished=False)
        saved = time.perf_counter()
        while not self.finished():
            self._update()
            if self._evaluation_due():
                self._evaluate()
            if patience.asked:
                self._save(finished=False)
                raise Interrupted(self.progress.step, patience.asked)
            if time.perf_counter() - saved > self.place.checkpoint_seconds:
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
        self.standing.optimizer.zero_grad(set_to_none=True)
        batch.loss.backward()  # type: ignore[no-untyped-call]
        gradients = self.clip(self.parameters, batch.loss)
        if not gradients.finite:
            fault = first_fault(self.task.network, self.task.forward)
            raise self._stopped(f"at step {self.progress.step + 1:,}: {fault}")
        self.standing.optimizer.step()
        self.standing.mean.update(self.progress.step + 1)
        self.task.advance()
        self.progress.add(gradients.loss, batch.count, gradients.clipped)
        self.progress.seconds = self.watch.seconds()
        self.standing.schedule.stepped(self.progress.step, self.task.steps_per_epoch)
        self.watch.stepped(self.standing, gradients)

    def _evaluation_due(self) -> bool:
        if self.options.evaluate_every is None and self.options.minutes is not None:
            apart = 60 * self.options.minutes / EVALUATIONS
            return self.progress.seconds // apart > self.progress.evaluated_seconds // apart
        return self.progress.step % (self.options.evaluate_every or self.task.steps_per_epoch) == 0

    def _evaluate(self) -> None:
        self.watch.pause(self.standing)
        self.task.network.eval()
        with self.standing.mean.in_place():
            train_loss, loss = self.progress.loss, self._held_out_loss()
            self.progress.seconds = self.watch.seconds()
            if self.progress.judge(loss):
                self.standing.keep_best()
            if loss is not None:
                self.standing.schedule.evaluated(loss)
            self.watch.evaluated(self.standing, loss, train_loss)
        self.task.network.train()

    def _held_out_loss(self) -> float | None:
        with torch.no_grad():
            loss = self.task.evaluate()
        if loss is not None and math.isnan(loss):
            raise self._stopped(f"after step {self.progress.step:,}: the held-out loss is not a number")
        return loss

    def _stopped(self, why: str) -> TrainingError:
        kept = f"; the last good checkpoint is {self.place.checkpoint}" if self.place.checkpoint else ""
        return TrainingError(f"training stopped {why}: lower the learning rate or clip harder{kept}")

    def _save(self, finished: bool) -> None:
        if self.place.checkpoint:
            self.standing.save(self.place.checkpoint, self.identity, finished, self.watch.sync())
