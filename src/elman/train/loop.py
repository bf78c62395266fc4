"""The training loop that every job uses.

An update is forward, backward, clip and check, step. Between two updates the loop may write metrics, evaluate, save a
checkpoint or stop; none of that changes a bit of the result, so a training that was killed and resumed ends with the
weights of an uninterrupted one (on the same machine with the same number of threads, because both affect rounding).
"""

import math
import time
from typing import Any

import torch

from elman.bptt import Clip, first_fault
from elman.errors import InputError, ModelFileError, TrainingError
from elman.options import NEEDS_LENGTH, TrainingOptions
from elman.signals import Interrupted, SigintGuard
from elman.train.checkpoint import Checkpoint
from elman.train.monitor import Monitor
from elman.train.optimise import make_average, make_optimizer, make_schedule
from elman.train.progress import Callback, Counters, Plan
from elman.train.run import CHECKPOINT_SECONDS, RunOptions
from elman.train.state import TrainState
from elman.train.task import Task

EVALUATIONS = 8
"""Evenly spaced evaluations of a training that minutes limit, since one epoch may take longer than the training."""


class Loop:
    """Runs one training.

    Args:
        task: The job.
        options: The options of the training.
        identity: The configuration and data that a checkpoint must share to be resumed, as JSON values.
        run: The files, the callback, and whether to resume.

    Raises:
        InputError: an optimizer or schedule is unknown.
        ModelFileError: the checkpoint to resume is broken or of another configuration.
    """

    def __init__(self, task: Task, options: TrainingOptions, identity: dict[str, Any], run: RunOptions) -> None:
        epochs = options.usual_epochs if options.epochs is None and options.minutes is None else options.epochs
        self.task, self.options, self.files = task, options, run.get("files")
        self.resume, self.callback = run.get("resume", False), run.get("callback") or Callback()
        self.checkpoint_seconds = run.get("checkpoint_seconds", CHECKPOINT_SECONDS)
        limits = epochs, options.minutes, options.patience
        self.plan = Plan(task.target, task.loss_unit, task.baselines, task.steps_per_epoch, *limits)
        # A schedule that ends with training pins its length; without one, more epochs may follow a resume.
        self.identity = identity | ({"epochs": epochs} if options.schedule in NEEDS_LENGTH else {})
        self.parameters = [p for p in task.network.parameters() if p.requires_grad]
        self.clip = Clip(options.clip, options.clip_value)
        optimizer = make_optimizer(
            options.optimizer, self.parameters, options.learning_rate, options.momentum, options.weight_decay
        )
        steps = None if options.minutes is not None else self.plan.steps
        schedule = make_schedule(options.schedule, optimizer, steps, options.decay)
        self.state = TrainState(task, optimizer, schedule, make_average(task.network, options.ema_decay))

    @property
    def counters(self) -> Counters:
        """Counts and losses so far."""
        return self.state.counters

    def run(self) -> Counters:
        """Train until epochs, minutes or patience end it, and give the network the best weights.

        Raises:
            TrainingError: a loss or gradient is not finite; the last good checkpoint is kept.
            Interrupted: Ctrl-C; the checkpoint holds the state reached.
        """
        length = self._resume()
        metrics = self.files.metrics if self.files else None
        self.monitor = Monitor(self.plan, self.callback, metrics, length)
        try:
            self.monitor.begin(self.state)
            with SigintGuard() as guard:
                self._train(guard)
        finally:
            self.monitor.end(self.state)
        self.state.finish()
        return self.counters

    def _resume(self) -> int:
        """Restore the checkpoint if there is one to resume, and return the length of the metrics it covers."""
        if not (self.resume and self.files and self.files.checkpoint.exists()):
            return 0
        path = self.files.checkpoint
        saved = Checkpoint.load(path, self.identity)
        try:
            return self.state.restore(saved)
        except InputError as error:
            raise ModelFileError(
                f"{path}: not a checkpoint this Elman can resume ({error}): start anew with --overwrite"
            ) from error

    def _train(self, guard: SigintGuard) -> None:
        self.task.network.train()
        if self.counters.step == 0:
            self._save(finished=False)
        saved = time.perf_counter()
        while not self.plan.finished(self.counters):
            self._update()
            if self._evaluation_due():
                self._evaluate()
            if guard.received:
                self._save(finished=False)
                raise Interrupted(self.counters.step, guard.received)
            if time.perf_counter() - saved > self.checkpoint_seconds:
                self._save(finished=False)
                saved = time.perf_counter()
        if self.counters.evaluated != self.counters.step:
            self._evaluate()
        self._save(finished=True)

    def _update(self) -> None:
        batch = self.task.forward()
        self.state.optimizer.zero_grad(set_to_none=True)
        batch.loss.backward()  # type: ignore[no-untyped-call]
        gradients = self.clip(self.parameters, batch.loss)
        if not gradients.finite:
            fault = first_fault(self.task.network, self.task.forward)
            raise self._stopped(f"at step {self.counters.step + 1:,}: {fault}")
        self.state.update()
        self.task.advance()
        self.counters.add(gradients.loss, batch.count, gradients.clipped)
        self.counters.seconds = self.monitor.seconds()
        self.state.schedule.stepped(self.counters.step, self.task.steps_per_epoch)
        self.monitor.stepped(self.state, gradients)

    def _evaluation_due(self) -> bool:
        if self.options.evaluate_every is None and self.options.minutes is not None:
            apart = 60 * self.options.minutes / EVALUATIONS
            return self.counters.seconds // apart > self.counters.evaluated_seconds // apart
        return self.counters.step % (self.options.evaluate_every or self.task.steps_per_epoch) == 0

    def _evaluate(self) -> None:
        self.monitor.pause(self.state)
        self.task.network.eval()
        with self.state.averaged_weights():
            train_loss, loss = self.counters.loss, self._held_out_loss()
            self.counters.seconds = self.monitor.seconds()
            if self.counters.judge(loss):
                self.state.keep_best()
            if loss is not None:
                self.state.schedule.evaluated(loss)
            self.monitor.evaluated(self.state, loss, train_loss)
        self.task.network.train()

    def _held_out_loss(self) -> float | None:
        with torch.no_grad():
            loss = self.task.evaluate()
        if loss is not None and math.isnan(loss):
            raise self._stopped(f"after step {self.counters.step:,}: the held-out loss is not a number")
        return loss

    def _stopped(self, why: str) -> TrainingError:
        kept = f"; the last good checkpoint is {self.files.checkpoint}" if self.files else ""
        return TrainingError(f"training stopped {why}: lower the learning rate or clip harder{kept}")

    def _save(self, finished: bool) -> None:
        if self.files:
            self.state.save(self.files.checkpoint, self.identity, finished, self.monitor.sync())
