"""The monitor of a training: it measures time and rate, writes metrics and calls the callback. It changes nothing."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elman.bptt import Gradients
from elman.train.callbacks import one_callback
from elman.train.metrics import MetricsFile
from elman.train.progress import Callback, Plan, Progress
from elman.train.state import TrainState

SHOW_EVERY = 0.2
"""Seconds between two calls of the callback's `on_step`."""
LOG_EVERY = 20
"""Updates between two lines of metrics; the first update, which shows where training began, gets one too."""


class Monitor:
    """Monitors a training.

    Args:
        plan: The length and the loss of the training.
        callback: Called as training proceeds; one or several.
        path: The metrics file to write; None writes none.
        length: Bytes of the metrics to keep, from a checkpoint.
    """

    def __init__(self, plan: Plan, callback: Callback | Sequence[Callback], path: Path | None, length: int):
        self.plan, self.callback = plan, one_callback(callback)
        self._metrics = MetricsFile(path, length) if path else None
        self._rate = 0.0

    def begin(self, state: TrainState) -> None:
        """Start the clock at the time already spent, and write the first line of a new metrics file."""
        now = time.perf_counter()
        self._zero = now - state.counters.seconds
        self._seen = (now, state.counters.targets)
        if self._metrics and self._metrics.length == 0:
            p = self.plan
            self._metrics.write(event="begin", target=p.target, loss_unit=p.loss_unit, baselines=p.baselines)
        self.callback.on_start(self.plan, state.counters)

    def seconds(self) -> float:
        """Return the training time, that before a resume included."""
        return time.perf_counter() - self._zero

    def stepped(self, state: TrainState, gradients: Gradients) -> None:
        """Write a line of metrics every few updates, and call the callback every few tenths of a second."""
        if time.perf_counter() - self._seen[0] >= SHOW_EVERY:
            self._measure_rate(state)
            self.callback.on_step(self._progress(state, gradients.loss, gradients.loss))
        step = state.counters.step
        if self._metrics and (step % LOG_EVERY == 0 or step == 1):
            fields = {"loss": gradients.loss, "gradient_norm": gradients.norm, "rate": round(self._rate, 1)}
            self._metrics.write(event="train", **self._fields(state), **fields)

    def pause(self, state: TrainState) -> None:
        """Measure the rate before an evaluation, whose time is not training's."""
        self._measure_rate(state)

    def evaluated(self, state: TrainState, loss: float | None, train_loss: float) -> None:
        """Write a line of metrics and give the callback the result of an evaluation."""
        shown = train_loss if loss is None else loss
        if self._metrics:
            fields = {"loss": loss, "train_loss": train_loss, **state.task.describe(shown)}
            self._metrics.write(event="evaluation", **self._fields(state), **fields)
        self.callback.on_evaluation(self._progress(state, shown, train_loss))
        self._seen = (time.perf_counter(), state.counters.targets)

    def sync(self) -> int:
        """Flush the metrics and return their length in bytes, for a checkpoint."""
        return self._metrics.sync() if self._metrics else 0

    def end(self, state: TrainState) -> None:
        """Call the callback for the last time and close the metrics."""
        try:
            self.callback.on_end(state.counters)
        finally:
            if self._metrics:
                self._metrics.close()

    def _measure_rate(self, state: TrainState) -> None:
        now, (before, targets) = time.perf_counter(), self._seen
        if state.counters.targets > targets:
            self._rate = (state.counters.targets - targets) / (now - before)
            self._seen = (now, state.counters.targets)

    def _fields(self, state: TrainState) -> dict[str, Any]:
        """Return the fields that every line of metrics has."""
        counters = state.counters
        return {
            "step": counters.step,
            "epoch": round(counters.step / self.plan.steps_per_epoch, 4),
            f"{self.plan.target}s": counters.targets,
            "seconds": round(counters.seconds, 3),
            "learning_rate": state.learning_rate,
            "clipped_share": round(counters.clipped_share, 4),
        }

    def _progress(self, state: TrainState, loss: float, train_loss: float) -> Progress:
        units = state.task.describe(loss)
        return Progress(state.counters, train_loss, self._rate, state.learning_rate, units)
