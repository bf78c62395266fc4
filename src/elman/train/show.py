"""The face of a training: a bar that moves on a terminal, plain lines everywhere else."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from elman.quoting import printable
from elman.rounding import brief
from elman.train.listener import Plan, Sighting
from elman.train.progress import Progress

PLAIN_EVERY = 15.0
"""Seconds between two plain lines about training; evaluations get theirs anyway."""


class Show:
    """Tells a reader how a training goes: the losses to beat, a line for each evaluation, a bar or lines in between.

    Args:
        console: where to write; decides between bar and lines. None is standard output.
        lines: whether each evaluation gets a line; without it the bar, or now and then a line, has to do.
        aside: called after each evaluation, gives text to show below it, such as a sample of what the network writes.
    """

    def __init__(
        self, console: Console | None = None, aside: Callable[[], str] | None = None, *, lines: bool = True
    ) -> None:
        self.console = console or Console(highlight=False)
        self.aside = aside
        self.lines = lines
        self._bar: Bar | None = None
        self._said = 0.0

    def started(self, plan: Plan, progress: Progress) -> None:
        """Say what to beat, and show the bar."""
        self.plan = plan
        self._before = progress.seconds
        self._done_before = plan.done(progress)
        if progress.step:
            self._line(f"going on after step {progress.step:,}")
        if plan.baselines:
            losses = ", ".join(f"{name} {brief(loss)}" for name, loss in plan.baselines.items())
            self._line(f"to beat: {losses} {plan.loss_unit}")
        if self.console.is_terminal:
            columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
            self._bar = Bar(*columns, console=self.console)
            self._bar.start()
            self._task = self._bar.add_task("", total=1.0)

    def stepped(self, sighting: Sighting) -> None:
        """Move the bar, or now and then write a line."""
        if self._bar:
            self._bar.update(self._task, completed=self.plan.done(sighting.progress), description=self._now(sighting))
        elif sighting.progress.seconds - self._said >= PLAIN_EVERY:
            self._said = sighting.progress.seconds
            self._line(f"{self.plan.done(sighting.progress):4.0%}  {self._now(sighting)}")

    def evaluated(self, sighting: Sighting) -> None:
        """Write what was found, beside the best simple baseline."""
        progress = sighting.progress
        epoch = progress.step / self.plan.steps_per_epoch
        found = f"epoch {epoch:5.2f}  {progress.targets:>11,} {self.plan.target}s  train {brief(sighting.train_loss)}"
        if progress.validation is not None:
            units = ", ".join(f"{brief(v)} {_spoken(name)}" for name, v in sighting.other_units.items())
            also = f" ({units})" if units else ""
            found += f"  held out {brief(progress.validation)} {self.plan.loss_unit}{also}{self._against(progress)}"
        if self.lines:
            self._line(f"{found}  {sighting.rate:,.0f} {self.plan.target}s/s", style="bold")
        if self._bar:
            self._bar.update(self._task, completed=self.plan.done(progress))
        if self.aside:
            self._line(self.aside(), style="cyan")
            self._line("")

    def ended(self, progress: Progress) -> None:
        """Take the bar away."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _against(self, progress: Progress) -> str:
        if not self.plan.baselines or progress.validation is None:
            return ""
        name, loss = min(self.plan.baselines.items(), key=lambda item: item[1])
        return f"  {brief(abs(loss - progress.validation))} {'below' if progress.validation < loss else 'above'} {name}"

    def _now(self, sighting: Sighting) -> str:
        units = "".join(f" ({value:.2f} {_spoken(name)})" for name, value in sighting.other_units.items())
        loss = f"{brief(sighting.train_loss)} {self.plan.loss_unit}{units}"
        return f"{sighting.rate:,.0f} {self.plan.target}s/s  {loss}  {self._left(sighting.progress)} left"

    def _left(self, progress: Progress) -> str:
        """Return the time left, judged by this sitting alone."""
        done = self.plan.done(progress)
        share = (1 - done) / max(done - self._done_before, 1e-9)
        seconds = round((progress.seconds - self._before) * share)
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds >= 3600 else _minutes(seconds)

    def _line(self, text: str, style: str = "") -> None:
        """Write a line as it is: on a terminal in style, elsewhere without wrapping it."""
        self.console.print(Text(printable(text, "\n\t"), style=style), soft_wrap=not self.console.is_terminal)


def _minutes(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def _spoken(name: str) -> str:
    """Return "bits/char" for "bits_per_char"."""
    return name.replace("_per_", "/").replace("_", " ")
