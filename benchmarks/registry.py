"""The list of jobs that `python -m benchmarks.jobs` measures: one function a job, with what it has to reach."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """The result of one run.

    Attributes:
        figures: the measure by the name of who reached it; "elman" is the model, the others are its baselines.
        seconds: the time that `timed` counted: the model's training alone.
    """

    figures: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Count the time of a block."""
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start


@dataclass(frozen=True)
class Job:
    """A job to measure.

    Attributes:
        run: does it once, with a seed.
        what: the data, the split and the measure, in a line.
        files: names of the data sets that it reads.
        at_least: what the median has to reach, or `at_most`.
        within: seconds that the median may take.
        beats: baselines that the median has to be better than.
    """

    run: Callable[[int], Outcome]
    what: str
    files: tuple[str, ...]
    at_least: float | None = None
    at_most: float | None = None
    within: float | None = None
    beats: tuple[str, ...] = ()


JOBS: dict[str, Job] = {}


def job(
    name: str,
    what: str,
    *files: str,
    at_least: float | None = None,
    at_most: float | None = None,
    within: float | None = None,
    beats: tuple[str, ...] = (),
) -> Callable[[Callable[[int], Outcome]], Callable[[int], Outcome]]:
    """Put the function below into the list; see `Job`."""
    if name in JOBS:
        raise ValueError(f"two jobs are called {name}")

    def enter(run: Callable[[int], Outcome]) -> Callable[[int], Outcome]:
        JOBS[name] = Job(run, what, files, at_least, at_most, within, beats)
        return run

    return enter
