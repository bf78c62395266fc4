"""The training loop that every job uses.

An update is forward, backward, clip and check, step. Between two updates the loop may write metrics, evaluate, save a
checkpoint or stop; none of that changes a bit of the result, so a training that was killed and resumed ends with the
weights of an uninterrupted one (on the same machine with the same number of threads, because both affect rounding).

Under `torchrun` every rank runs the same loop on its share of each batch. All that the loop decides on is the same on
all of them: the loss and the gradients of the whole batch, the held-out loss over all ranks, the first rank's clock,
and whether any of them was asked to stop.
"""

import math
import signal
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from elman.bptt import Clip, first_fault
from elman.errors import InputError, ModelFileError, TrainingError
from elman.options import NEEDS_LENGTH, TrainingOptions
from elman.rounding import counted
from elman.signals import Interrupted, SigintGuard
from elman.train import ranks
from elman.train.checkpoint import Checkpoint
from elman.train.container import read_bytes
from elman.train.monitor import Monitor
from elman.train.optimise import Average, make_optimizer, make_schedule
from elman.train.progress import Callback, Counters, Plan
from elman.train.reduction import Reduced, Reduction
from elman.train.run import CHECKPOINT_SECONDS, RunOptions, own_files, resumes
from elman.train.state import TrainState
from elman.train.task import Batch, Task

EVALUATIONS = 8
"""Evenly spaced evaluations of a training that minutes limit, since one epoch may take longer than the training."""


