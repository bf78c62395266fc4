"""Shows the progress of a training: a bar on a terminal, plain lines everywhere else."""

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

from elman.quoting import printable
from elman.rounding import brief
from elman.train.progress import Callback, Counters, Plan, Progress

PLAIN_EVERY = 15.0
"""Seconds between two plain lines about training; evaluations always get theirs."""


class Show(Callback):
    """Shows the losses to beat, a line for each evaluation, and a bar or lines in between.

    Args:
        console: The console to write to; a terminal gets a bar. None is standard output.
        lines: Whether each evaluation gets a line, in addition to the bar or the lines in between.
        aside: Called after each evaluation; returns text to show below it, such as text that the network generated.
    """

    def __init__(
        self, console: Console | None = None, aside: Callable[[], str] | None = None, *, lines: bool = True
    ) -> None:
        self.console = console or Console(highlight=False)
        self.aside = aside
        self.lines = lines
        self._bar: Bar | None = None
        self._said = 0.0

    def on_start(self, plan: Plan, counters: Counters) -> None:
        """Write the losses to beat, and show the bar."""
        self.plan = plan
        self._before = counters.seconds
        self._done_before = plan.done(counters)
        if counters.step:
            self._line(f"going on after step {counters.step:,}")
        if plan.baselines:
            losses = ", ".join(f"{name} {brief(loss)}" for name, loss in plan.baselines.items())
            self._line(f"to beat: {losses} {plan.loss_unit}")
        if self.console.is_terminal:
            columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
            self._bar = Bar(*columns, console=self.console)
            self._bar.start()
            self._task = self._bar.add_task("", total=1.0)

    def on_step(self, progress: Progress) -> None:
        """Move the bar, or write a line every few seconds."""
        if self._bar:
            self._bar.update(self._task, completed=self.plan.done(progress.counters), description=self._now(progress))
        elif progress.counters.seconds - self._said >= PLAIN_EVERY:
            self._said = progress.counters.seconds
            self._line(f"{self.plan.done(progress.counters):4.0%}  {self._now(progress)}")

    def on_evaluation(self, progress: Progress) -> None:
        """Write the losses, compared with the best baseline."""
        counters = progress.counters
        epoch = counters.step / self.plan.steps_per_epoch
        found = f"epoch {epoch:5.2f}  {counters.targets:>11,} {self.plan.target}s  train {brief(progress.train_loss)}"
        if counters.validation is not None:
            units = ", ".join(f"{brief(v)} {_spoken(name)}" for name, v in progress.other_units.items())
            also = f" ({units})" if units else ""
            found += f"  held out {brief(counters.validation)} {self.plan.loss_unit}{also}{self._against(counters)}"
        if self.lines:
            self._line(f"{found}  {progress.rate:,.0f} {self.plan.target}s/s", style="bold")
        if self._bar:
            self._bar.update(self._task, completed=self.plan.done(counters))
        if self.aside:
            self._line(self.aside(), style="cyan")
            self._line("")

    def on_end(self, counters: Counters) -> None:
        """Remove the bar."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _against(self, counters: Counters) -> str:
        if not self.plan.baselines or counters.validation is None:
            return ""
        name, loss = min(self.plan.baselines.items(), key=lambda item: item[1])
        return f"  {brief(abs(loss - counters.validation))} {'below' if counters.validation < loss else 'above'} {name}"

    def _now(self, progress: Progress) -> str:
        units = "".join(f" ({value:.2f} {_spoken(name)})" for name, value in progress.other_units.items())
        loss = f"{brief(progress.train_loss)} {self.plan.loss_unit}{units}"
        return f"{progress.rate:,.0f} {self.plan.target}s/s  {loss}  {self._left(progress.counters)} left"

    def _left(self, counters: Counters) -> str:
        """Return an estimate of the time left, from the rate since the start or resume; patience may end it earlier."""
        done = self.plan.done(counters)
        share = (1 - done) / max(done - self._done_before, 1e-9)
        seconds = round((counters.seconds - self._before) * share)
        time = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds >= 3600 else _minutes(seconds)
        return f"at most {time}" if self.plan.patience else time

    def _line(self, text: str, style: str = "") -> None:
        """Write a line unchanged: styled on a terminal, unwrapped elsewhere."""
        self.console.print(Text(printable(text, "\n\t"), style=style), soft_wrap=not self.console.is_terminal)


def _minutes(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def _spoken(name: str) -> str:
    """Return "bits/char" for "bits_per_char"."""
    return name.replace("_per_", "/").replace("_", " ")
