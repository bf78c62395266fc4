"""The watcher of a training: its clock, its metrics file, and the listener that shows it. It changes nothing."""

import time
from pathlib import Path
from typing import Any

from elman.bptt import Gradients
from elman.train.listener import Listener, Plan, Sighting
from elman.train.metrics import MetricsFile
from elman.train.standing import Standing

SHOW_EVERY = 0.2
"""Seconds between two looks that a listener gets."""
LOG_EVERY = 20
"""Updates between two lines of metrics; the first update, which shows where training began, gets one too."""


class Watch:
    """Watches a training.

    Args:
        plan: what the training means to do.
        listener: who hears how it goes.
        path: where to write metrics; None writes none.
        length: bytes of the metrics to keep, from a checkpoint.
    """

    def __init__(self, plan: Plan, listener: Listener, path: Path | None, length: int):
        self.plan, self.listener = plan, listener
        self._metrics = MetricsFile(path, length) if path else None
        self._rate = 0.0

    def begin(self, standing: Standing) -> None:
        """Start the clock where it stood, and write the first line of a new metrics file."""
        now = time.perf_counter()
        self._zero = now - standing.progress.seconds
        self._seen = (now, standing.progress.targets)
        if self._metrics and self._metrics.length == 0:
            p = self.plan
            self._metrics.write(event="begin", target=p.target, loss_unit=p.loss_unit, baselines=p.baselines)
        self.listener.started(self.plan, standing.progress)

    def seconds(self) -> float:
        """Return the time spent training, over all sittings."""
        return time.perf_counter() - self._zero

    def stepped(self, standing: Standing, gradients: Gradients) -> None:
        """Write a line of metrics every few updates, and let the listener look every few tenths of a second."""
        if time.perf_counter() - self._seen[0] >= SHOW_EVERY:
            self._measure_rate(standing)
            self.listener.stepped(self._sighting(standing, gradients.loss, gradients.loss))
        step = standing.progress.step
        if self._metrics and (step % LOG_EVERY == 0 or step == 1):
            fields = {"loss": gradients.loss, "gradient_norm": gradients.norm, "rate": round(self._rate, 1)}
            self._metrics.write(event="train", **self._where(standing), **fields)

    def pause(self, standing: Standing) -> None:
        """Measure the rate before an evaluation, whose time is not training's."""
        self._measure_rate(standing)

    def evaluated(self, standing: Standing, loss: float | None, train_loss: float) -> None:
        """Write a line of metrics and tell the listener what an evaluation found."""
        shown = train_loss if loss is None else loss
        if self._metrics:
            fields = {"loss": loss, "train_loss": train_loss, **standing.task.describe(shown)}
            self._metrics.write(event="evaluation", **self._where(standing), **fields)
        self.listener.evaluated(self._sighting(standing, shown, train_loss))
        self._seen = (time.perf_counter(), standing.progress.targets)

    def sync(self) -> int:
        """Flush the metrics and return their length in bytes, for a checkpoint."""
        return self._metrics.sync() if self._metrics else 0

    def end(self, standing: Standing) -> None:
        """Let the listener go and close the metrics."""
        try:
            self.listener.ended(standing.progress)
        finally:
            if self._metrics:
                self._metrics.close()

    def _measure_rate(self, standing: Standing) -> None:
        now, (before, targets) = time.perf_counter(), self._seen
        if standing.progress.targets > targets:
            self._rate = (standing.progress.targets - targets) / (now - before)
            self._seen = (now, standing.progress.targets)

    def _where(self, standing: Standing) -> dict[str, Any]:
        p = standing.progress
        return {
            "step": p.step,
            "epoch": round(p.step / self.plan.steps_per_epoch, 4),
            f"{self.plan.target}s": p.targets,
            "seconds": round(p.seconds, 3),
            "learning_rate": standing.learning_rate,
            "clipped_share": round(p.clipped_share, 4),
        }

    def _sighting(self, standing: Standing, loss: float, train_loss: float) -> Sighting:
        units = standing.task.describe(loss)
        return Sighting(standing.progress, train_loss, self._rate, standing.learning_rate, units)