class Loop:
    """Runs one training; making it and running it are collective calls of all ranks.

    Args:
        task: The job.
        options: The options of the training.
        identity: The configuration and data that a checkpoint must share to be resumed, as JSON values.
        run: The files, the callback, and whether to resume.

    Raises:
        InputError: an optimizer or schedule is unknown, or an update has fewer examples than there are ranks.
        ModelFileError: the checkpoint to resume is broken or of another configuration.
        RanksError: the ranks were started with different options, data or versions.
    """

    def __init__(self, task: Task, options: TrainingOptions, identity: dict[str, Any], run: RunOptions) -> None:
        lengths = {name: getattr(options, name) for name in ("epochs", "patience")}
        ranks.agree({**identity, **lengths, "minutes given": options.minutes is not None}, task.network)
        ranks.check_rows(options.batch_size)
        if options.minutes is not None:
            options = replace(options, minutes=ranks.of_first(options.minutes))
        epochs = options.usual_epochs if options.epochs is None and options.minutes is None else options.epochs
        self.task, self.options, self.files = task, options, own_files(run)
        self.resume, self.callback = resumes(run), (ranks.is_first() and run.get("callback")) or Callback()
        self.checkpoint_seconds = ranks.of_first(run.get("checkpoint_seconds", CHECKPOINT_SECONDS))
        limits = epochs, options.minutes, options.patience
        self.plan = Plan(task.target, task.loss_unit, task.baselines, task.steps_per_epoch, *limits)
        # A schedule that ends with training pins its length; without one, more epochs may follow a resume.
        self.identity = identity | ({"epochs": epochs} if options.schedule in NEEDS_LENGTH else {})
        self.parameters = [p for p in task.network.parameters() if p.requires_grad]
        self.reduction = Reduction(self.parameters) if ranks.count() > 1 else None
        self.reduced: Reduced | None = None
        self.clip = Clip(options.clip, options.clip_value)
        optimizer = make_optimizer(
            options.optimizer, self.parameters, options.learning_rate, options.momentum, options.weight_decay
        )
        steps = None if options.minutes is not None else self.plan.steps
        schedule = make_schedule(options.schedule, optimizer, steps, options.decay)
        average = Average(task.network, options.ema_decay) if options.ema_decay else None
        self.state = TrainState(task, optimizer, schedule, average)

    @property
    def counters(self) -> Counters:
        """Counts and losses so far."""
        return self.state.counters

    def run(self) -> Counters:
        """Train until epochs, minutes or patience end it, and give the network the best weights.

        Raises:
            TrainingError: a loss or gradient is not finite; the last good checkpoint is kept.
            Interrupted: Ctrl-C; the checkpoint holds the state reached.
            RanksError: a rank has ended, or cannot be reached.
        """
        length = self._resume()
        metrics = self.files.metrics if self.files else None
        self.monitor = Monitor(self.plan, self.callback, metrics, length)
        try:
            self.monitor.begin(self.state)
            with SigintGuard() as guard:
                self.guard = guard
                self._train()
        finally:
            self.monitor.end(self.state)
        self.state.finish()
        return self.counters

    def _resume(self) -> int:
        """Restore the checkpoint if there is one to resume, and return the length of the metrics it covers."""
        path = self.files.checkpoint if self.files else Path("checkpoint of rank 0")
        data = ranks.bytes_of_first(read_bytes(path) if self.resume else b"")
        if not data:
            return 0
        saved = Checkpoint.load(path, self.identity, data)
        before = saved.numbers["ranks"]
        if before != ranks.count() and ranks.is_first():
            warnings.warn(
                f"{path}: written by {counted(before, 'rank')}, resumed by {ranks.count()}: sums round differently and "
                "dropout draws other numbers, so that the weights will not have the bits of an unbroken training",
                UserWarning,
                stacklevel=2,
            )
        try:
            return self.state.restore(saved)
        except InputError as error:
            raise ModelFileError(
                f"{path}: not a checkpoint this Elman can resume ({error}): start anew with --overwrite"
            ) from error

    def _train(self) -> None:
        self.task.network.train()
        if self.counters.step == 0:
            self._save(finished=False)
        saved = self.counters.seconds
        while not self.plan.finished(self.counters):
            self._update()
            if self._evaluation_due():
                self._evaluate()
            if self.reduced.stop if self.reduced else self.guard.received:
                self._save(finished=False)
                raise Interrupted(self.counters.step, self.guard.received or signal.SIGTERM)
            if self.counters.seconds - saved >= self.checkpoint_seconds:
                self._save(finished=False)
                saved = self.counters.seconds
        if self.counters.evaluated != self.counters.step:
            self._evaluate()
        self._save(finished=True)

    def _update(self) -> None:
        batch = self._backward()
        gradients = self.clip(self.parameters, batch.loss)
        if not gradients.finite:
            fault = first_fault(self.task.network, self.task.forward)
            raise self._stopped(f"at step {self.counters.step + 1:,}: {fault}")
        self.state.update()
        self.task.advance()
        self.counters.add(gradients.loss, batch.count, gradients.clipped)
        self.counters.seconds = self.reduced.seconds if self.reduced else self.monitor.seconds()
        self.state.schedule.stepped(self.counters.step, self.task.steps_per_epoch)
        self.monitor.stepped(self.state, gradients)

    def _backward(self) -> Batch:
        """Run a batch forward and backward, and return its loss: that of the whole batch where it is dealt to ranks."""
        if self.reduction is None:
            batch = self.task.forward()
            self.state.optimizer.zero_grad(set_to_none=True)
            batch.loss.backward()  # type: ignore[no-untyped-call]
            return batch
        # What dropout draws follows from the seed, the update and the rank alone, so that a checkpoint fits every rank.
        draws = np.random.SeedSequence([self.options.seed, self.counters.step, ranks.rank()])
        torch.manual_seed(int(draws.generate_state(1, np.uint64)[0]))
        batch = self.task.forward()
        self.state.optimizer.zero_grad(set_to_none=True)
        self.reduced = self.reduction(batch, self.monitor.seconds(), bool(self.guard.received))
        return self.reduced.batch

    def _evaluation_due(self) -> bool:
        if self.options.evaluate_every is None and self.options.minutes is not None:
            apart = 60 * self.options.minutes / EVALUATIONS
            return self.counters.seconds // apart > self.counters.evaluated_seconds // apart
        return self.counters.step % (self.options.evaluate_every or self.task.steps_per_epoch) == 0

    def _evaluate(self) -> None:
        self.monitor.pause(self.state)
        ranks.copy_buffers(self.task.network)
        self.task.network.eval()
        with self.state.averaged_weights():
            train_loss, loss = self.counters.loss, self._held_out_loss()
            self.counters.seconds = ranks.of_first(self.monitor.seconds())
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
        if self.files or self.reduction:
            path = self.files.checkpoint if self.files else None
            self.state.save(path, self.identity, finished, self.monitor.sync())
